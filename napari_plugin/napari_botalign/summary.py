"""Results as HTML, for the widgets."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from botalign import Alignment, Comparison, Orientation, Scores


def alignment_table(result: Alignment, before: Scores) -> str:
    """Return a summary of an alignment as HTML.

    Parameters
    ----------
    result : Alignment
        Result of the alignment.
    before : Scores
        Scores of the layer before.
    """
    after = result.after
    axis = ", ".join(f"{part:z.3f}" for part in result.axis)
    shift = ", ".join(f"{part:z.2f}" for part in result.shift_angstrom)
    mirror = ", after mirroring in z" if result.mirrored else ""
    rows = [
        ("correlation", f"{before.correlation:.4f} → <b>{after.correlation:.4f}</b>"),
        ("FSC 0.5", f"{_angstrom(before.fsc_resolution_angstrom)} → <b>{_angstrom(after.fsc_resolution_angstrom)}</b>"),
        *([] if result.part_text is None else [("part", escape(result.part_text))]),
        ("verdict", f"<b>{escape(result.verdict_text)}</b>"),
        *([] if result.chance_text is None else [("chance", escape(result.chance_text))]),
        *([] if result.missing_chains_text is None else [("low density", escape(result.missing_chains_text))]),
        ("hand", escape(result.hand_text)),
        *([] if result.scale_text is None else [("scale", escape(result.scale_text))]),
        ("rotation", f"{result.angle_degrees:.2f}° about ({axis}){mirror}"),
        ("shift", f"{_length(result.shift_angstrom):.2f} Å, ({shift})"),
        *([("error", escape(result.error_text))] if result.uncertainty is not None or result.verdict is None else []),
        ("matrix", f"<pre style='font-size: small'>{matrix_text(result, digits=4)}</pre>"),
        ("time", f"{result.seconds:.1f} s"),
    ]
    return _table(rows)


def matrix_text(result: Alignment, *, digits: int) -> str:
    """Return the transform from moving to fixed coordinates as three lines of four numbers."""
    width = digits + 5
    return "\n".join(" ".join(f"{value:z{width}.{digits}f}" for value in line) for line in result.moving_to_fixed)


def outcome(name: str, result: Alignment) -> str:
    """Return what was done with the layer of a result, and the verdict, as one line."""
    if result.verdict == "no match":
        return f"{name}: not moved, {result.verdict_text}. To move it anyway, choose it alone and press Apply."
    better = "without mirroring" if result.mirrored else "as its mirror image"
    hand = f" It fits better {better}." if result.other_hand_fits_better else ""
    return f"{name}: aligned, {result.verdict_text}.{hand}"


def comparison_table(comparison: Comparison) -> str:
    """Return the scores of two maps as HTML."""
    scores = comparison.scores
    return _table(
        [
            ("correlation", f"<b>{scores.correlation:.4f}</b>"),
            ("about the mean", f"{scores.correlation_about_mean:.4f}"),
            *((label, escape(text).replace(" A", " Å")) for label, text in comparison.curves.facts),
            ("WEMD", f"{scores.wemd_angstrom:.3g} Å"),
        ]
    )


def orientation_table(found: Orientation) -> str:
    """Return a summary of the symmetry of a map as HTML."""
    group, requested = found.symmetry.group, " (as requested)" if found.requested else ""
    setting = "" if found.setting == group else f", setting {found.setting}"
    rows = [("symmetry", f"<b>{escape(group)}</b>{escape(setting + requested)}")]
    if found.matches:
        worst = max(match.resolution_angstrom for match in found.matches)
        rows.append(("agreement", f"<b>{found.agreement:.2f}</b> (1 for a symmetric map)"))
        rows.append(("FSC 0.5", _angstrom(worst)))
    if found.near_text is not None:
        rows.append(("near", escape(found.near_text)))
    if found.is_symmetric:
        rows += [
            ("rotation", f"{found.angle_degrees:.2f}° from the orientation in the file"),
            ("shift", f"{found.distance_angstrom:.2f} Å at the centre of the box"),
            (
                "error",
                f"{found.axis_error_degrees:.3f}° of the axes, {found.centre_error_angstrom:.3f} Å of the centre",
            ),
        ]
    return _table([*rows, ("time", f"{found.seconds:.1f} s")])


def orientation_outcome(name: str, found: Orientation) -> str:
    """Return what was done with the layer of a result as one line."""
    group = found.symmetry.group
    if found.is_symmetric:
        return f"{name}: {group}, moved onto its conventional axes."
    if not found.matches:
        return f"{name}: {group}, no symmetry was found; nothing was moved."
    return f"{name}: {group} does not fit, with an agreement of {found.agreement:.2f}; nothing was moved."


def title(result: Alignment) -> str:
    """Return the names of the two maps of a result, which may be paths of files."""
    mirrored = " (mirrored)" if result.mirrored else ""
    return f"{short_name(result.moving.name)} onto {short_name(result.fixed.name)}{mirrored}"


def short_name(name: str) -> str:
    """Return the name of a map, which may be the path of its file, without the folder."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _length(vector: Iterable[float]) -> float:
    return math.hypot(*vector)


def _angstrom(value: float) -> str:
    return f"{value:.2f} Å" if math.isfinite(value) else "none"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td style='padding-right: 8px'>{name}</td><td>{text}</td></tr>" for name, text in rows)
    return f"<table>{cells}</table>"
