"""The resolution at which the simulated map of a model is as blurred as the map that it is compared with.

Programs define the resolution of a map differently, by up to a factor of 1.5, and sharpening changes the blur. The pose
hardly depends on it, but a map that is blurred more than the other one looks larger: the scale would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from botalign.alignment.fitting import FitProblem
from botalign.alignment.inputs import density_of
from botalign.alignment.itself import Itself
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.survey import survey
from botalign.arrays import Matrix
from botalign.models import HIGHEST_RESOLUTION, LOWEST_RESOLUTION

#: The resolutions that are tried, as multiples of the given one, and how exactly the best one is found.
LEAST, MOST, TOLERANCE = 0.4, 2.5, 0.02


def at_matching_resolution(
    problem: AlignmentProblem, fit: FitProblem, pose: Matrix
) -> tuple[AlignmentProblem, FitProblem, Matrix]:
    """Return a problem with its model simulated at the resolution at which it resembles the map most.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem. It is returned unchanged if it has no model, or only models.
    fit : FitProblem
        Its last fit.
    pose : ndarray, shape (3, 4)
        The solution.

    Returns
    -------
    tuple
        The problem, its fit at the same sampling, and the solution of that.
    """
    resolution = problem.options.resolution
    if resolution is None or problem.models.count(None) != 1:
        return problem, fit, pose
    voxel = fit.fixed_grid.voxel_size_angstrom[0]

    def fitted(tried_resolution: float) -> tuple[AlignmentProblem, FitProblem]:
        tried = _at(problem, tried_resolution)
        return tried, tried.fit(max(voxel, tried.fixed.voxel_angstrom, tried.moving.voxel_angstrom))

    best = matching_resolution(resolution, lambda tried_resolution: fitted(tried_resolution)[1].correlation(pose))
    matching, fit = fitted(best)
    return matching, fit, fit.solve_each([pose], allowed=problem.allows)[0].transform


def matching_resolution(given: float, correlation: Callable[[float], float]) -> float:
    """Return the resolution at which a correlation is highest, near the given one.

    Parameters
    ----------
    given : float
        The resolution that was given.
    correlation : callable
        Takes a resolution; returns how much the model resembles the map.
    """
    bounds = np.log2(np.clip([LEAST * given, MOST * given], LOWEST_RESOLUTION, HIGHEST_RESOLUTION))
    found = minimize_scalar(
        lambda exponent: -correlation(float(2**exponent)), bounds=tuple(bounds), method="bounded",
        options={"xatol": TOLERANCE},
    )  # fmt: skip
    return float(2**found.x)


def _at(problem: AlignmentProblem, resolution: float) -> AlignmentProblem:
    """Return the problem with its model simulated at a resolution."""
    fixed, moving = problem.models
    model = fixed if fixed is not None else moving
    assert model is not None
    density = density_of(model, resolution)
    itself = Itself(survey(density).normalised(), density.grid)
    changed = replace(problem, fixed_itself=itself) if fixed is not None else replace(problem, moving_itself=itself)
    return replace(changed, maps=None)
