"""A column of a table, joined to a list of maps."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, counted
from botalign.files import cannot_be_read, split_extension
from botalign.maps import EXTENSIONS


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table, in the order of the maps.

    Attributes
    ----------
    name : str
        Name of the column.
    values : ndarray, shape (n,)
        Values for the maps: float64, with NaN for empty fields, if all are numbers, otherwise text.
    joined_by : str or None
        Name of the column with the names of the maps; None if the rows are in the order of the maps.
    """

    name: str
    values: NDArray[np.float64] | NDArray[np.str_]
    joined_by: str | None


def read_column(path: str | os.PathLike[str], column: str | None, names: Sequence[str]) -> Column:
    """Read a column of a CSV file, or of a tab-separated file with the extension ``.tsv``.

    Parameters
    ----------
    path : path-like
        Table whose first row has the column names.
    column : str or None
        Name of the column; None for the only column besides that of the map names.
    names : sequence of str
        Names of the maps. If another column holds them, as they are or without folder and extension, rows are found by
        their names. Otherwise, and if the names are plain numbers, the table must have one row for each map, in the
        same order.

    Returns
    -------
    Column
        The column, in the order of the maps.

    Raises
    ------
    InputError
        If the table cannot be read, has no such column, or its rows cannot be assigned to the maps.
    """
    rows = read_rows(Path(path))
    columns, body = rows[0], rows[1:]
    joined_by, order = _joined(Path(path), columns, body, names, column)
    if column is None:
        others = [each for each in columns if each != joined_by]
        if len(others) != 1:
            raise InputError(
                f"{path}: no column was named; choose one of {', '.join(columns)}, for example {path}:{columns[-1]}."
            )
        column = others[0]
    elif column not in columns:
        raise InputError(f"{path}: no column {column!r}, expected one of {', '.join(columns)}.")
    index = columns.index(column)
    return Column(column, numbers_or_text([body[row][index].strip() for row in order]), joined_by)


def read_rows(path: Path) -> list[list[str]]:
    """Read all rows of a table; the first has the column names, and all have the same length."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",") if row]
    except OSError as error:
        raise cannot_be_read(path, error, "a table") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a table ({error}), expected text; give a CSV file.") from None
    if len(rows) < 2:
        raise InputError(f"{path}: got {counted(len(rows), 'row')}, expected column names and a row for each map.")
    columns = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(columns):
            raise InputError(
                f"{path}: row {number} has {counted(len(row), 'field')}, expected {len(columns)} as in the first row; "
                "correct it."
            )
    return [columns, *rows[1:]]


def _joined(
    path: Path, columns: list[str], body: list[list[str]], names: Sequence[str], column: str | None
) -> tuple[str | None, list[int]]:
    """Return the name of the column with the map names, None if there is none, and the row of each map."""
    missing: list[str] = []
    # Maps without names have numbers, which could be anything in a table.
    for simplify in () if all(name.isdigit() for name in names) else (str, plain_name):
        expected = [simplify(name) for name in names]
        for index, each in enumerate(columns):
            if each == column:
                continue
            found = [simplify(row[index].strip()) for row in body]
            rows = {name: row for row, name in enumerate(found)}
            unique = len(rows) == len(found) and len(set(expected)) == len(expected)
            if unique and set(expected) <= set(found):
                return each, [rows[name] for name in expected]
            # A column of numbers that includes only some of the numeric map names may be anything else.
            numbers = all(name.isdigit() for name in expected)
            if not numbers and not set(expected).isdisjoint(found):
                missing = [name for name in expected if name not in rows] or ["each of two maps with the same name"]
    if missing:
        raise InputError(f"{path}: no row for {missing[0]}, expected one for each of {len(names)} maps; add it.")
    if len(body) != len(names):
        raise InputError(
            f"{path}: got {counted(len(body), 'row')} and no column with the names of the maps, expected such a column "
            f"or {len(names)} rows in the order of the maps; add one."
        )
    return None, list(range(len(names)))


def plain_name(name: str) -> str:
    """Return the name of a map without folder and extension."""
    return split_extension(name.replace("\\", "/").rsplit("/", 1)[-1], EXTENSIONS)[0]


def numbers_or_text(texts: list[str]) -> NDArray[np.float64] | NDArray[np.str_]:
    """Return texts as numbers, with NaN for empty ones, if all others are numbers; otherwise return the texts."""
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts)
