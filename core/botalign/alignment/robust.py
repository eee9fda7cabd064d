r"""Fit of rotation and shift to the part that two maps have in common.

A domain that moved pulls a least-squares fit. Here the loss grows with the square of a difference only while the
difference is small, and is bounded for large ones (Geman and McClure 1987):

.. math:: \min_{T, a, b} \frac{1}{n} \sum_x \frac{r^2}{r^2 + c^2}, \quad r = u(x) - a\, v(T^{-1} x) - b ,

The minimum is approximately the fraction of the points at which the maps differ. It is found by least squares with the
weights :math:`(1 + r^2 / c^2)^{-2}`, which are updated at every step. The scale :math:`c` starts at the spread of the
differences at the start of the fit and shrinks with them, so that a distant minimum is reached too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from botalign.alignment.descent import descend, is_small
from botalign.alignment.fitting import TOLERANCE, Fit, FitProblem
from botalign.alignment.gauss_newton import damped_step
from botalign.arrays import Matrix
from botalign.scores import jackknife_mean
from botalign.threads import one_blas_thread

#: The scale in standard deviations of the differences, estimated from their median, and the smallest scale, in standard
#: deviations of the fixed map: interpolation alone has such an error.
SCALE, LEAST_SCALE = 1.0, 0.05
#: How often the weights are updated for the scale and the offset of the densities, at one pose.
REWEIGHTED = 5
#: A point with a smaller weight at a pose is not part of what the maps have in common there.
LEAST_WEIGHT = 0.25


@dataclass(frozen=True, eq=False)
class RobustProblem(FitProblem):
    """Two sampled maps, compared by what they have in common; see :class:`FitProblem`."""

    @classmethod
    def of(cls, problem: FitProblem) -> RobustProblem:
        """Compare the maps of another problem by what they have in common."""
        return cls(**_fields(problem))

    def solve_each(
        self, transforms: Sequence[Matrix], *, allowed: Callable[[Matrix], bool], tolerance: float = TOLERANCE,
        max_steps: int = 25, exact: bool = True,
    ) -> list[Fit]:  # fmt: skip
        """Fit from each pose, and compare all results at one scale: the smallest of theirs.

        There is one kind of steps, so `exact` has no effect.
        """
        ends, scales = [], []
        for start in transforms:
            end, scale = self._descend(start, tolerance, max_steps)
            if not allowed(end[:, :3]):
                end, scale = start, self._differences(start, None)[1]
            ends.append(end)
            scales.append(scale)
        least = min(scales, default=0.0)
        return [Fit(end, self.correlation(end), 1 - _loss(self._differences(end, least)[0], least)) for end in ends]

    def weights(self, transform: Matrix, *, least_scale: float = 0.0) -> Matrix:
        """Return the weight of each point at a pose, 0 to 1, shape (n,).

        The scale is at least `least_scale` standard deviations of the fixed map.
        """
        scale = max(self._differences(transform, None)[1], least_scale * float(self.fixed.std()))
        return _weights(*self._differences(transform, scale))

    def agreeing(self, transform: Matrix) -> FitProblem:
        """Return the least-squares problem of the points that have more than a quarter of the full weight at a pose."""
        kept = self.weights(transform) > LEAST_WEIGHT
        return FitProblem(**_fields(self) | {"points": self.points[kept], "terms": self.terms[kept]})

    def margin(self, first: Matrix, second: Matrix) -> tuple[float, float]:
        """Return by how much the share is larger at the first pose than at the second, and its standard error."""
        scale = min(self._differences(pose, None)[1] for pose in (first, second))
        a, b = (_counted(self._differences(pose, scale)[0], scale) for pose in (first, second))
        return jackknife_mean(b - a, self.blocks())

    def is_as_good(self, first: Matrix, second: Matrix) -> bool:
        """Whether the share is as large at the second pose, or the part that agrees at the first fits as well there.

        Without noise the scale is that of the interpolation error, and then so are the differences of the shares.
        """
        return super().is_as_good(first, second) or self.agreeing(first).is_as_good(first, second)

    def _differences(self, transform: Matrix, scale: float | None) -> tuple[Matrix, float]:
        """Return the differences at a pose, with densities of one map fitted to the other, and their scale."""
        moved = self.moved(transform).astype(np.float64)
        if scale is None:
            scale = self._scale(self.fixed - _fitted(self.fixed, moved, np.ones_like(moved)))
            for _ in range(2):  # what moved pulls the first fit, and so its scale
                scale = min(scale, self._scale(_robust_differences(self.fixed, moved, scale)))
        return _robust_differences(self.fixed, moved, scale), scale

    def _scale(self, differences: Matrix) -> float:
        spread = 1.4826 * float(np.median(np.abs(differences - np.median(differences))))
        return max(SCALE * spread, LEAST_SCALE * float(self.fixed.std()), 1e-30)

    def _descend(self, transform: Matrix, tolerance: float, max_steps: int) -> tuple[Matrix, float]:
        """Return the minimum near a pose, and the scale of the last step."""
        with one_blas_thread():
            end, accepted = descend(
                _Point(self, transform, *self._differences(transform, None)),
                converged=lambda point, step, gain: is_small(step, tolerance),
                max_steps=max_steps,
            )
        return end.transform, end.scale if accepted else end.next_scale


@dataclass(frozen=True, eq=False)
class _Point:
    """A pose during the descent, with its differences and the scale by which they were computed."""

    problem: RobustProblem
    transform: Matrix
    differences: Matrix
    scale: float

    @cached_property
    def next_scale(self) -> float:
        """Scale of the step from here. It only shrinks: if it grew again, steps could go round in circles."""
        return min(self.scale, self.problem._scale(self.differences))

    def step(self, damping: float) -> Matrix:
        weights = _weights(self.differences, self.next_scale)
        terms = np.column_stack([self.problem.terms, self.problem.fixed - self.differences])
        return damped_step(terms.T @ (terms * weights[:, None]), damping, self.problem.free)

    def moved(self, step: Matrix) -> _Point:
        trial = self.problem.advanced(self.transform, step)
        return _Point(self.problem, trial, *self.problem._differences(trial, self.next_scale))

    def gain(self, other: _Point) -> float:
        return _loss(self.differences, self.next_scale) - _loss(other.differences, self.next_scale)


def _fields(problem: FitProblem) -> dict[str, Any]:
    return {field.name: getattr(problem, field.name) for field in fields(FitProblem) if field.init}


def _counted(differences: Matrix, scale: float) -> Matrix:
    """Return the loss of each difference, 0 to 1."""
    squared = differences * differences
    return np.asarray(squared / (squared + scale * scale))


def _loss(differences: Matrix, scale: float) -> float:
    return float(_counted(differences, scale).mean())


def _weights(differences: Matrix, scale: float) -> Matrix:
    return np.asarray((1 + (differences / scale) ** 2) ** -2.0)


def _robust_differences(fixed: Matrix, moved: Matrix, scale: float) -> Matrix:
    """Return the differences, with scale and offset of the moved densities fitted to the part that agrees."""
    differences = fixed - _fitted(fixed, moved, np.ones_like(moved))
    for _ in range(REWEIGHTED):
        differences = fixed - _fitted(fixed, moved, _weights(differences, scale))
    return differences


def _fitted(fixed: Matrix, moved: Matrix, weights: Matrix) -> Matrix:
    """Return ``a * moved + b``, fitted to `fixed` by weighted least squares."""
    total = weights.sum()
    mean, other = weights @ moved / total, weights @ fixed / total
    deviations = moved - mean
    variance = float((weights * deviations) @ deviations)
    slope = float((weights * deviations) @ (fixed - other)) / variance if variance > 0 else 0.0
    return np.asarray(slope * deviations + other)
