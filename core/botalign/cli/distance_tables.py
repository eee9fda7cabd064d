"""Tables of distances, from `botalign distances` or as plain arrays."""

from __future__ import annotations

from pathlib import Path

from botalign import DistanceTable, read_distances
from botalign.arrays import load_array
from botalign.embeddings import checked_distances
from botalign.errors import InputError

#: The metric of a plain array.
UNKNOWN = "unknown"


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
    try:
        checked = checked_distances(values)
    except InputError as error:  # about the argument `distances`, which is this file
        raise InputError(str(path), *error.parts[1:]) from None
    return DistanceTable(tuple(str(number) for number in range(1, len(checked) + 1)), checked, None, UNKNOWN, {})
