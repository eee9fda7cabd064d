"""Tables of distances, from `botalign distances` or as plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botalign import DistanceTable, read_distances
from botalign.arrays import load_array
from botalign.embeddings import checked_distances
from botalign.errors import InputError, Setting

#: The metric of a plain array.
UNKNOWN = "unknown"


@contextmanager
def distances_are_from(path: Path) -> Iterator[None]:
    """Replace the argument `distances` of a function by the name of the file in errors from inside."""
    try:
        yield
    except InputError as error:
        raise InputError(*(str(path) if part == Setting("distances") else part for part in error.parts)) from None


def read_table(path: Path) -> DistanceTable:
    """Read distances. The maps of a plain array are named by their numbers.

    Raises
    ------
    InputError
        If the file cannot be read, or is not a table of distances.
    """
    if path.suffix.lower() != ".npy":
        return read_distances(path)
    values = load_array(path, "a square table of distances")
    with distances_are_from(path):
        checked = checked_distances(values)
    return DistanceTable(tuple(str(number) for number in range(1, len(checked) + 1)), checked, None, UNKNOWN, {})
