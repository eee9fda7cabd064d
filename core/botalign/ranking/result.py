"""The result of a ranking: its text, its JSON, and its table."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from botalign.alignment.scale import Scale
from botalign.alignment.wording import LABEL, labelled, mirror_image_text
from botalign.columns import columns, short_names
from botalign.errors import counted
from botalign.files import json_text, output_file
from botalign.ranking.entry import FailedEntry, RankedEntry

FORMAT, VERSION = "botalign-ranking", 1
EXTENSIONS = (".csv",)
#: Number of entries in the text, and of reasons why others were not aligned; a table has all of them.
LISTED, LISTED_REASONS = 20, 5


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
        The models or maps, the best first: by the probability, then by the score. Those that were not aligned are last.
    failures : tuple of FailedEntry
        The models or maps that could not be compared, with the reasons.
    voxel_size_angstrom : float
        Voxel size of the map.
    compared : int
        Number of comparisons for which the probabilities are corrected.
    matches_mirrored : str or None
        Name of a model whose mirror image is in the map, if no model is: the map may have the wrong hand. Only three
        models are tested, those that fit best.
    seconds : float
        Duration.
    parameters : dict
        Options of the run.
    versions : dict
        Versions of this package and of the libraries that it uses.

    See Also
    --------
    botalign.rank : Returns such a result.
    """

    fixed: str
    kind: str
    entries: tuple[RankedEntry, ...]
    failures: tuple[FailedEntry, ...]
    voxel_size_angstrom: float
    compared: int
    seconds: float
    matches_mirrored: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return one line for interactive use."""
        matches = counted(len(self.matches), "match", "matches")
        return f"<Ranking: {counted(len(self.entries), self.kind.removesuffix('s'))} in {self.fixed}, {matches}>"

    @property
    def matches(self) -> tuple[RankedEntry, ...]:
        """The entries whose verdict is "certain", or "ambiguous": then several poses fit as well."""
        return tuple(each for each in self.entries if each.is_match)

    @property
    def wrong_hand_text(self) -> str | None:
        """That the map may have the wrong hand, as text; None if nothing suggests it."""
        return None if self.matches_mirrored is None else mirror_image_text(self.matches_mirrored, self.fixed)

    @property
    def scale(self) -> Scale | None:
        """The scale of the map by the certain model that determines it best; None if none does.

        It is not a mean, because similar models fit the same density, with the same errors.
        """
        known = [each.scale for each in self.entries if each.verdict == "certain" and each.scale is not None]
        return min(known, key=lambda scale: scale.standard_error, default=None)

    @property
    def scale_text(self) -> str | None:
        """That the voxel size of the map seems to be wrong, and which one would be right; None if it may be right."""
        scale = self.scale
        return None if scale is None or not scale.is_wrong else scale.of_map_text(self.voxel_size_angstrom)

    @property
    def _ranked(self) -> list[tuple[int | None, RankedEntry]]:
        """The entries with their ranks; those that were not aligned, which are last, have none."""
        return [(None if entry.score is None else number, entry) for number, entry in enumerate(self.entries, start=1)]

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON-compatible values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "fixed": self.fixed,
            "kind": self.kind,
            "voxel_size_angstrom": self.voxel_size_angstrom,
            "scale": None if self.scale is None else asdict(self.scale),
            "compared": self.compared,
            "matches_mirrored": self.matches_mirrored,
            "entries": [_entry_values(number, each) for number, each in self._ranked],
            "failures": [vars(each) for each in self.failures],
            "parameters": dict(self.parameters),
            "versions": dict(self.versions),
            "seconds": self.seconds,
        }

    def to_json(self) -> str:
        """Return the content as JSON."""
        return json_text(self.to_dict())

    def to_text(self) -> str:
        """Return a summary and a table of the best 20 entries."""
        one = self.kind.removesuffix("s")
        aligned = [entry for entry in self.entries if entry.score is not None]
        failed = f", {len(self.failures)} failed" if self.failures else ""
        lines = labelled(self.kind, f"{len(aligned)} aligned{failed}, {self._matches_text}")
        if len(aligned) < len(self.entries):
            lines += labelled("", self._not_aligned_text(len(self.entries) - len(aligned)))
            lines += _reasons([entry for entry in self.entries if entry.is_notable])
        lines += labelled("hand", self.wrong_hand_text) if self.wrong_hand_text else []
        lines += labelled("scale", self.scale_text) if self.scale_text else []
        if aligned:
            comparisons = counted(self.compared, "comparison")
            lines += labelled("chance", f"that a wrong pose fits as well, corrected for {comparisons}")
            header = ("rank", one, "verdict", "chance", "score", "places")
            shown = aligned[:LISTED]
            names = short_names([each.name for each in shown])
            rows = [_cells(n, name, each) for n, (name, each) in enumerate(zip(names, shown, strict=True), start=1)]
            lines += ["", columns([header, *rows])]
        if len(aligned) > LISTED:
            lines.append(f"... and {len(aligned) - LISTED} more")
        return "\n".join(lines)

    def _not_aligned_text(self, count: int) -> str:
        """How many entries were not aligned, and why."""
        one, several = ("size", "sizes") if self.kind == "models" else ("shape or size", "shapes or sizes")
        differ = f"its {one} differs" if count == 1 else f"their {several} differ"
        return f"{count} not aligned, because {differ} too much"

    @property
    def _matches_text(self) -> str:
        """How many entries match, and how many of these are ambiguous, if any."""
        ambiguous = sum(each.verdict == "ambiguous" for each in self.matches)
        text = counted(len(self.matches), "match", "matches")
        return f"{text} ({len(self.matches) - ambiguous} certain, {ambiguous} ambiguous)" if ambiguous else text

    def write(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a table with one row for each model or map, the best first; failures are last, with the reason.

        The columns ``m11`` to ``m34`` are the matrix ``moving_to_fixed``, in angstrom. The last columns are the reason
        why an entry was not aligned, or why it failed, and the warnings about its file. Missing values are empty, as is
        the rank of an entry that was not aligned.

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
        rows = [_row(number, entry) for number, entry in self._ranked]
        rows += [
            _row(None, RankedEntry(each.name, "failed", warnings=each.warnings)) | {"reason": each.reason}
            for each in self.failures
        ]
        with (
            output_file(path, overwrite=overwrite, extensions=EXTENSIONS) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(_row(None, RankedEntry("", "failed"))))
            writer.writeheader()
            writer.writerows(rows)


def _entry_values(number: int | None, entry: RankedEntry) -> dict[str, Any]:
    pose = entry.moving_to_fixed
    matrix = {"moving_to_fixed": None if pose is None else pose.tolist()}
    fits = {"chain_fits": [each.to_dict() for each in entry.chain_fits]}
    scale = {"scale": None if entry.scale is None else asdict(entry.scale)}
    return {"rank": number} | vars(entry) | matrix | fits | scale | {"mirrored": entry.mirrored}


def _reasons(entries: Sequence[RankedEntry]) -> list[str]:
    """Return lines with the reasons why entries were not aligned."""
    lines = [line for each in entries[:LISTED_REASONS] for line in labelled("", f"{each.name}: {each.reason}")]
    if len(entries) > LISTED_REASONS:
        lines.append(f"{'':{LABEL}}... and {len(entries) - LISTED_REASONS} more, with their reasons in the table")
    return lines


def _cells(number: int, name: str, entry: RankedEntry) -> tuple[str, ...]:
    """Return a row of the text."""
    mirrored = ", mirrored" if entry.mirrored and entry.verdict != "no match" else ""
    return (
        str(number),
        name,
        f"{entry.verdict}{mirrored}",
        entry.chance or "",
        f"{entry.score:z.3f}",
        "" if entry.places is None else str(entry.places),
    )


def _row(number: int | None, entry: RankedEntry) -> dict[str, Any]:
    """Return a row of the table."""
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
