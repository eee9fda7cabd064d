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
    from botalign.conformations import DistanceTable, checked_distances, read_distances

    if path.suffix.lower() != ".npy":
        return read_distances(path)
    import numpy as np

    try:
        values = np.load(path, allow_pickle=False)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror or error}); check the path.") from None
    except (ValueError, EOFError):
        raise InputError(f"{path}: is no table of numbers; give a square array written by numpy.save.") from None
    try:
        checked = checked_distances(values)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    return DistanceTable(tuple(str(number) for number in range(1, len(checked) + 1)), checked, None, UNKNOWN, {})
