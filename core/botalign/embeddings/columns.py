"""A column of a table, brought into the order of some maps."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.maps import EXTENSIONS


@dataclass(frozen=True, eq=False)
class Column:
    """What a table says of each map.

    Attributes
    ----------
    name : str
        Headline of the column.
    values : ndarray, shape (n,)
        Of each map: float64 if all that is there are numbers, NaN where nothing is; else text.
    joined_by : str or None
        Headline of the column that had the maps' names; None if the table was taken to be in their order.
    """

    name: str
    values: NDArray[np.float64] | NDArray[np.str_]
    joined_by: str | None


def read_column(path: str | os.PathLike[str], column: str | None, names: Sequence[str]) -> Column:
    """Read a column of a table with headlines: CSV, or with tabs between if the name ends in ``.tsv``.

    Parameters
    ----------
    path : path-like
        The table.
    column : str or None
        Headline of the column; None for the only one there is beside that of names.
    names : sequence of str
        Of the maps. If another column holds them, as they are or as file names without folder and ending, rows are
        found by it. Else, and if the names are mere numbers, there must be as many rows as maps, in the same order.

    Returns
    -------
    Column
        In the order of the maps.

    Raises
    ------
    InputError
        If the table can't be read, has no such column, or can't be joined.
    """
    rows = read_rows(Path(path))
    headlines, body = rows[0], rows[1:]
    joined_by, order = _joined(Path(path), headlines, body, names, column)
    if column is None:
        others = [headline for headline in headlines if headline != joined_by]
        if len(others) != 1:
            raise InputError(f"{path}: has the columns {', '.join(headlines)}; name one: {path}:{headlines[-1]}.")
        column = others[0]
    elif column not in headlines:
        raise InputError(f"{path}: has no column {column!r}, expected one of {', '.join(headlines)}; name one of them.")
    place = headlines.index(column)
    return Column(column, numbers_or_text([body[row][place].strip() for row in order]), joined_by)


def read_rows(path: Path) -> list[list[str]]:
    """Read all rows of a table, each as long as the first, which has the headlines."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",") if row]
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error}); check the path.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: is no table of text ({error}); give a CSV file.") from None
    if len(rows) < 2:
        raise InputError(f"{path}: got {len(rows)} rows, expected a headline and a row for each map.")
    headlines = [headline.strip() for headline in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(headlines):
            raise InputError(
                f"{path}: row {number} has {len(row)} fields, expected {len(headlines)} as in the headline; correct it."
            )
    return [headlines, *rows[1:]]


def _joined(
    path: Path, headlines: list[str], body: list[list[str]], names: Sequence[str], column: str | None
) -> tuple[str | None, list[int]]:
    """Find the column of the names, None if there is none, and for each map its row."""
    missing: list[str] = []
    # Maps without names are numbered, and so may be anything in a table.
    for simplified in () if all(name.isdigit() for name in names) else (str, plain_name):
        wanted = [simplified(name) for name in names]
        for place, headline in enumerate(headlines):
            if headline == column:
                continue
            found = [simplified(row[place].strip()) for row in body]
            places = {name: row for row, name in enumerate(found)}
            unique = len(places) == len(found) and len(set(wanted)) == len(wanted)
            if unique and set(wanted) <= set(found):
                return headline, [places[name] for name in wanted]
            # A column of numbers that maps called by numbers have in part only may hold anything else.
            numbers = all(name.isdigit() for name in wanted)
            if not numbers and not set(wanted).isdisjoint(found):
                missing = [name for name in wanted if name not in places] or ["each of two maps of one name"]
    if missing:
        raise InputError(f"{path}: has no row for {missing[0]}, expected one for each of {len(names)} maps; add it.")
    if len(body) != len(names):
        raise InputError(
            f"{path}: got {len(body)} rows and no column with the names of the maps, expected such a column, or "
            f"{len(names)} rows in their order; add one."
        )
    return None, list(range(len(names)))


def plain_name(name: str) -> str:
    """Return the name of a map without folder and ending."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    for ending in sorted(EXTENSIONS, key=len, reverse=True):
        if last.lower().endswith(ending):
            return last[: -len(ending)]
    return last


def numbers_or_text(texts: list[str]) -> NDArray[np.float64] | NDArray[np.str_]:
    """Return texts as numbers, NaN for those that are empty, if all are; else as they are."""
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts)
