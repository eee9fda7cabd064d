"""The file of an embedding: a row for each map."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.embeddings.columns import Column, numbers_or_text, read_rows
from botalign.errors import InputError
from botalign.maps import EXTENSIONS

Values = NDArray[np.float64] | NDArray[np.str_]

NAMES = "map"


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    """Maps with their coordinates, and what else is told of them, as `botalign embed` writes them.

    Attributes
    ----------
    names : tuple of str
        Of the n maps, mostly their files.
    columns : dict of str to ndarray, shape (n,)
        By headline, in the order of the file; float64 where all are numbers, else text.
    folder : Path
        Where the file was.
    """

    names: tuple[str, ...]
    columns: dict[str, Values]
    folder: Path

    def __repr__(self) -> str:
        """Say how many maps and which columns."""
        return f"<EmbeddingTable: {len(self.names)} maps, {', '.join(self.columns)}>"

    def file(self, number: int, folder: str | os.PathLike[str] | None = None) -> Path:
        """Return the file of a map.

        Parameters
        ----------
        number : int
            Which map, from 0.
        folder : path-like, optional
            Where the maps are now. Else they are looked for where their names say, seen from here and from where the
            embedding was, and beside it. A name without an ending gets one.

        Returns
        -------
        Path
            A file that exists.

        Raises
        ------
        InputError
            If there is none.
        """
        name = self.names[number]
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        if folder is not None:
            places = [Path(folder) / name, Path(folder) / last]
        else:
            places = [Path(name), *(at / name for at in (self.folder, *self.folder.parents)), self.folder / last]
        for place in places:
            for file in (place, *(place.with_name(place.name + ending) for ending in EXTENSIONS)):
                if file.is_file():
                    return file
        where = f"in {folder}" if folder is not None else f"here, nor in {self.folder} or a folder above"
        raise InputError(f"{name}: there is no such file {where}; give the folder that has the maps.")


def read_embedding(path: str | os.PathLike[str]) -> EmbeddingTable:
    """Read an embedding: CSV, or with tabs between if the name ends in ``.tsv``.

    Parameters
    ----------
    path : path-like
        A table with headlines. The column ``map`` has the names of the maps, or else they are numbered from 1.

    Returns
    -------
    EmbeddingTable
        With at least two columns of numbers.

    Raises
    ------
    InputError
        If the table can't be read, or has no two columns of numbers.
    """
    path = Path(path)
    headlines, *body = read_rows(path)
    columns = {
        headline: numbers_or_text([row[place].strip() for row in body])
        for place, headline in enumerate(headlines)
        if headline != NAMES
    }
    if sum(values.dtype.kind == "f" for values in columns.values()) < 2:
        raise InputError(
            f"{path}: has the columns {', '.join(headlines)}, expected two of numbers at least; give an "
            "embedding of 2 dimensions or more."
        )
    place = headlines.index(NAMES) if NAMES in headlines else None
    names = tuple(str(number) if place is None else row[place].strip() for number, row in enumerate(body, 1))
    return EmbeddingTable(names, columns, path.resolve().parent)


def embedding_text(names: Sequence[str], coordinates: NDArray[np.float64], column: Column | None = None) -> str:
    """Return an embedding as CSV: the names of the maps, their coordinates, and a column of another table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    headlines = [NAMES, *(f"coordinate_{number + 1}" for number in range(coordinates.shape[1]))]
    writer.writerow([*headlines, *([] if column is None else [column.name])])
    for row, (name, values) in enumerate(zip(names, coordinates.tolist(), strict=True)):
        writer.writerow([name, *values, *([] if column is None else [_or_nothing(column.values[row])])])
    return text.getvalue()


def _or_nothing(value: float | str) -> float | str:
    """Return a value as it is written: nothing where there is none."""
    return "" if value != value else value
