"""A table of alignments for other programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botalign import Alignment


def write_table(alignments: Sequence[Alignment], path: Path) -> None:
    """Write a row for each alignment: the maps, the transform, the scores.

    The columns ``m11`` to ``m34`` are the matrix ``moving_to_fixed``; angles are in degrees, lengths in angstrom.
    Missing values are empty.
    """
    rows = [_row(each) for each in alignments]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _row(alignment: Alignment) -> dict[str, Any]:
    from botalign.scores import missing_names

    scores, errors, hand, scale = alignment.after, alignment.uncertainty, alignment.hand, alignment.scale
    fits = () if alignment.missing_chains_text is None else alignment.chain_fits
    x, y, z = (float(value) for value in alignment.shift_angstrom)
    row: dict[str, Any] = {
        "moving": alignment.moving.name,
        "fixed": alignment.fixed.name,
        "angle_degrees": alignment.angle_degrees,
        "shift_x_angstrom": x,
        "shift_y_angstrom": y,
        "shift_z_angstrom": z,
        "mirrored": alignment.mirrored,
        "correlation_before": alignment.before.correlation,
        "correlation": scores.correlation,
        "correlation_about_mean": scores.correlation_about_mean,
        "part_correlation": alignment.part_correlation,
        "fsc_resolution_angstrom": scores.fsc_resolution_angstrom,
        "wemd_angstrom": scores.wemd_angstrom,
        "hand": None if hand is None else hand.decision,
        "verdict": alignment.verdict,
        "probability": alignment.probability,
        "error_degrees": None if errors is None else errors.angle_degrees,
        "error_angstrom": None if errors is None else errors.shift_angstrom,
        "scale": None if scale is None else scale.value,
        "scale_error": None if scale is None else scale.standard_error,
        "missing_chains": missing_names(fits),
        "seconds": alignment.seconds,
    }
    for i, line in enumerate(alignment.moving_to_fixed.tolist(), start=1):
        row |= {f"m{i}{j}": value for j, value in enumerate(line, start=1)}
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """Return the shortest text of a number, and nothing for None and infinite numbers."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return "" if value is None else value
