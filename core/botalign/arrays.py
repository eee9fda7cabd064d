"""Arrays: names of their types that most packages use, statistics, and reading."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import MAGIC_PREFIX
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.files import cannot_be_read

#: Coordinates, rotations, transforms, and other small arrays in double precision.
Matrix = NDArray[np.float64]
#: Densities and images.
Volume = NDArray[np.float32]
#: Numbers and indices.
Counts = NDArray[np.int64]

#: First, one value in so many is compared.
FEW = 97


@dataclass
class Statistics:
    """Statistics of densities that are added section by section, accumulated in double precision.

    Attributes
    ----------
    count : int
        Number of densities.
    minimum, maximum, mean : float
        Their range and mean.
    squares : float
        Sum of the squared deviations from the mean.
    """

    count: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, data: Volume) -> Statistics:
        """Return the statistics of a map."""
        found = cls()
        for section in data:
            found.add(section)
        return found

    def add(self, section: Volume) -> None:
        """Add a section, by the update of Chan, Golub and LeVeque (1983) for two sets of numbers."""
        mean = float(section.mean(dtype=np.float64))
        squares = float(np.square(section - np.float32(mean), dtype=np.float64).sum())
        before, self.count = self.count, self.count + section.size
        step = mean - self.mean
        self.mean += step * section.size / self.count
        self.squares += squares + step**2 * before * section.size / self.count
        self.minimum = min(self.minimum, float(section.min()))
        self.maximum = max(self.maximum, float(section.max()))

    @property
    def deviation(self) -> float:
        """Their standard deviation."""
        return float(np.sqrt(self.squares / self.count))


def is_constant(values: Volume) -> bool:
    """Whether all values are equal."""
    first = values.flat[0]
    # A few of them show it unless they are.
    return bool((values.ravel()[::FEW] == first).all()) and bool((values == first).all())


def dilated(mask: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
    """Return a mask with the voxels that can be reached from it in a number of steps along the axes.

    `scipy.ndimage.binary_dilation` returns the same, but takes several times as long.
    """
    for _ in range(steps):
        grown = mask.copy()
        for axis in range(mask.ndim):
            inner, outer = (np.moveaxis(each, axis, 0) for each in (mask, grown))
            outer[1:] |= inner[:-1]
            outer[:-1] |= inner[1:]
        mask = grown
    return mask


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
        raise cannot_be_read(path, error, expected) from None
    except (ValueError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not an array of numbers ({reason}), expected {expected}.") from None
