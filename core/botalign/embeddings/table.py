"""The table of an embedding: a row for each map, and its file."""

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

#: Name of the column with the names of the maps.
NAMES = "map"


@dataclass(frozen=True, eq=False)
class EmbeddingTable:
    r"""An embedding read from a file: coordinates and other columns for each map.

    Attributes
    ----------
    names : tuple of str
        Names of the n maps, usually their files.
    columns : dict of str to ndarray, shape (n,)
        Columns by name, in the order of the file: float64 if all values are numbers, otherwise text.
    folder : Path
        Folder of the file.

    See Also
    --------
    read_embedding : Read an embedding.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "embedding.csv"
    ...     _ = path.write_text("map,coordinate_1,coordinate_2\na.mrc,0.5,1\nb.mrc,-0.5,2\n")
    ...     table = botalign.read_embedding(path)
    >>> table.columns["coordinate_1"].tolist()
    [0.5, -0.5]
    """

    names: tuple[str, ...]
    columns: dict[str, Values]
    folder: Path

    def __repr__(self) -> str:
        """Return one line without the values."""
        return f"<EmbeddingTable: {len(self.names)} maps, {', '.join(self.columns)}>"

    def file(self, number: int, folder: str | os.PathLike[str] | None = None) -> Path:
        r"""Return the file of a map.

        Parameters
        ----------
        number : int
            Index of the map, from 0.
        folder : path-like, optional
            Folder of the maps. By default the name of the map is searched relative to the current folder, to the folder
            of the embedding, and to all folders above it. If the name has no extension, those of maps are tried.

        Returns
        -------
        Path
            Path of an existing file.

        Raises
        ------
        InputError
            If the file does not exist.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> import botalign
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "embedding.csv"
        ...     _ = path.write_text("map,coordinate_1,coordinate_2\na,0.5,1\nb,-0.5,2\n")
        ...     (Path(folder) / "a.mrc").touch()
        ...     botalign.read_embedding(path).file(0).name
        'a.mrc'
        """
        name = self.names[number]
        last = name.replace("\\", "/").rsplit("/", 1)[-1]
        if folder is not None:
            paths = [Path(folder) / name, Path(folder) / last]
        else:
            paths = [Path(name), *(parent / name for parent in (self.folder, *self.folder.parents)), self.folder / last]
        for path in paths:
            for file in (path, *(path.with_name(path.name + extension) for extension in EXTENSIONS)):
                if file.is_file():
                    return file
        where = f"in {folder}" if folder is not None else f"in the current folder, {self.folder} or a folder above it"
        raise InputError(f"{name}: no such file {where}; give the folder of the maps.")


def read_embedding(path: str | os.PathLike[str]) -> EmbeddingTable:
    r"""Read an embedding from a CSV file, or from a tab-separated file with the extension ``.tsv``.

    Parameters
    ----------
    path : path-like
        Table whose first row has the column names, as written by ``botalign embed``. The column ``map`` has the names
        of the maps; without it they are numbered from 1.

    Returns
    -------
    EmbeddingTable
        The embedding.

    Raises
    ------
    InputError
        If the table cannot be read, or has fewer than two columns of numbers.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import botalign
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "embedding.csv"
    ...     _ = path.write_text("map,coordinate_1,coordinate_2\na.mrc,0.5,1\nb.mrc,-0.5,2\n")
    ...     botalign.read_embedding(path)
    <EmbeddingTable: 2 maps, coordinate_1, coordinate_2>
    """
    path = Path(path)
    header, *body = read_rows(path)
    columns = {
        name: numbers_or_text([row[index].strip() for row in body])
        for index, name in enumerate(header)
        if name != NAMES
    }
    if sum(values.dtype.kind == "f" for values in columns.values()) < 2:
        raise InputError(
            f"{path}: got the columns {', '.join(header)}, expected at least two numeric columns; give an embedding in "
            "at least 2 dimensions."
        )
    index = header.index(NAMES) if NAMES in header else None
    names = tuple(str(number) if index is None else row[index].strip() for number, row in enumerate(body, 1))
    return EmbeddingTable(names, columns, path.resolve().parent)


def embedding_text(names: Sequence[str], coordinates: NDArray[np.float64], column: Column | None = None) -> str:
    """Return an embedding as CSV: the names of the maps, their coordinates, and a column of another table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [NAMES, *(f"coordinate_{number + 1}" for number in range(coordinates.shape[1]))]
    writer.writerow([*header, *([] if column is None else [column.name])])
    for row, (name, values) in enumerate(zip(names, coordinates.tolist(), strict=True)):
        writer.writerow([name, *values, *([] if column is None else [_empty_if_nan(column.values[row])])])
    return text.getvalue()


def _empty_if_nan(value: float | str) -> float | str:
    return "" if value != value else value
