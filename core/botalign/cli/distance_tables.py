"""Tables of distances, as `botalign distances` writes them or plain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import DistanceTable

#: What the metric of a plain table is called.
UNKNOWN = "unknown"


def read_table(path: Path) -> DistanceTable:
    """Read distances, from a plain table too, whose maps have numbers for names.

    Raises
    ------
    InputError
        If the file can't be read, or holds something else.
    """
    from botalign.embeddings import checked_distances
    from botalign.latent.arrays import load_array
    from botalign.pairwise import DistanceTable, read_distances

    if path.suffix.lower() != ".npy":
        return read_distances(path)
    values = load_array(path, "a square table of distances")
    try:
        checked = checked_distances(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return DistanceTable(tuple(str(number) for number in range(1, len(checked) + 1)), checked, None, UNKNOWN, {})
