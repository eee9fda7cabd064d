"""Fit of the scale of the moving map, after its pose is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.scale import LEAST, Scale
from botalign.alignment.uncertainty import Errors
from botalign.arrays import Matrix

#: With a larger standard error, the maps do not determine the scale.
LARGEST_ERROR = 0.01
#: From scale 1, beyond this fraction the maps are too different for a fit.
REACH = 0.15
#: A smaller step is not followed: the least one, in standard errors and as a fraction.
FOLLOWED = 2.0, LEAST / 2
#: Where the fit of the scale ends: a step of this fraction, or of this many standard errors.
CONVERGED, CONVERGED_ERRORS = 5e-5, 0.05
#: Steps at most.
MOST_STEPS = 8


class AtScale(Protocol):
    """Two maps fitted at a scale."""

    @property
    def factor(self) -> float:
        """The scale."""

    @property
    def errors(self) -> Errors:
        """The errors there."""


S = TypeVar("S", bound=AtScale)


@dataclass(frozen=True, eq=False)
class Scaled:
    """The problem with the moving map at its fitted scale.

    Attributes
    ----------
    factor : float
        The scale.
    errors : Errors
        The errors there.
    problem : AlignmentProblem
        The problem with the moving map scaled.
    fit : FitProblem
        The last fit of that problem.
    pose : ndarray, shape (3, 4)
        Its solution, a rigid transform of the scaled map.
    """

    factor: float
    errors: Errors
    problem: AlignmentProblem
    fit: FitProblem
    pose: Matrix

    def record(self, *, applied: bool = False) -> Scale:
        """Return the scale as a result has it."""
        return Scale(self.factor, self.errors.scale_error, applied)


def is_measured(errors: Errors) -> bool:
    """Whether the maps determine their scale."""
    return errors.scale_error < LARGEST_ERROR


def is_followed(errors: Errors) -> bool:
    """Whether the estimated error of the scale is so large that the maps should be fitted again at another scale."""
    least_errors, least = FOLLOWED
    return abs(errors.scale_step) > max(least_errors * errors.scale_error, least)


def fit_scale(problem: AlignmentProblem, fit: FitProblem, pose: Matrix, errors: Errors) -> Scaled | None:
    """Fit pose and scale in turn, from scale 1.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    fit : FitProblem
        Its last fit.
    pose : ndarray, shape (3, 4)
        The solution.
    errors : Errors
        The errors there.

    Returns
    -------
    Scaled or None
        The problem at the fitted scale; None if the maps do not determine it, if it is out of reach, or if the fit has
        not converged after the largest number of steps.
    """
    coarsest = problem.working_pair.voxel_angstrom

    def fitted(factor: float, before: Scaled) -> Scaled:
        scaled = problem.scaled(factor)
        fit = scaled.fit(min(coarsest, scaled.finest_useful_voxel(before.pose)))
        pose = fit.solve_each([before.pose], allowed=problem.allows)[0].transform
        return Scaled(factor, scaled.errors(fit, pose), scaled, fit, pose)

    return converged(Scaled(1.0, errors, problem, fit, pose), fitted)


def converged(found: S, fitted: Callable[[float, S], S], *, tolerance: float = CONVERGED_ERRORS) -> S | None:
    """Return the fit at the scale that it does not change any more; None if the maps do not determine it.

    Parameters
    ----------
    found : AtScale
        The fit at scale 1.
    fitted : callable
        Takes a scale and the last fit; returns the fit at this scale.
    tolerance : float, optional
        The fit ends at a step of this many standard errors.
    """
    before: tuple[float, float] | None = None
    for taken in range(MOST_STEPS + 1):
        errors = found.errors
        step = errors.scale_step
        if not np.isfinite(errors.scale_error):
            break
        if abs(step) < max(CONVERGED, tolerance * errors.scale_error):
            return found if is_measured(errors) else None
        factor = _next(found.factor, step, before)
        if taken == MOST_STEPS or not abs(factor - 1) < REACH:
            break
        before = found.factor, step
        found = fitted(factor, found)
    return None


def _next(factor: float, step: float, before: tuple[float, float] | None) -> float:
    """Return the next factor: by the step, or from the second one on by the secant through the last two."""
    if before is not None:
        last, last_step = before
        slope = (step - last_step) / (factor - last) if factor != last else 0.0
        if -2.0 < slope * factor < -0.5:  # a step reduces the error by about itself
            return factor - step / slope
    return factor * (1 + step)
