"""The poses in which an average is compared with an image: combinations of mirror, rotation and shift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Poses:
    """All combinations of an in-plane rotation, a shift and, optionally, a mirror.

    An image in a pose shows the average mirrored, then rotated, then shifted. The index of a pose is ordered by mirror,
    then shift, then rotation, so that all rotations with the same mirror and shift are consecutive: a sweep.

    Attributes
    ----------
    rotations : int
        Number of rotations, evenly spaced over 360 degrees.
    mirror : bool
        Whether the mirror image is compared too.
    shift_pixels : int
        Largest shift in whole pixels.
    """

    rotations: int = 200
    mirror: bool = False
    shift_pixels: int = 0

    @property
    def shifts(self) -> NDArray[np.int64]:
        """Shifts ``(x, y)`` in pixels, shape (shifts, 2), ordered by length, zero first."""
        reach = np.arange(-self.shift_pixels, self.shift_pixels + 1)
        x, y = (each.ravel() for each in np.meshgrid(reach, reach))
        square = x * x + y * y
        order = np.lexsort((x, y, square))
        return np.stack([x, y], axis=1)[order[square[order] <= self.shift_pixels**2]]

    @property
    def sweeps(self) -> int:
        """Number of combinations of mirror and shift."""
        return (1 + self.mirror) * len(self.shifts)

    def __len__(self) -> int:
        """Return the number of poses."""
        return self.sweeps * self.rotations

    def parts(self, poses: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the angles in degrees, the shifts ``(x, y)``, and the mirrors of poses given by their indices."""
        sweep, rotation = np.divmod(np.asarray(poses, dtype=np.int64), self.rotations)
        mirrored, shift = np.divmod(sweep, len(self.shifts))
        return rotation * (360.0 / self.rotations), self.shifts[shift], mirrored.astype(bool)

    def pull(self, poses: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the matrices, shape (n, 2, 3), to interpolate a posed image in the average.

        They map offsets ``(x, y)`` from the centre of the posed image to offsets from the centre of the average.
        """
        degrees, shifts, mirrored = self.parts(poses)
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        sign = np.where(mirrored, -1.0, 1.0)
        linear = np.stack([sign * cosine, sign * sine, -sine, cosine], axis=1).reshape(-1, 2, 2)
        return np.concatenate([linear, -(linear @ shifts[:, :, None])], axis=2)

    def push(self, poses: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the matrices, shape (n, 2, 3), to interpolate an average in the posed image: the inverse of `pull`."""
        pull = self.pull(poses)
        linear = pull[:, :, :2].transpose(0, 2, 1)  # orthogonal, also with a mirror
        return np.concatenate([linear, -(linear @ pull[:, :, 2:])], axis=2)

    def sweep(self, number: int) -> NDArray[np.int64]:
        """Return the indices of the poses of a sweep."""
        return np.arange(number * self.rotations, (number + 1) * self.rotations)
