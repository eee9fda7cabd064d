"""Files of placed parts: one mmCIF file with all placed models, and a table."""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.files import TABLE_EXTENSIONS, output_file
from botalign.geometry import compose
from botalign.models import MMCIF_EXTENSIONS, Model
from botalign.models.merging import PlacedText, merged_models

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
    """

    part: str
    copy: int
    verdict: str
    moving_to_fixed: Matrix | None = None
    probability: float | None = None
    correlation: float | None = None
    chains: Mapping[str, str] = field(default_factory=dict)


def write_complex(
    path: str | os.PathLike[str],
    models: Sequence[Model],
    transforms: Sequence[Matrix],
    *,
    overwrite: bool = False,
) -> list[dict[str, str]]:
    """Write placed models as one mmCIF file, in which every chain has a different name.

    Parameters
    ----------
    path : path-like
        File to write: ``.cif`` or ``.mmcif``, optionally followed by ``.gz``.
    models : sequence of Model
        The models, at least one; a model that is placed several times is given several times.
    transforms : sequence of ndarray, shape (3, 4)
        The transform of each model.
    overwrite : bool, optional
        Whether to replace an existing file.

    Returns
    -------
    list of dict
        For each model, the new names of its chains by the old ones.

    Raises
    ------
    InputError
        If a model was not read from a file, or as :meth:`botalign.Model.write`.
    """
    placed = []
    for model, transform in zip(models, transforms, strict=True):
        if model.source is None:
            raise InputError(f"{model.name}: was not read from a file, so it cannot be written; use read_model.")
        placed.append(PlacedText(model.source, compose(transform, model.source_to_points), model.name))
    with output_file(path, overwrite=overwrite, extensions=MMCIF_EXTENSIONS) as temporary:
        text, names = merged_models(placed)
        packed = Path(path).suffix.lower() == ".gz"
        temporary.write_bytes(gzip.compress(text.content, mtime=0) if packed else text.content)
    return names


def write_table(path: str | os.PathLike[str], rows: Sequence[TableRow], *, overwrite: bool = False) -> None:
    """Write a table of placed parts as CSV; missing values are empty.

    The column ``chains`` gives old and new names as ``A:C B:D``; ``m11`` to ``m34`` are the matrix ``moving_to_fixed``.

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
        writer.writerow(["part", "copy", "verdict", *_NUMBERS, "chains", *entries])
        for row in rows:
            chains = " ".join(f"{old}:{new}" for old, new in row.chains.items())
            matrix = [None] * 12 if row.moving_to_fixed is None else row.moving_to_fixed.ravel().tolist()
            numbers = [row.probability, row.correlation]
            writer.writerow([row.part, row.copy, row.verdict, *map(_cell, numbers), chains, *map(_cell, matrix)])


def _cell(number: float | None) -> str:
    """Return the shortest text of a number; empty for a missing one."""
    return repr(float(number)) if number is not None and math.isfinite(number) else ""
