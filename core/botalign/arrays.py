"""Arrays: names of their types that most packages use, statistics, and reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX
from numpy.typing import NDArray

from botalign.errors import InputError

#: Coordinates, rotations, transforms, and other small arrays in double precision.
Matrix = NDArray[np.float64]
#: Densities and images.
Volume = NDArray[np.float32]
#: Numbers and indices.
Counts = NDArray[np.int64]


def mean_and_deviation(data: NDArray[np.float32]) -> tuple[float, float]:
    """Return the mean and the standard deviation of a map, accumulated in double precision."""
    mean = float(data.mean(dtype=np.float64))
    # Section by section, to avoid a float64 copy of a large map.
    square = sum(float(np.square(section - mean, dtype=np.float64).sum()) for section in data)
    return mean, float(np.sqrt(square / data.size))


def load_array(path: Path, expected: str, *, mapped: bool = False) -> NDArray[Any]:
    """Read an array written by :func:`numpy.save`.

    Parameters
    ----------
    path : Path
        File to read.
    expected : str
        Expected content, for messages.
    mapped : bool, optional
        Whether to map the file into memory instead of reading it.

    Raises
    ------
    InputError
        If the file is missing, damaged, or does not hold a single array.
    """
    try:
        with path.open("rb") as file:  # numpy does not close a file that it opened itself if it cannot read it
            if file.read(len(MAGIC_PREFIX)) != MAGIC_PREFIX:  # also refuses an NPZ archive, which numpy.load accepts
                raise InputError(f"{path}: not a NumPy array, expected {expected} written by numpy.save.")
            file.seek(0)
            array: NDArray[Any] = np.load(path if mapped else file, mmap_mode="r" if mapped else None)
            return array
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}), expected {expected}.") from None
    except (ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an array of numbers ({reason}), expected {expected}.") from None
