"""Tables of distances, from `botalign distances` or as plain arrays."""

from __future__ import annotations

from pathlib import Path

from botalign import DistanceTable, read_distances
from botalign.embeddings import checked_distances
from botalign.errors import InputError
from botalign.latent.arrays import load_array

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
    except InputError as error:  # its only setting is the argument `distances`, which is this file
        raise InputError(error.spelled(lambda setting: str(path))) from None
    return DistanceTable(tuple(str(number) for number in range(1, len(checked) + 1)), checked, None, UNKNOWN, {})
