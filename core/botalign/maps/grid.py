"""Where the voxels of a map lie in space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError


@dataclass(frozen=True)
class Grid:
    """A box of voxels whose sides are parallel to the axes.

    Voxel ``[k, j, i]`` of an array lies at ``origin_angstrom + voxel_size_angstrom * (i, j, k)``.

    Attributes
    ----------
    shape : tuple of int
        Numbers of voxels ``(z, y, x)``, as ``ndarray.shape``.
    voxel_size_angstrom : tuple of float
        Voxel sides ``(x, y, z)`` in angstrom.
    origin_angstrom : tuple of float
        Position ``(x, y, z)`` of the first voxel in angstrom.
    """

    shape: tuple[int, int, int]
    voxel_size_angstrom: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_angstrom: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Normalise to plain numbers and refuse what is no grid."""
        for name, kind in (("shape", int), ("voxel_size_angstrom", float), ("origin_angstrom", float)):
            values = tuple(kind(v) for v in getattr(self, name))
            if len(values) != 3 or not np.isfinite(values).all():
                raise InputError(f"{name} of a grid: got {getattr(self, name)}, expected three finite numbers.")
            object.__setattr__(self, name, values)
        if min(self.shape) < 1:
            raise InputError(f"shape of a grid: got {self.shape}, expected three positive numbers of voxels.")
        if min(self.voxel_size_angstrom) <= 0:
            raise InputError(f"voxel_size_angstrom of a grid: got {self.voxel_size_angstrom}, expected positive sides.")

    @property
    def size_angstrom(self) -> NDArray[np.float64]:
        """Sides ``(x, y, z)`` of the box, a whole voxel counted for every sample."""
        size: NDArray[np.float64] = np.array(self.shape[::-1]) * np.array(self.voxel_size_angstrom)
        return size

    @property
    def centre_angstrom(self) -> NDArray[np.float64]:
        """Position ``(x, y, z)`` midway between the first and the last voxel."""
        half: NDArray[np.float64] = (np.array(self.shape[::-1]) - 1) / 2 * np.array(self.voxel_size_angstrom)
        return np.array(self.origin_angstrom) + half

    @property
    def index_to_physical(self) -> NDArray[np.float64]:
        """The 3x4 matrix that takes indices ``(i, j, k)``, so x first, to positions in angstrom."""
        return np.column_stack([np.diag(np.array(self.voxel_size_angstrom)), np.array(self.origin_angstrom)])

    def axis_angstrom(self, axis: int) -> NDArray[np.float64]:
        """Positions of the voxels along array axis ``axis`` (0 is z)."""
        direction = 2 - axis
        steps: NDArray[np.float64] = np.arange(self.shape[axis], dtype=np.float64)
        return self.origin_angstrom[direction] + self.voxel_size_angstrom[direction] * steps

    def part(self, corner: tuple[int, ...], shape: tuple[int, ...]) -> "Grid":
        """Return the block of voxels whose first is ``[corner]`` and that has a shape, both ``(z, y, x)``."""
        first = np.array(self.voxel_size_angstrom) * corner[::-1] + self.origin_angstrom
        return Grid((shape[0], shape[1], shape[2]), self.voxel_size_angstrom, (first[0], first[1], first[2]))

    @classmethod
    def cube(cls, side: int, voxel_size_angstrom: float, centre_angstrom: NDArray[np.float64]) -> "Grid":
        """Return a cube of ``side`` voxels a side whose :attr:`centre_angstrom` is given."""
        h = float(voxel_size_angstrom)
        x, y, z = (float(c) - (side - 1) / 2 * h for c in centre_angstrom)
        return cls((side, side, side), (h, h, h), (x, y, z))
