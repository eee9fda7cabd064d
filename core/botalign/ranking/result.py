"""The result of a ranking, and its table."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from typing import Any

from botalign.errors import counted
from botalign.files import output_file
from botalign.ranking.entry import FailedEntry, RankedEntry

EXTENSIONS = (".csv",)


@dataclass(frozen=True, eq=False, repr=False)
class Ranking:
    """Models, or maps, sorted by how well they match a map.

    Attributes
    ----------
    fixed : str
        Name of the map.
    kind : str
        ``"models"`` or ``"maps"``.
    entries : tuple of RankedEntry
        The models or maps, the best first: by the probability, then by the score. Maps that were not aligned are last.
    failures : tuple of FailedEntry
        The models or maps that could not be compared, with the reasons.
    compared : int
        Number of comparisons for which the probabilities are corrected.
    seconds : float
        Duration.

    See Also
    --------
    botalign.rank : Returns such a result.
    """

    fixed: str
    kind: str
    entries: tuple[RankedEntry, ...]
    failures: tuple[FailedEntry, ...]
    compared: int
    seconds: float

    def __repr__(self) -> str:
        """Return one line for interactive use."""
        matches = counted(len(self.matches), "match", "matches")
        return f"<Ranking: {len(self.entries)} {self.kind} in {self.fixed}, {matches}>"

    @property
    def matches(self) -> tuple[RankedEntry, ...]:
        """The entries whose verdict is "certain", or "ambiguous": then several poses fit as well."""
        return tuple(each for each in self.entries if each.verdict in ("certain", "ambiguous"))

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a table with one row for each model or map, the best first; failures are last, with the reason.

        The columns ``m11`` to ``m34`` are the matrix ``moving_to_fixed``, in angstrom. The last columns are the reason
        why a map was not aligned, or why an entry failed, and the warnings about its file. Missing values are empty.

        Parameters
        ----------
        path : path-like
            File to write, with the extension ``.csv``.
        overwrite : bool, optional
            Whether to replace an existing file.

        Raises
        ------
        InputError
            If the extension is unknown, the file exists and `overwrite` is false, or it cannot be written.
        """
        rows = [_row(number, entry) for number, entry in enumerate(self.entries, start=1)]
        rows += [
            _row(None, RankedEntry(each.name, "failed", warnings=each.warnings)) | {"reason": each.reason}
            for each in self.failures
        ]
        with (
            output_file(path, overwrite=overwrite, extensions=EXTENSIONS) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _row(number: int | None, entry: RankedEntry) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rank": number,
        "name": entry.name,
        "verdict": entry.verdict,
        "corrected_probability": entry.corrected_probability,
        "probability": entry.probability,
        "score": entry.score,
        "places": entry.places,
        "similarity": entry.similarity,
        "mirrored": None if entry.moving_to_fixed is None else entry.mirrored,
    }
    matrix = [[None] * 4] * 3 if entry.moving_to_fixed is None else entry.moving_to_fixed.tolist()
    for i, line in enumerate(matrix, start=1):
        row |= {f"m{i}{j}": value for j, value in enumerate(line, start=1)}
    row |= {"reason": entry.reason, "warnings": " ".join(entry.warnings)}
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """Return the shortest text of a number; empty for None and infinite numbers."""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return "" if value is None else value
