"""The grid of a map: positions of the voxels in space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError


@dataclass(frozen=True)
class Grid:
    """A box of voxels whose sides are parallel to the axes.

    Voxel ``[k, j, i]`` of an array is at the position ``origin_angstrom + voxel_size_angstrom * (i, j, k)``.

    Attributes
    ----------
    shape : tuple of int
        Numbers of voxels ``(z, y, x)``, as ``ndarray.shape``.
    voxel_size_angstrom : tuple of float
        Voxel sides ``(x, y, z)`` in angstrom.
    origin_angstrom : tuple of float
        Position ``(x, y, z)`` of the first voxel in angstrom.

    Raises
    ------
    InputError
        If there are not three numbers each, or a shape or voxel size is not positive.

    Examples
    --------
    >>> import botalign
    >>> grid = botalign.Grid((10, 20, 30), voxel_size_angstrom=(2.0, 2.0, 2.0))
    >>> grid.size_angstrom.tolist()
    [60.0, 40.0, 20.0]
    >>> grid.centre_angstrom.tolist()
    [29.0, 19.0, 9.0]
    """

    shape: tuple[int, int, int]
    voxel_size_angstrom: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_angstrom: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Convert to Python numbers and check them."""
        for name, kind in (("shape", int), ("voxel_size_angstrom", float), ("origin_angstrom", float)):
            values = tuple(kind(v) for v in getattr(self, name))
            if len(values) != 3 or not np.isfinite(values).all():
                raise InputError(f"{name} of a grid: got {getattr(self, name)}, expected three finite numbers.")
            object.__setattr__(self, name, values)
        if min(self.shape) < 1:
            raise InputError(f"shape of a grid: got {self.shape}, expected three positive numbers of voxels.")
        if min(self.voxel_size_angstrom) <= 0:
            raise InputError(
                f"voxel_size_angstrom of a grid: got {self.voxel_size_angstrom}, expected positive voxel sizes."
            )

    @property
    def size_angstrom(self) -> NDArray[np.float64]:
        """Sides ``(x, y, z)`` of the box: the number of voxels times the voxel size."""
        size: NDArray[np.float64] = np.array(self.shape[::-1]) * np.array(self.voxel_size_angstrom)
        return size

    @property
    def centre_angstrom(self) -> NDArray[np.float64]:
        """Position ``(x, y, z)`` halfway between the first and the last voxel."""
        half: NDArray[np.float64] = (np.array(self.shape[::-1]) - 1) / 2 * np.array(self.voxel_size_angstrom)
        return np.array(self.origin_angstrom) + half

    @property
    def pose_centre_angstrom(self) -> NDArray[np.float64]:
        """Position ``(x, y, z)`` of voxel ``side // 2``, about which particles rotate in RELION and cryoSPARC."""
        offset: NDArray[np.float64] = (np.array(self.shape[::-1]) // 2) * np.array(self.voxel_size_angstrom)
        return np.array(self.origin_angstrom) + offset

    @property
    def index_to_physical(self) -> NDArray[np.float64]:
        """The 3x4 matrix from indices ``(i, j, k)``, x first, to positions in angstrom."""
        return np.column_stack([np.diag(np.array(self.voxel_size_angstrom)), np.array(self.origin_angstrom)])

    def axis_angstrom(self, axis: int) -> NDArray[np.float64]:
        """Return the coordinates of the voxels along an array axis.

        Parameters
        ----------
        axis : int
            Array axis: 0 is z, 1 is y, 2 is x.

        Returns
        -------
        ndarray
            Coordinates in angstrom, one for each voxel along the axis.

        Examples
        --------
        >>> import botalign
        >>> botalign.Grid((3, 4, 5), origin_angstrom=(0.0, 0.0, 7.0)).axis_angstrom(0).tolist()
        [7.0, 8.0, 9.0]
        """
        direction = 2 - axis
        steps: NDArray[np.float64] = np.arange(self.shape[axis], dtype=np.float64)
        return self.origin_angstrom[direction] + self.voxel_size_angstrom[direction] * steps

    def part(self, corner: tuple[int, ...], shape: tuple[int, ...]) -> "Grid":
        """Return the grid of a block of voxels.

        Parameters
        ----------
        corner : tuple of int
            Indices ``(z, y, x)`` of the first voxel of the block.
        shape : tuple of int
            Shape ``(z, y, x)`` of the block.

        Returns
        -------
        Grid
            The grid of the block.

        Examples
        --------
        >>> import botalign
        >>> botalign.Grid((10, 10, 10)).part((4, 3, 2), (5, 5, 5)).origin_angstrom
        (2.0, 3.0, 4.0)
        """
        first = np.array(self.voxel_size_angstrom) * corner[::-1] + self.origin_angstrom
        return Grid((shape[0], shape[1], shape[2]), self.voxel_size_angstrom, (first[0], first[1], first[2]))

    def containing(self, transform: ArrayLike) -> "Grid":
        """Return the grid of the smallest box of cubic voxels that contains this box after a transform.

        Parameters
        ----------
        transform : array_like, shape (3, 4)
            Rigid transform in angstrom.

        Returns
        -------
        Grid
            The grid. A voxel is as large as the shortest side of the voxels here.

        Examples
        --------
        >>> import botalign
        >>> quarter = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]  # about z
        >>> botalign.Grid((10, 20, 30)).containing(quarter)
        Grid(shape=(10, 30, 20), voxel_size_angstrom=(1.0, 1.0, 1.0), origin_angstrom=(-19.0, 0.0, 0.0))
        """
        matrix, h = np.asarray(transform, dtype=np.float64), min(self.voxel_size_angstrom)
        first = np.array(self.origin_angstrom)
        last = first + (np.array(self.shape[::-1]) - 1) * self.voxel_size_angstrom
        corners = np.stack(np.meshgrid(*zip(first, last, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        moved = corners @ matrix[:, :3].T + matrix[:, 3]
        # Whole voxels from the first one here, so that a box that has not moved stays as it is.
        low = np.floor((moved.min(axis=0) - first) / h + 1e-4)
        x, y, z = (np.ceil((moved.max(axis=0) - first) / h - 1e-4) - low + 1).astype(int)
        origin = first + h * low
        return Grid((z, y, x), (h, h, h), (origin[0], origin[1], origin[2]))

    def scaled(self, factor: float, centre_angstrom: ArrayLike) -> "Grid":
        """Return the grid with voxels that are larger by a factor, scaled about a point.

        Parameters
        ----------
        factor : float
            Factor, above 0.
        centre_angstrom : array_like, shape (3,)
            Position ``(x, y, z)`` that stays.

        Returns
        -------
        Grid
            The grid.

        Examples
        --------
        >>> import botalign
        >>> botalign.Grid((3, 3, 3), (2.0, 2.0, 2.0)).scaled(1.5, (2, 2, 2))
        Grid(shape=(3, 3, 3), voxel_size_angstrom=(3.0, 3.0, 3.0), origin_angstrom=(-1.0, -1.0, -1.0))
        """
        x, y, z = self.voxel_size_angstrom
        centre = np.asarray(centre_angstrom, dtype=np.float64)
        first = centre + factor * (np.array(self.origin_angstrom) - centre)
        return Grid(self.shape, (factor * x, factor * y, factor * z), (first[0], first[1], first[2]))

    @classmethod
    def cube(cls, side: int, voxel_size_angstrom: float, centre_angstrom: ArrayLike) -> "Grid":
        """Return the grid of a cube with a given centre.

        Parameters
        ----------
        side : int
            Side of the cube in voxels.
        voxel_size_angstrom : float
            Side of a voxel.
        centre_angstrom : array_like, shape (3,)
            Position ``(x, y, z)`` of the centre, halfway between the first and the last voxel.

        Returns
        -------
        Grid
            The grid.

        Examples
        --------
        >>> import botalign
        >>> botalign.Grid.cube(5, 2.0, (0, 0, 0)).origin_angstrom
        (-4.0, -4.0, -4.0)
        """
        h = float(voxel_size_angstrom)
        x, y, z = (float(c) - (side - 1) / 2 * h for c in np.asarray(centre_angstrom, dtype=np.float64))
        return cls((side, side, side), (h, h, h), (x, y, z))
