"""Two surveyed maps sampled for a fit, and how finely."""

from __future__ import annotations

import numpy as np
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
    u, fixed_grid = _sampled(fixed, voxel_angstrom, sigma)
    v, moving_grid = (u, fixed_grid) if moving is fixed else _sampled(moving, voxel_angstrom, sigma)
    # Smoothing flattens the map: at the sampling of the fit another contour level encloses the molecule.
    level = fixed.level_of(u, voxel_angstrom)
    where = u > level
    if skirt:
        where = ndimage.binary_dilation(where, iterations=skirt)
    return FitProblem.between(
        u, fixed_grid, v, moving_grid, where=where, centre=fixed.centre_angstrom if centre is None else centre
    )


def _sampled(surveyed: Surveyed, voxel_angstrom: float, sigma_angstrom: float) -> tuple[Volume, Grid]:
    """Sample a map in a cube around its molecule; also return the grid."""
    side = int(np.ceil(2 * surveyed.radius_angstrom / voxel_angstrom)) + 2 * (SKIRT_VOXELS + 2)
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
