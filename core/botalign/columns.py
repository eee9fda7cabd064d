"""Rows of text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

#: Longer paths are shortened in tables, so that a row fits into a terminal.
_LONGEST = 40


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as text in columns.

    Examples
    --------
    >>> from botalign.columns import columns
    >>> print(columns([("map", "score"), ("a.mrc", "0.9")]))
    map    score
    a.mrc  0.9
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def short_names(names: Sequence[str]) -> list[str]:
    """Return the names of files for a column: of a long path, its end; all paths in full if two ends are the same.

    Examples
    --------
    >>> from botalign.columns import short_names
    >>> short_names(["a.mrc", "/data/2026_november/processing/job042/map.mrc"])
    ['a.mrc', '.../processing/job042/map.mrc']
    """
    ends = list(map(_end, names))
    return ends if len(set(ends)) == len(set(names)) else list(names)


def _end(name: str) -> str:
    parts = Path(name).parts
    for first in range(len(parts)):
        end = name if first == 0 else str(Path("...", *parts[first:]))
        if len(end) <= _LONGEST or first == len(parts) - 1:
            return end
    return name
