"""The scale of a whole, by a part that was placed in it.

The derivatives of the edges measure it, as those of the densities do for whole maps, at the points at which both agree.
There, the differences are small by choice. So the standard error is that of all points inside the part, among them
those at which neighbours overlap with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from botalign.alignment.fitting import FitProblem
from botalign.alignment.matching_resolution import matching_resolution
from botalign.alignment.part_pair import LEAST_MARGIN, PartPair, edges
from botalign.alignment.robust import RobustProblem
from botalign.alignment.sampled import Sampled
from botalign.alignment.scale import LEAST, Scale
from botalign.alignment.scale_fit import LARGEST_ERROR, converged
from botalign.alignment.uncertainty import Errors, fit_errors
from botalign.arrays import Matrix
from botalign.geometry import apply_transform, inverse
from botalign.maps.grid import Grid
from botalign.models import Model, simulate
from botalign.scores import correlation_about_mean

#: The standard errors of parts at their right places must be larger by this factor: neighbours differ from noise, since
#: they lie around the part. Chosen on the complexes of ``benchmarks/scale.py --parts``.
INFLATED = 1.5
#: With a larger standard error at the given scale and resolution, a fit would not find the scale.
HOPELESS_ERROR = 0.05
#: Where the fit of the scale ends: a step of so many standard errors at the agreeing points. These change from step to
#: step, so that it may not end at a smaller one.
CONVERGED_ERRORS = 0.4


def agreeing_errors(fit: FitProblem, pose: Matrix, *, scaled: bool) -> Errors:
    """Return the errors of a pose, from the whole to the part, at the points at which they agree."""
    return fit_errors(RobustProblem.of(fit).agreeing(pose), pose, scaled=scaled)


def scale_of_whole(
    pair: PartPair, fit: FitProblem, pose: Matrix, agreeing: Errors, *, resolution: float | None,
    allowed: Callable[[Matrix], bool] = lambda linear: True,
) -> Scale | None:  # fmt: skip
    """Return the factor by which the whole should be larger; None if the part does not determine it.

    Parameters
    ----------
    pair : PartPair
        The part and the whole.
    fit : FitProblem
        Their last fit.
    pose : ndarray, shape (3, 4)
        Its solution, from the whole to the part.
    agreeing : Errors
        The errors there; see :func:`agreeing_errors`.
    resolution : float or None
        The given resolution, if one of them is a model.
    allowed : callable, optional
        Whether a fit may end at a linear part.
    """
    found = _AtScale.of(1.0, fit, pose, agreeing)
    if found.errors.scale_error > HOPELESS_ERROR or abs(found.errors.scale_step) < LEAST / 2:
        return found.scale
    sampling = _Sampling(pair, fit, apply_transform(inverse(pose), fit.centre), resolution, allowed)
    if sampling.has_model:
        found = sampling.fitted(1.0, found)
    end = converged(found, sampling.fitted, tolerance=CONVERGED_ERRORS)
    return None if end is None or end.correlation < found.correlation - LEAST_MARGIN else end.scale


def scale_at(pair: PartPair, fit: FitProblem, place: Matrix, *, resolution: float | None) -> Scale | None:
    """Return the factor by which the whole should be larger, given a place of the part; see :func:`scale_of_whole`."""
    (end,) = RobustProblem.of(fit).solve_each([inverse(place)], allowed=lambda linear: True)
    errors = agreeing_errors(fit, end.transform, scaled=True)
    return scale_of_whole(pair, fit, end.transform, errors, resolution=resolution)


@dataclass(frozen=True, eq=False)
class _AtScale:
    """The fit of the whole at a scale.

    Attributes
    ----------
    factor : float
        The scale.
    errors : Errors
        Those at the agreeing points or at all, whichever determine the scale better: at a wrong scale, copies agree in
        a few places only.
    standard_error : float
        The larger one of both standard errors of the scale.
    fit : FitProblem
        The fit.
    pose : ndarray, shape (3, 4)
        Its solution.
    """

    factor: float
    errors: Errors
    standard_error: float
    fit: FitProblem
    pose: Matrix

    @classmethod
    def of(cls, factor: float, fit: FitProblem, pose: Matrix, agreeing: Errors) -> _AtScale:
        """Compute the errors at all points."""
        best, worst = sorted([agreeing, fit_errors(fit, pose)], key=lambda errors: errors.scale_error)
        return cls(factor, best, worst.scale_error, fit, pose)

    @property
    def correlation(self) -> float:
        """Correlation of the edges inside the part."""
        return self.fit.correlation(self.pose)

    @property
    def scale(self) -> Scale | None:
        """The scale with its standard error; None if that is too large."""
        value = self.factor * (1 + self.errors.scale_step)
        return Scale(value, INFLATED * self.standard_error) if self.standard_error < LARGEST_ERROR else None


@dataclass(frozen=True, eq=False)
class _Sampling:
    """A fit, and what it is sampled from.

    Attributes
    ----------
    pair, fit, resolution, allowed
        As for :func:`scale_of_whole`.
    origin : ndarray, shape (3,)
        The point of the whole at the centre of the rotations. It stays, and so does the pose.
    """

    pair: PartPair
    fit: FitProblem
    origin: Matrix
    resolution: float | None
    allowed: Callable[[Matrix], bool]

    @property
    def has_model(self) -> bool:
        """Whether one of them is a model."""
        return self.resolution is not None and (self.pair.model, self.pair.whole_model) != (None, None)

    def fitted(self, factor: float, before: _AtScale) -> _AtScale:
        """Return the fit at a scale, from the pose of another one.

        If one of them is a model, it is simulated at the resolution at which both are blurred alike; see
        :mod:`botalign.alignment.matching_resolution`.
        """
        fit = replace(self.fit, moving_grid=self.fit.moving_grid.scaled(factor, self.origin))
        if self.has_model:
            fit = self._blurred(fit, before.pose)
        (end,) = RobustProblem.of(fit).solve_each([before.pose], allowed=self.allowed)
        return _AtScale.of(factor, fit, end.transform, agreeing_errors(fit, end.transform, scaled=True))

    def _blurred(self, fit: FitProblem, pose: Matrix) -> FitProblem:
        assert self.resolution is not None
        model, grid = self.pair.model, fit.fixed_grid
        if model is not None:
            moved, points = fit.moved(pose), tuple(fit.points.T[::-1])
            best = matching_resolution(
                self.resolution,
                lambda tried: correlation_about_mean(self._edges(model, grid, tried).values[points], moved),
            )
            return fit.with_fixed(self._edges(model, grid, best))
        whole, grid = self.pair.whole_model, self.fit.moving_grid
        assert whole is not None

        def at(tried: float) -> FitProblem:
            return replace(fit, coefficients=self._edges(whole, grid, tried).coefficients)

        return at(matching_resolution(self.resolution, lambda tried: at(tried).correlation(pose)))

    def _edges(self, model: Model, grid: Grid, resolution: float) -> Sampled:
        return Sampled(edges(simulate(model, resolution, grid=grid).data, grid, self.pair.signal), grid)
