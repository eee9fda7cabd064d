"""Which part of two maps agrees, at a given pose, as a map of weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.alignment.comparison import shell_correlation
from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import finest_useful_voxel, fit_problem
from botalign.alignment.robust import RobustProblem
from botalign.alignment.verdict import Judged
from botalign.geometry import identity
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import moved, spline_at
from botalign.maps.splines import spline_coefficients

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]

#: Differences count as such above this share of the fixed map's standard deviation, however well the rest agrees.
TOLERATED = 0.25
#: Standard deviation in voxels of the Gaussian that the weights are averaged by: two maps cross each other even where
#: they differ, and there a voxel by itself says that they agree.
AVERAGED_VOXELS = 1.5
#: Where the average is over less than this share of a point, there is nothing to speak of.
FEWEST = 1e-3
#: The same for the verdict, in diameters of the molecule. It is not to choose the details that it is about to judge:
#: unrelated maps agree here and there by chance, and averaged less widely the weights would follow that.
AVERAGED_DIAMETERS = 1 / 8


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
    within = np.zeros(problem.fixed_grid.shape, dtype=np.float32)
    within[places] = _averaged(problem, transform, AVERAGED_VOXELS)[places]
    weights = moved(DensityMap(within, problem.fixed_grid, "common part"), identity(), onto)
    return weights.with_data(np.clip(weights.data, 0, 1))


def judged_in_common(fixed: Surveyed, moving: Surveyed, problem: RobustProblem, transform: Matrix) -> Judged:
    """Return the Fourier shell correlation of what two maps have in common at a pose, and how large that is."""
    diameter = 2 * fixed.radius_angstrom
    sigma = AVERAGED_DIAMETERS * diameter / problem.fixed_grid.voxel_size_angstrom[0]
    averaged = _averaged(problem, transform, sigma)
    share = float(averaged[tuple(problem.points.T[::-1])].mean())
    ball, grid = fixed.ball, fixed.density.grid
    weights = spline_at(spline_coefficients(averaged), problem.fixed_grid, identity(), grid, ball.points)
    shells = shell_correlation(fixed, moving, transform, weights=np.clip(weights, 0, 1))
    return Judged(shells, diameter, share)


def _averaged(problem: RobustProblem, transform: Matrix, sigma_voxels: float) -> Volume:
    """Average by a Gaussian how much each point counts; beyond the points, as much as those near by."""
    places = tuple(problem.points.T[::-1])
    sums = []
    for values in (problem.weights(transform, least_scale=TOLERATED), 1.0):
        volume = np.zeros(problem.fixed_grid.shape, dtype=np.float32)
        volume[places] = values
        sums.append(ndimage.gaussian_filter(volume, sigma_voxels))
    return np.asarray(sums[0] / np.maximum(sums[1], FEWEST))
