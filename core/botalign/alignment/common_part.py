"""Which part of two maps agrees, at a given pose, as a map of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import finest_useful_voxel, fit_problem
from botalign.alignment.robust import RobustProblem
from botalign.geometry import identity
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import moved

Matrix = NDArray[np.float64]

#: Differences count as such above this share of the fixed map's standard deviation, however well the rest agrees.
TOLERATED = 0.25
#: Standard deviation in voxels of the Gaussian that the weights are averaged by: two maps cross each other even where
#: they differ, and there a voxel by itself says that they agree.
AVERAGED_VOXELS = 1.5


def common_part(fixed: Surveyed, moving: Surveyed, transform: Matrix, onto: Grid) -> DensityMap:
    """Return how far two maps agree from place to place, as the fit of their common part counts it.

    Parameters
    ----------
    fixed, moving : Surveyed
        The maps.
    transform : ndarray, shape (3, 4)
        The pose of the moving one.
    onto : Grid
        Where to sample.

    Returns
    -------
    DensityMap
        1 where the maps agree, 0 where they differ, and outside the fixed map's molecule.
    """
    problem = RobustProblem.of(fit_problem(fixed, moving, voxel_angstrom=finest_useful_voxel(fixed, moving, transform)))
    places = tuple(problem.points.T[::-1])
    sums = []
    for values in (problem.weights(transform, least_scale=TOLERATED), 1.0):
        volume = np.zeros(problem.fixed_grid.shape, dtype=np.float32)
        volume[places] = values
        sums.append(ndimage.gaussian_filter(volume, AVERAGED_VOXELS)[places])
    averaged = np.zeros(problem.fixed_grid.shape, dtype=np.float32)
    averaged[places] = sums[0] / sums[1]
    weights = moved(DensityMap(averaged, problem.fixed_grid, "common part"), identity(), onto)
    return weights.with_data(np.clip(weights.data, 0, 1))
