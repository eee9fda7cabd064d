"""Alignments as a table for other programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botalign import Alignment

EXTENSIONS = (".csv",)


def write_table(alignments: Sequence[Alignment], path: Path) -> None:
    """Write a row for each alignment: what was put on what, the motion, how good it is.

    The columns ``m11`` to ``m34`` are the matrix ``moving_to_fixed``; angles are in degrees, lengths in angstrom. What
    there isn't is left empty.
    """
    rows = [_row(each) for each in alignments]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _row(alignment: Alignment) -> dict[str, Any]:
    found, sure, hand = alignment.after, alignment.uncertainty, alignment.hand
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
        "correlation": found.correlation,
        "correlation_about_mean": found.correlation_about_mean,
        "part_correlation": alignment.part_correlation,
        "fsc_resolution_angstrom": found.fsc_resolution_angstrom,
        "wemd_angstrom": found.wemd_angstrom,
        "hand": None if hand is None else hand.decision,
        "verdict": alignment.verdict,
        "error_degrees": None if sure is None else sure.angle_degrees,
        "error_angstrom": None if sure is None else sure.shift_angstrom,
        "seconds": alignment.seconds,
    }
    for i, line in enumerate(alignment.moving_to_fixed.tolist(), start=1):
        row |= {f"m{i}{j}": value for j, value in enumerate(line, start=1)}
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """Return a number as few digits as tell it, and nothing for what is none."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return "" if value is None else value
