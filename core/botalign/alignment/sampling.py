"""Two surveyed maps sampled for a fit, and how finely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.alignment.fitting import FitProblem
from botalign.alignment.shell_curve import shell_correlation
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.maps.grid import Grid

#: The fit compares voxels up to this distance in voxels outside the contour of the fixed map.
SKIRT_VOXELS = 2
#: So many voxels per resolution sample all of the signal.
VOXELS_PER_RESOLUTION = 3.0
#: The radius of the molecule measures at least this many voxels, however little signal there is.
LEAST_RADIUS_VOXELS = 7.0


def fit_problem(
    fixed: Surveyed, moving: Surveyed, *, voxel_angstrom: float, centre: Matrix | None = None,
    skirt: int = SKIRT_VOXELS,
) -> FitProblem:  # fmt: skip
    """Sample two maps for a fit with voxels of a given size, compared in and around the molecule of the fixed map.

    Rotations are about `centre`, by default the centre of mass of the fixed map.
    """
    sigma = common_sigma_angstrom(fixed, moving, voxel_angstrom)
    u, fixed_grid = _sampled(fixed, voxel_angstrom, sigma, fixed.radius_angstrom)
    radius = max(fixed.radius_angstrom, moving.radius_angstrom)
    v, moving_grid = (u, fixed_grid) if moving is fixed else _sampled(moving, voxel_angstrom, sigma, radius)
    # Smoothing flattens the map: at the sampling of the fit another contour level encloses the molecule.
    level = fixed.level_of(u, voxel_angstrom)
    where = u > level
    if skirt:
        where = ndimage.binary_dilation(where, iterations=skirt)
    # Specks of noise far from the molecule would leave the cube of the moving map at some poses, and the correlation
    # would jump there.
    where &= _in_ball(fixed_grid, fixed.centre_angstrom, fixed.radius_angstrom + SKIRT_VOXELS * voxel_angstrom)
    return FitProblem.between(
        u, fixed_grid, v, moving_grid, where=where, centre=fixed.centre_angstrom if centre is None else centre
    )


def _in_ball(grid: Grid, centre: Matrix, radius_angstrom: float) -> NDArray[np.bool_]:
    """Return which voxels of a grid are in a ball."""
    z, y, x = ((grid.axis_angstrom(axis) - centre[2 - axis]) ** 2 for axis in range(3))
    inside: NDArray[np.bool_] = z[:, None, None] + y[:, None] + x <= radius_angstrom**2
    return inside


def _sampled(
    surveyed: Surveyed, voxel_angstrom: float, sigma_angstrom: float, radius_angstrom: float
) -> tuple[Volume, Grid]:
    """Sample a map in a cube around a ball about its centre of mass; also return the grid."""
    side = int(np.ceil(2 * radius_angstrom / voxel_angstrom)) + 2 * (SKIRT_VOXELS + 2)
    grid = Grid.cube(side, voxel_angstrom, surveyed.centre_angstrom)
    return surveyed.on(grid, sigma_angstrom=sigma_angstrom), grid


def finest_useful_voxel(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Return the side in angstrom of voxels that hold all the signal two maps share.

    Beyond the resolution at which their Fourier shell correlation at a pose falls below 0.143, finer voxels would only
    add noise.
    """
    finest = max(fixed.voxel_angstrom, moving.voxel_angstrom)
    useful = shell_correlation(fixed, moving, transform).resolution(0.143) / VOXELS_PER_RESOLUTION
    return max(finest, min(useful, fixed.radius_angstrom / LEAST_RADIUS_VOXELS))
