"""A surveyed map, sampled with the voxels of a fit. The last samplings of a map are kept: several fits share them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.alignment.extent import level_enclosing
from botalign.alignment.survey import CLEARANCE_VOXELS, Surveyed
from botalign.arrays import Matrix, Volume, dilated
from botalign.kept import kept
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed
from botalign.maps.splines import spline_coefficients

#: Voxels up to this distance in voxels outside the contour are compared: of the fixed map in a fit, of both maps
#: together in the estimate of the scale.
SKIRT_VOXELS = 2
#: Samplings of a map that are kept: for the search, for its symmetry, and for the last fit.
KEPT = 3


@dataclass(frozen=True, eq=False)
class Sampled:
    """Densities on a grid of cubic voxels.

    Attributes
    ----------
    values : ndarray of float32, shape (z, y, x)
        The densities.
    grid : Grid
        The grid.
    """

    values: Volume
    grid: Grid

    @cached_property
    def coefficients(self) -> Volume:
        """Cubic B-spline coefficients of the densities."""
        return spline_coefficients(self.values)


@dataclass(frozen=True, eq=False)
class SampledMolecule(Sampled):
    """The densities of a surveyed map in a cube around its molecule.

    It does not refer to the surveyed map, which keeps it: in a cycle, both would stay in memory until the garbage
    collector runs.

    Attributes
    ----------
    volume_angstrom3, centre_angstrom, radius_angstrom
        Those of :class:`Surveyed`.
    """

    volume_angstrom3: float
    centre_angstrom: Matrix
    radius_angstrom: float

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which voxels a fit compares: in and around the molecule, shape (z, y, x)."""
        voxel = self.grid.voxel_size_angstrom[0]
        # Smoothing flattens the map: at the sampling of the fit another contour level encloses the molecule.
        level = level_enclosing(self.values, self.volume_angstrom3 / voxel**3)
        where = dilated(self.values > level, SKIRT_VOXELS)
        # Specks of noise far from the molecule would leave the cube of the moving map at some poses, and the
        # correlation would jump there.
        where &= _in_ball(self.grid, self.centre_angstrom, self.radius_angstrom + SKIRT_VOXELS * voxel)
        return where


def sampled(
    surveyed: Surveyed, voxel_angstrom: float, *, sigma_angstrom: float, radius_angstrom: float
) -> SampledMolecule:
    """Sample a map in a cube around a ball about its centre of mass."""

    def compute() -> SampledMolecule:
        side = int(np.ceil(2 * radius_angstrom / voxel_angstrom)) + 2 * (SKIRT_VOXELS + 2)
        grid = Grid.cube(side, voxel_angstrom, surveyed.centre_angstrom)
        values = surveyed.on(grid, sigma_angstrom=sigma_angstrom)
        return SampledMolecule(
            values, grid, surveyed.volume_angstrom3, surveyed.centre_angstrom, surveyed.radius_angstrom
        )

    known: dict[tuple[float, ...], SampledMolecule] = surveyed.samplings
    return kept(known, (voxel_angstrom, sigma_angstrom, radius_angstrom), compute, most=KEPT)


def coarsened(surveyed: Surveyed, voxel_angstrom: float) -> Surveyed:
    """Return a map with voxels of a given size, or as it is if its own are no smaller."""
    if surveyed.voxel_angstrom >= voxel_angstrom:
        return surveyed
    side = int(np.ceil(2 * surveyed.radius_angstrom / voxel_angstrom)) + 2 * CLEARANCE_VOXELS
    side = fft.next_fast_len(side, real=True)
    grid, added = Grid.cube(side, voxel_angstrom, surveyed.centre_angstrom), SMOOTHING_VOXELS * voxel_angstrom
    density = smoothed(surveyed.density, grid, sigma_angstrom=added)
    return replace(surveyed, density=density, sigma_angstrom=float(np.hypot(surveyed.sigma_angstrom, added)))


def _in_ball(grid: Grid, centre: Matrix, radius_angstrom: float) -> NDArray[np.bool_]:
    """Return which voxels of a grid are in a ball."""
    z, y, x = ((grid.axis_angstrom(axis) - centre[2 - axis]) ** 2 for axis in range(3))
    left = (radius_angstrom**2 - np.add.outer(z, y)).astype(np.float32)
    return np.asarray(left[:, :, None] >= x.astype(np.float32))
