r"""What two maps have in common: the fit of rotation and shift that leaves out what moved.

Squared differences are pulled by every domain that lies elsewhere. Here a difference counts by its square while it is
small, and hardly more the larger it is (Geman and McClure 1987),

.. math:: \min_{T, a, b} \frac{1}{n} \sum_x \frac{r^2}{r^2 + c^2}, \quad r = u(x) - a\, v(T^{-1} x) - b ,

so that the minimum is about the share of the points at which the maps differ. It is found by least squares with the
weights :math:`(1 + r^2 / c^2)^{-2}`, worked out anew at every step. The scale :math:`c` starts at the spread of the
differences where the fit starts, and shrinks with them: what is far off at first is reached all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from botalign.alignment.descent import descend, is_small
from botalign.alignment.fitting import Fit, FitProblem, damped_step
from botalign.arrays import Matrix
from botalign.scores import jackknife_mean
from botalign.threads import one_blas_thread

#: The scale in standard deviations of the differences, as their median tells them, and the least one, in standard
#: deviations of the fixed map: interpolation alone differs by as much.
SCALE, LEAST_SCALE = 1.0, 0.05
#: How often the weights are worked out anew for the scale and the offset of the densities, at one pose.
REWEIGHTED = 5
#: A point that counts for less than this at a pose is no part of what the maps have in common there.
LEAST_WEIGHT = 0.25


@dataclass(frozen=True, eq=False)
class RobustProblem(FitProblem):
    """Two sampled maps, compared by what they have in common; see :class:`FitProblem`."""

    @classmethod
    def of(cls, problem: FitProblem) -> RobustProblem:
        """Compare the maps of another problem by what they have in common."""
        return cls(**vars(problem))

    def solve_each(
        self, transforms: list[Matrix], *, allowed: Callable[[Matrix], bool], tolerance: float = 1e-3
    ) -> list[Fit]:
        """Fit from each pose, and judge all by one scale: the least of theirs."""
        ends, scales = [], []
        for start in transforms:
            end, scale = self._descend(start, tolerance)
            if not allowed(end[:, :3]):
                end, scale = start, self._differences(start, None)[1]
            ends.append(end)
            scales.append(scale)
        least = min(scales, default=0.0)
        return [Fit(end, self.correlation(end), 1 - _loss(self._differences(end, least)[0], least)) for end in ends]

    def weights(self, transform: Matrix, *, least_scale: float = 0.0) -> Matrix:
        """Return how much each point counts at a pose, 0 to 1, shape (n,), by a scale that isn't less than the least.

        The least scale is in standard deviations of the fixed map.
        """
        scale = max(self._differences(transform, None)[1], least_scale * float(self.fixed.std()))
        return _weights(*self._differences(transform, scale))

    def agreeing(self, transform: Matrix) -> FitProblem:
        """Return the plain problem of the points that count for more than a quarter at a pose."""
        kept = self.weights(transform) > LEAST_WEIGHT
        fields = vars(self) | {"points": self.points[kept], "terms": self.terms[kept]}
        return FitProblem(**fields)

    def margin(self, first: Matrix, second: Matrix) -> tuple[float, float]:
        """Return how much larger a share agrees at one pose than at another, and the standard error of that."""
        scale = min(self._differences(pose, None)[1] for pose in (first, second))
        a, b = (_counted(self._differences(pose, scale)[0], scale) for pose in (first, second))
        return jackknife_mean(b - a, self.blocks())

    def is_as_good(self, first: Matrix, second: Matrix) -> bool:
        """Whether as large a share agrees at a second pose, or what agrees at the first correlates as well there.

        Without noise the scale of the differences is that of the interpolation's error, and so are those of the shares.
        """
        return super().is_as_good(first, second) or self.agreeing(first).is_as_good(first, second)

    def _differences(self, transform: Matrix, scale: float | None) -> tuple[Matrix, float]:
        """Return the differences at a pose, the densities of one map fitted to the other's, and their scale."""
        moved = self.moved(transform).astype(np.float64)
        if scale is None:
            scale = self._scale(self.fixed - _fitted(self.fixed, moved, np.ones_like(moved)))
            for _ in range(2):  # the first fit is pulled by what moved, and so is the scale that it tells
                scale = min(scale, self._scale(_robust_differences(self.fixed, moved, scale)))
        return _robust_differences(self.fixed, moved, scale), scale

    def _scale(self, differences: Matrix) -> float:
        spread = 1.4826 * float(np.median(np.abs(differences - np.median(differences))))
        return max(SCALE * spread, LEAST_SCALE * float(self.fixed.std()), 1e-30)

    def _descend(self, transform: Matrix, tolerance: float, max_steps: int = 25) -> tuple[Matrix, float]:
        """Return the minimum near a pose, and the scale of the last step."""
        with one_blas_thread():
            end = descend(
                _Point(self, transform, *self._differences(transform, None)),
                converged=lambda point, step, gain: is_small(step, tolerance),
                max_steps=max_steps,
            )
        return end.transform, end.last_scale


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

    @property
    def last_scale(self) -> float:
        """Scale of the last step that was computed, from here or to here."""
        return self.next_scale if "next_scale" in vars(self) else self.scale

    def step(self, damping: float) -> Matrix:
        weights = _weights(self.differences, self.next_scale)
        terms = np.column_stack([self.problem.terms, self.problem.fixed - self.differences])
        return damped_step(terms.T @ (terms * weights[:, None]), damping)

    def moved(self, step: Matrix) -> _Point:
        trial = self.problem.advanced(self.transform, step)
        return _Point(self.problem, trial, *self.problem._differences(trial, self.next_scale))

    def gain(self, other: _Point) -> float:
        return _loss(self.differences, self.next_scale) - _loss(other.differences, self.next_scale)


def _counted(differences: Matrix, scale: float) -> Matrix:
    """How much each difference counts, 0 to 1."""
    squared = differences * differences
    return np.asarray(squared / (squared + scale * scale))


def _loss(differences: Matrix, scale: float) -> float:
    return float(_counted(differences, scale).mean())


def _weights(differences: Matrix, scale: float) -> Matrix:
    return np.asarray((1 + (differences / scale) ** 2) ** -2.0)


def _robust_differences(fixed: Matrix, moved: Matrix, scale: float) -> Matrix:
    """Differences with the scale and the offset of the moved densities fitted to what agrees."""
    differences = fixed - _fitted(fixed, moved, np.ones_like(moved))
    for _ in range(REWEIGHTED):
        differences = fixed - _fitted(fixed, moved, _weights(differences, scale))
    return differences


def _fitted(fixed: Matrix, moved: Matrix, weights: Matrix) -> Matrix:
    """Return ``a * moved + b`` with the weighted least squares to `fixed`."""
    total = weights.sum()
    mean, other = weights @ moved / total, weights @ fixed / total
    deviations = moved - mean
    variance = float((weights * deviations) @ deviations)
    slope = float((weights * deviations) @ (fixed - other)) / variance if variance > 0 else 0.0
    return np.asarray(slope * deviations + other)
