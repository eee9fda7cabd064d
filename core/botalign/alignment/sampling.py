"""Two surveyed maps sampled for a fit, and how finely."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from botalign.alignment.fitting import FitProblem
from botalign.alignment.shell_curve import shell_correlation
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix
from botalign.maps.grid import Grid

#: Voxels of the comparison reach this far beyond the contour of the fixed map.
SKIRT_VOXELS = 2
#: A voxel as fine as this share of the resolution samples all the signal there is.
VOXELS_PER_RESOLUTION = 3.0
#: However little signal there is, the radius of the fixed map's molecule measures this many voxels.
LEAST_RADIUS_VOXELS = 7.0


def fit_problem(fixed: Surveyed, moving: Surveyed, *, voxel_angstrom: float, skirt: int = SKIRT_VOXELS) -> FitProblem:
    """Sample two maps for a fit with voxels of a given size, compared in and about the fixed map's molecule."""
    sigma = common_sigma_angstrom(fixed, moving, voxel_angstrom)
    grids = []
    for surveyed in (fixed, moving):
        side = int(np.ceil(2 * surveyed.radius_angstrom / voxel_angstrom)) + 2 * (SKIRT_VOXELS + 2)
        grids.append(Grid.cube(side, voxel_angstrom, surveyed.centre_angstrom))
    u, v = (surveyed.on(grid, sigma_angstrom=sigma) for surveyed, grid in zip((fixed, moving), grids, strict=True))
    # Smoothing flattens: at the sampling of the fit another level encloses the molecule.
    level = fixed.level_of(u, voxel_angstrom)
    where = u > level
    if skirt:
        where = ndimage.binary_dilation(where, iterations=skirt)
    return FitProblem.between(u, grids[0], v, grids[1], where=where, centre=fixed.centre_angstrom)


def finest_useful_voxel(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Side in angstrom of the voxels that hold all the signal two maps have in common.

    Read off their Fourier shell correlation at the pose that a coarse fit found: beyond the resolution where it falls
    below 0.143, finer voxels would add noise only. Maps that have nothing in common have no such resolution.
    """
    finest = max(fixed.voxel_angstrom, moving.voxel_angstrom)
    useful = shell_correlation(fixed, moving, transform).resolution(0.143) / VOXELS_PER_RESOLUTION
    return max(finest, min(useful, fixed.radius_angstrom / LEAST_RADIUS_VOXELS))
