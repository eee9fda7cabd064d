"""The table of placed parts."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from botalign.alignment.placed import Placed
from botalign.arrays import Matrix
from botalign.files import TABLE_EXTENSIONS, output_file
from botalign.scores import ChainFit, missing_names

#: Columns that follow the name of the part and the number of the copy in a table.
_NUMBERS = ("probability", "correlation")


@dataclass(frozen=True, eq=False)
class TableRow:
    """One row of a table of placed parts.

    Attributes
    ----------
    part : str
        Name of the part.
    copy : int
        Number of the copy of this part, from 1; 0 if it was not placed.
    verdict : str
        Verdict on the place, or the reason why there is none.
    moving_to_fixed : ndarray, shape (3, 4), or None
        The transform; None if the part was not placed.
    probability, correlation : float or None
        As of :class:`botalign.alignment.part_places.Place`.
    chains : mapping of str
        New names of the chains by the old ones.
    chain_fits : sequence of ChainFit
        How much density the map has for the chains.
    """

    part: str
    copy: int
    verdict: str
    moving_to_fixed: Matrix | None = None
    probability: float | None = None
    correlation: float | None = None
    chains: Mapping[str, str] = field(default_factory=dict)
    chain_fits: Sequence[ChainFit] = ()

    @classmethod
    def of(cls, placed: Placed, part: str, copy: int) -> TableRow:
        """Return the row of a copy of a part that was placed."""
        return cls(
            part, copy, placed.verdict, placed.moving_to_fixed, placed.probability, placed.correlation,
            placed.chains, placed.chain_fits,
        )  # fmt: skip


def write_table(path: str | os.PathLike[str], rows: Sequence[TableRow], *, overwrite: bool = False) -> None:
    """Write a table of placed parts as CSV; missing values are empty.

    The column ``chains`` gives old and new names as ``A:C B:D``, and ``missing_chains`` the old names of those that the
    map does not show. ``m11`` to ``m34`` are the matrix ``moving_to_fixed``.

    Raises
    ------
    InputError
        If the file exists and `overwrite` is false, or cannot be written.
    """
    entries = [f"m{i}{j}" for i in range(1, 4) for j in range(1, 5)]
    with (
        output_file(path, overwrite=overwrite, extensions=TABLE_EXTENSIONS) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["part", "copy", "verdict", *_NUMBERS, "chains", "missing_chains", *entries])
        for row in rows:
            chains = " ".join(f"{old}:{new}" for old, new in row.chains.items())
            matrix = [None] * 12 if row.moving_to_fixed is None else row.moving_to_fixed.ravel().tolist()
            numbers = [row.probability, row.correlation]
            texts = [chains, missing_names(row.chain_fits)]
            writer.writerow([row.part, row.copy, row.verdict, *map(_cell, numbers), *texts, *map(_cell, matrix)])


def _cell(number: float | None) -> str:
    """Return the shortest text of a number; empty for a missing one."""
    return repr(float(number)) if number is not None and math.isfinite(number) else ""
