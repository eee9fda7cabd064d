r"""Fit of rotation and shift: the least squared difference of two maps, with scale and offset.

With the fixed map :math:`u` and the moving map :math:`v`, at points :math:`x` of the grid of the fixed map,

.. math:: \min_{T, a, b} \sum_x \left(u(x) - a\, v(T^{-1} x) - b\right)^2 .

The minimum over scale and offset is the variance of :math:`u` times one minus the squared correlation about the mean.
So this maximises that correlation, and the maps may have different units.

A Gauss-Newton step is computed as if the fixed map moved, :math:`u(\Delta x) \approx u + J_u\delta`, and its inverse
is then applied to the moving map: so :math:`\delta, a, b` solve a linear problem whose derivatives :math:`J_u` are the
same at every pose (the inverse compositional algorithm, Baker and Matthews 2004).

Where the maps differ, by noise for example, these steps do not end exactly at the minimum, because their gradient uses
the derivatives of the fixed map, and they are short, because its curvature is larger than that of the loss. The last
fit takes Newton steps. Their gradient uses the derivatives :math:`J_v` of the moved map. The Hessian of a sum of
products :math:`u v` is, after integration by parts, minus that of their derivatives:

.. math:: H = a \sum_x J_v(x)^T J_u(x) .
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.descent import convex, descend, is_small, solve_damped, stepped
from botalign.alignment.gauss_newton import ALL, FIXED, MOVED, ONE, Terms, arms, climb, terms_at
from botalign.alignment.sampled import Sampled
from botalign.arrays import Matrix, Volume
from botalign.kept import kept
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_at, spline_moments_at
from botalign.scores import correlation_about_mean, jackknife_difference
from botalign.threads import one_blas_thread

#: Side in voxels of the blocks that the jackknife leaves out, larger than the distance over which voxels correlate.
BLOCK_VOXELS = 4
#: The least margin of densities; see :class:`FitProblem`.
LEAST_MARGIN = 1e-3
#: Where a fit stops: a step that rotates by less than this many degrees, and shifts by less than this many voxels.
TOLERANCE = 1e-3
#: Poses whose densities are kept: the result of a fit is then compared with others, and its error is estimated.
KEPT = 4


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of a fit.

    Attributes
    ----------
    transform : ndarray, shape (3, 4)
        The pose.
    correlation : float
        Correlation about the mean there, over the points.
    share : float or None
        Fraction of the points at which the maps agree, if that was fitted.
    """

    transform: Matrix
    correlation: float
    share: float | None = None


@dataclass(frozen=True, eq=False)
class FitProblem:
    """Two sampled maps, and the points at which they are compared.

    Attributes
    ----------
    fixed_grid : Grid
        A grid of cubic voxels.
    coefficients : ndarray, float32
        Cubic B-spline coefficients of the moving map on `moving_grid`.
    moving_grid : Grid
        Its grid.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` of the voxels of the fixed map at which the maps are compared.
    terms : ndarray, shape (n, 8)
        At each point: derivatives of the fixed map with respect to a rotation of the point about `centre` (per radian
        about ``x, y, z``) and to a shift (per voxel), 1, and the density of the fixed map.
    centre : ndarray, shape (3,)
        Centre of the rotations, in angstrom.
    least_margin : float
        Poses whose correlations differ by less than this fit equally well: interpolation alone has such an error.
    free : tuple of int
        Which of the six parameters of the pose are fitted: 0 to 2 for the rotation, 3 to 5 for the shift.
    """

    fixed_grid: Grid
    coefficients: Volume
    moving_grid: Grid
    points: NDArray[np.int32]
    terms: Matrix
    centre: Matrix
    least_margin: float = LEAST_MARGIN
    free: tuple[int, ...] = ALL
    _moved: dict[bytes, Volume] = field(default_factory=dict, init=False)

    @classmethod
    def between(
        cls, fixed: Sampled, moving: Sampled, *, where: NDArray[np.bool_], centre: Matrix, most: int | None = None
    ) -> FitProblem:
        """Make the problem from sampled maps and a mask of the fixed map, thinned to `most` points."""
        grid = fixed.grid
        inside = np.flatnonzero(where)
        inside = inside if most is None else inside[:: _interval(len(inside), most)]
        points = np.stack(np.unravel_index(inside, where.shape)[::-1], axis=1).astype(np.int32)
        return cls(grid, moving.coefficients, moving.grid, points, terms_at(fixed, points, centre), centre)

    def with_fixed(self, fixed: Sampled) -> FitProblem:
        """Return the problem at the same points with other densities of the fixed map."""
        return replace(self, terms=terms_at(fixed, self.points, self.centre))

    def thinned(self, most: int) -> FitProblem:
        """Return the problem with every n-th of its points, at most `most` of them, to approach the best pose."""
        step = _interval(len(self.points), most)
        return replace(
            self, points=np.ascontiguousarray(self.points[::step]), terms=np.ascontiguousarray(self.terms[::step])
        )

    @property
    def arms(self) -> Matrix:
        """The positions of the points relative to the centre of the rotations, in voxels, shape (n, 3)."""
        return arms(self.points, self.fixed_grid, self.centre)

    @property
    def fixed(self) -> Matrix:
        """The densities of the fixed map at the points, shape (n,)."""
        return self.terms[:, 7]

    def moved(self, transform: Matrix) -> Volume:
        """Return the densities of the moved map at the points, shape (n,). Those of the last poses are kept."""
        return kept(self._moved, transform.tobytes(), lambda: self._moved_by(transform), most=KEPT)

    def _moved_by(self, transforms: Matrix) -> Volume:
        """Return the densities of the moved map at the points, shape (..., n), for transforms (..., 3, 4)."""
        return spline_at(self.coefficients, self.moving_grid, transforms, self.fixed_grid, self.points)

    def correlation(self, transform: Matrix) -> float:
        """Correlation about the mean over the points."""
        return correlation_about_mean(self.fixed, self.moved(transform))

    def correlations(self, transforms: Sequence[Matrix]) -> Matrix:
        """Correlations about the mean at several poses, shape (m,)."""
        poses = np.array(transforms, dtype=np.float64).reshape(-1, 3, 4)
        return self._terms.moments(self._moved_by(poses))[1]

    def solve_each(
        self, transforms: Sequence[Matrix], *, allowed: Callable[[Matrix], bool], tolerance: float = TOLERANCE,
        max_steps: int = 12, exact: bool = True,
    ) -> list[Fit]:  # fmt: skip
        """Fit from each pose, by Newton steps if `exact`; keep a pose if the end has a rotation that is not allowed."""
        if exact:
            ends = [Fit(*self.solve_exactly(start, tolerance=tolerance, max_steps=max_steps)) for start in transforms]
        else:
            found = zip(*self.solve_all(transforms, tolerance=tolerance, max_steps=max_steps), strict=True)
            ends = [Fit(end, float(correlation)) for end, correlation in found]
        return [
            end if allowed(end.transform[:, :3]) else Fit(start, self.correlation(start))
            for start, end in zip(transforms, ends, strict=True)
        ]

    def margin(self, first: Matrix, second: Matrix) -> tuple[float, float]:
        """Return by how much the correlation is higher at the first pose than at the second, and its standard error."""
        return jackknife_difference(self.fixed, self.moved(first), self.moved(second), self.blocks())

    def is_as_good(self, first: Matrix, second: Matrix) -> bool:
        """Whether the maps agree at the second pose as well as at the first, within the error of the difference."""
        margin, error = self.margin(first, second)
        return is_within_error(margin, error, self.least_margin)

    def blocks(self) -> NDArray[np.int64]:
        """Return the number of the block of each point, shape (n,)."""
        blocks = (self.points - self.points.min(axis=0)) // BLOCK_VOXELS
        return np.asarray(np.ravel_multi_index(tuple(blocks.T.astype(np.int64)), tuple(blocks.max(axis=0) + 1)))

    def advanced(self, transform: Matrix, step: Matrix) -> Matrix:
        """Return the pose after a step of rotation (radians) and shift (voxels)."""
        return stepped(transform, step, self.centre, self.fixed_grid.voxel_size_angstrom[0])

    def solve(self, transform: Matrix, *, tolerance: float = TOLERANCE, max_steps: int = 12) -> tuple[Matrix, float]:
        """Go to the nearest maximum of the correlation from one pose; see :meth:`solve_all`."""
        ends, correlations = self.solve_all([transform], tolerance=tolerance, max_steps=max_steps)
        return ends[0], float(correlations[0])

    def solve_all(
        self, transforms: Sequence[Matrix] | Matrix, *, tolerance: float = TOLERANCE, max_steps: int = 12
    ) -> tuple[Matrix, Matrix]:
        """Go to the nearest maximum of the correlation from each of several poses by damped Gauss-Newton steps.

        Parameters
        ----------
        transforms : sequence of ndarray, shape (3, 4)
            Where to start.
        tolerance : float, optional
            Stop when a step rotates by less than this many degrees and shifts by less than this many voxels.
        max_steps : int, optional
            Largest number of steps.

        Returns
        -------
        transforms : ndarray, shape (m, 3, 4)
            The maxima.
        correlations : ndarray, shape (m,)
            Correlations about the mean there, over the points.
        """
        with one_blas_thread():
            return climb(
                self._terms, np.array(transforms, dtype=np.float64).reshape(-1, 3, 4), moved=self._moved_by,
                advanced=self.advanced, free=self.free, tolerance=tolerance, max_steps=max_steps,
            )  # fmt: skip

    @cached_property
    def _terms(self) -> Terms:
        return Terms(self.terms)

    def solve_exactly(
        self, transform: Matrix, *, tolerance: float = TOLERANCE, max_steps: int = 12
    ) -> tuple[Matrix, float]:
        """Go to the nearest maximum of the correlation from one pose by damped Newton steps; see :meth:`solve_all`."""
        with one_blas_thread():
            end, _ = descend(
                _Point.at(self, transform),
                converged=lambda point, step, gain: is_small(step, tolerance),
                max_steps=max_steps,
            )
        return end.transform, end.correlation

    def agreeing(self, transform: Matrix) -> FitProblem:
        """Return the problem of the points at which the maps agree: here of all points."""
        return self


@dataclass(frozen=True, eq=False)
class _Point:
    """A pose during a descent that uses the derivatives of the moved map."""

    problem: FitProblem
    transform: Matrix
    moments: Matrix
    correlation: float

    @classmethod
    def at(cls, problem: FitProblem, transform: Matrix) -> _Point:
        moments, correlations = problem._terms.moments(problem.moved(transform)[None])
        return cls(problem, transform, moments[0], float(correlations[0]))

    def moved(self, step: Matrix) -> _Point:
        return self.at(self.problem, self.problem.advanced(self.transform, step))

    def gain(self, other: _Point) -> float:
        return other.correlation - self.correlation

    def step(self, damping: float) -> Matrix:
        step = np.zeros(6)
        step[list(self.problem.free)] = solve_damped(*self._system, damping)
        return step

    @cached_property
    def _system(self) -> tuple[Matrix, Matrix]:
        """Hessian of half the loss by the k free parameters, shape (k, k), and its negative gradient, shape (k,)."""
        problem = self.problem
        both = [ONE, MOVED]
        inverse = np.linalg.pinv(self.moments[np.ix_(both, both)])  # the moved map may be constant
        offset, scale = inverse @ self.moments[both, FIXED]
        products = scale * spline_moments_at(
            problem.coefficients, problem.moving_grid, self.transform, problem.fixed_grid, problem.points,
            centre=problem.centre, columns=problem.terms, densities=problem.moved(self.transform),
        )  # fmt: skip
        to_both = products[:, both]
        # Scale and offset follow each step.
        hessian = products[:, :6] - to_both @ inverse @ to_both.T
        gradient = to_both @ [offset, scale] - products[:, FIXED]
        # Parameters that are held must not change the curvature of the others.
        free = list(problem.free)
        block = np.ix_(free, free)
        # If the map moves instead of the points, the sign of its derivatives changes.
        return convex(hessian[block], problem._terms.products[block]), gradient[free]


def _interval(count: int, most: int) -> int:
    """Return the smallest interval at which no more than `most` of some points are left."""
    return max(1, -(-count // most))


def is_within_error(margin: float, error: float, least: float = LEAST_MARGIN) -> bool:
    """Whether a margin in quality is explained by its standard error, or by interpolation."""
    return bool(margin < max(3 * error, least))
