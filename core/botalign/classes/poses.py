"""The poses in which an image is compared with an average: mirrored or not, shifted, turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Poses:
    """All combinations of a turn in the plane, the mirror image if wanted, and a shift.

    An image in pose p looks like the average mirrored, then turned, then shifted. The poses are numbered by mirror,
    then by shift, then by turn, so that a whole turn, each pose beside its neighbours, lies together: a sweep.

    Attributes
    ----------
    rotations : int
        Turns, evenly spread over 360 degrees.
    mirror : bool
        Whether the mirror image is tried too.
    shift_pixels : int
        How far an image may be shifted, in whole pixels.
    """

    rotations: int = 200
    mirror: bool = False
    shift_pixels: int = 0

    @property
    def shifts(self) -> NDArray[np.int64]:
        """The shifts ``(x, y)`` in pixels, none first, then the nearer first, shape (shifts, 2)."""
        reach = np.arange(-self.shift_pixels, self.shift_pixels + 1)
        x, y = (each.ravel() for each in np.meshgrid(reach, reach))
        square = x * x + y * y
        order = np.lexsort((x, y, square))
        return np.stack([x, y], axis=1)[order[square[order] <= self.shift_pixels**2]]

    @property
    def sweeps(self) -> int:
        """How many combinations of mirror and shift there are."""
        return (1 + self.mirror) * len(self.shifts)

    def __len__(self) -> int:
        """How many poses there are."""
        return self.sweeps * self.rotations

    def parts(self, poses: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the angles in degrees, the shifts ``(x, y)``, and whether mirrored, of poses given by number."""
        sweep, turn = np.divmod(np.asarray(poses, dtype=np.int64), self.rotations)
        mirrored, shift = np.divmod(sweep, len(self.shifts))
        return turn * (360.0 / self.rotations), self.shifts[shift], mirrored.astype(bool)

    def pull(self, poses: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the matrices, shape (n, 2, 3), that say where in the average a posed one looks its pixels up.

        They take offsets ``(x, y)`` from the middle of the posed image to offsets from the middle of the average.
        """
        degrees, shifts, mirrored = self.parts(poses)
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        sign = np.where(mirrored, -1.0, 1.0)
        linear = np.stack([sign * cosine, sign * sine, -sine, cosine], axis=1).reshape(-1, 2, 2)
        return np.concatenate([linear, -(linear @ shifts[:, :, None])], axis=2)

    def push(self, poses: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the matrices that turn images back onto the average: where in the image it looks its pixels up."""
        pull = self.pull(poses)
        linear = pull[:, :, :2].transpose(0, 2, 1)  # orthogonal, also with a mirror
        return np.concatenate([linear, -(linear @ pull[:, :, 2:])], axis=2)

    def sweep(self, number: int) -> NDArray[np.int64]:
        """Return the numbers of the poses of one whole turn."""
        return np.arange(number * self.rotations, (number + 1) * self.rotations)
