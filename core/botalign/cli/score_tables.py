"""Scores of two maps, or of a map and a model, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from botalign import Comparison, Model
from botalign.alignment.wording import percent_text
from botalign.columns import columns
from botalign.errors import counted
from botalign.scores import THRESHOLDS, ModelFit


def scores_table(first: str, second: str, comparison: Comparison) -> str:
    """Return the scores of two maps, one line for each."""
    scores, part = comparison.scores, comparison.part
    rows = [("maps", f"{first} and {second}")]
    if part is not None:
        smaller, larger = (first, second) if part.role == "first" else (second, first)
        size = f"{smaller}, {percent_text(part.fraction)} of the volume of {larger}"
        rows.append(("part", f"{size}; the correlations and the FSC are computed inside it"))
    return columns(
        [
            *rows,
            ("correlation", f"{scores.correlation:z.4f}"),
            ("correlation about mean", f"{scores.correlation_about_mean:z.4f}"),
            *comparison.curves.facts,
            ("WEMD", f"{scores.wemd_angstrom:.4g} A" + ("" if part is None else " (whole maps)")),
        ]
    )


def model_table(density_map: str, model: Model, fit: ModelFit, resolution: float | None) -> str:
    """Return the scores of an atomic model in a map, one line for each."""
    return columns(
        [
            ("map", density_map),
            ("model", f"{model.name}, {counted(len(model.points), 'atom')}, at {resolution:g} A"),
            ("correlation", f"{fit.correlation:z.4f}"),
            ("correlation about mean", f"{fit.correlation_about_mean:z.4f}"),
            *fit.curves.facts,
            ("mean density at atoms", f"{fit.mean_density:z.4g}"),
            *([] if fit.missing_chains_text is None else [("low density", fit.missing_chains_text)]),
            ("atoms above contour", f"{100 * fit.fraction_above_contour:.1f}% (contour level {fit.contour_level:.4g})"),
        ]
    )


def json_fields(found: Comparison | ModelFit) -> dict[str, Any]:
    """Return all scores by name, for other programs."""
    curves = {f"{threshold:g}": found.curves.resolutions(threshold) for threshold in THRESHOLDS}
    if isinstance(found, Comparison):
        part = None if found.part is None else {"role": found.part.role, "fraction": found.part.fraction}
        return asdict(found.scores) | {"fsc": curves, "fsc_mask": found.curves.mask, "part": part}
    names = [field.name for field in fields(found) if field.name not in ("shells", "chain_fits")]
    values = {name: getattr(found, name) for name in [*names, "fsc_resolution_angstrom"]}
    chains = [each.to_dict() for each in found.chain_fits]
    return values | {"fsc": curves, "fsc_mask": found.curves.mask, "chain_fits": chains}
