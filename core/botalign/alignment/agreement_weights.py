"""Weights of the part in which two maps agree at a pose."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from botalign.alignment.robust import RobustProblem
from botalign.arrays import Matrix, Volume

#: A difference counts as one above this fraction of the fixed map's standard deviation, however well the rest agrees.
TOLERATED = 0.25
#: Where the average covers less than this fraction of a point, the weight is 0.
FEWEST = 1e-3


def averaged_weights(problem: RobustProblem, transform: Matrix, sigma_voxels: float) -> Volume:
    """Return the weights of the points, averaged by a Gaussian and extrapolated beyond the points."""
    places = tuple(problem.points.T[::-1])
    sums = []
    for values in (problem.weights(transform, least_scale=TOLERATED), 1.0):
        volume = np.zeros(problem.fixed_grid.shape, dtype=np.float32)
        volume[places] = values
        sums.append(ndimage.gaussian_filter(volume, sigma_voxels))
    return np.asarray(sums[0] / np.maximum(sums[1], FEWEST))
