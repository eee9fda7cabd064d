"""Gauss-Newton steps of a pose that use the derivatives of the fixed map; see :mod:`botalign.alignment.fitting`.

They need the products of the moved map with the same terms at every pose, so steps from many poses are taken together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.descent import (
    DAMPING,
    LARGEST_DAMPING,
    are_small,
    next_damping,
    pose_derivatives,
    solve_damped,
)
from botalign.alignment.sampled import Sampled
from botalign.arrays import Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.geometry import identity
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_gradients_at

#: All parameters of a pose: rotation and shift.
ALL = (0, 1, 2, 3, 4, 5)
#: Columns of the moments after those of the six derivatives: 1, the fixed map, and the moved one.
ONE, FIXED, MOVED = 6, 7, 8


@dataclass(frozen=True, eq=False)
class Terms:
    """The columns that are multiplied with the moved map.

    Attributes
    ----------
    columns : ndarray, shape (n, 8)
        At each point: six derivatives of the fixed map, 1, and its density.
    """

    columns: Matrix

    @cached_property
    def products(self) -> Matrix:
        """Their sums of products, shape (8, 8)."""
        return self.columns.T @ self.columns

    def moments(self, moved: Volume) -> tuple[Matrix, Matrix]:
        """Return the moments at several poses, and the correlations about the mean.

        Parameters
        ----------
        moved : ndarray, shape (m, n)
            Densities of the moved map.

        Returns
        -------
        moments : ndarray, shape (m, 9, 9)
            Sums of products of the columns and the moved map.
        correlations : ndarray, shape (m,)
            Correlations about the mean of the two maps.
        """
        values = moved.astype(np.float64)
        moments = np.empty((len(values), 9, 9))
        moments[:, :8, :8] = self.products
        moments[:, MOVED, :8] = moments[:, :8, MOVED] = values @ self.columns
        moments[:, MOVED, MOVED] = np.einsum("ij,ij->i", values, values)
        total, u, uu = self.products[ONE, ONE], self.products[ONE, FIXED], self.products[FIXED, FIXED]
        v, uv, vv = moments[:, MOVED, ONE], moments[:, MOVED, FIXED], moments[:, MOVED, MOVED]
        n = max(total, 1.0)
        variances = (uu - u * u / n) * (vv - v * v / n)
        correlations = np.zeros(len(v))
        np.divide(uv - u * v / n, np.sqrt(np.maximum(variances, 0)), out=correlations, where=variances > 0)
        return moments, correlations


def arms(points: NDArray[np.int32], grid: Grid, centre: Matrix) -> Matrix:
    """Return the positions of voxels relative to a centre, in voxels, shape (n, 3), given their indices."""
    return np.asarray(points - (centre - np.array(grid.origin_angstrom)) / grid.voxel_size_angstrom[0])


def terms_at(fixed: Sampled, points: NDArray[np.int32], centre: Matrix) -> Matrix:
    """Return the columns of :class:`Terms` at points of the grid of a map, for rotations about a centre."""
    terms = np.empty((len(points), 8))
    slopes = spline_gradients_at(fixed.coefficients, fixed.grid, identity(), fixed.grid, points)
    terms[:, :6], terms[:, ONE] = pose_derivatives(arms(points, fixed.grid, centre), slopes), 1.0
    terms[:, FIXED] = fixed.values[tuple(points.T[::-1])]
    return terms


def climb(
    terms: Terms,
    poses: Matrix,
    *,
    moved: Callable[[Matrix], Volume],
    advanced: Callable[[Matrix, Matrix], Matrix],
    free: tuple[int, ...],
    tolerance: float,
    max_steps: int,
) -> tuple[Matrix, Matrix]:
    """Go to the nearest maximum of the correlation from each of several poses.

    Parameters
    ----------
    terms : Terms
        The terms.
    poses : ndarray, shape (m, 3, 4)
        Where to start.
    moved : callable
        Returns the densities of the moved map, shape (m, n), at poses.
    advanced : callable
        Returns poses after steps, shape (m, 6).
    free : tuple of int
        Parameters that are fitted.
    tolerance : float
        Stop when a step rotates by less than this many degrees and shifts by less than this many voxels.
    max_steps : int
        Largest number of steps.

    Returns
    -------
    poses : ndarray, shape (m, 3, 4)
        The maxima.
    correlations : ndarray, shape (m,)
        Correlations about the mean there.
    """
    poses = poses.copy()
    moments, correlations = terms.moments(moved(poses))
    damping, going = np.full(len(poses), DAMPING), np.arange(len(poses))
    for _ in range(max_steps):
        check_cancelled()
        if not len(going):
            break
        steps = damped_step(moments[going], damping[going], free)
        trials = advanced(poses[going], steps)
        found, reached = terms.moments(moved(trials))
        better = reached >= correlations[going]
        accepted = going[better]
        poses[accepted], moments[accepted], correlations[accepted] = trials[better], found[better], reached[better]
        damping[going] = next_damping(damping[going], better)
        going = going[~(are_small(steps, tolerance) | (damping[going] > LARGEST_DAMPING))]
    return poses, correlations


def damped_step(moments: Matrix, damping: float | Matrix, free: tuple[int, ...] = ALL) -> Matrix:
    """Return the steps of rotation (radians) and shift (voxels) that solve ``u + J step = a v + b``.

    Parameters
    ----------
    moments : ndarray, shape (..., 9, 9)
        Sums of products, optionally weighted, of the columns (six derivatives of ``u``, 1, ``u``, ``v``).
    damping : float or ndarray, shape (...)
        Fraction of itself by which the diagonal of the derivatives is raised.
    free : tuple of int, optional
        Parameters of the step that may differ from zero.
    """
    count = len(free)
    sign = np.array([-1.0] * count + [1.0, 1.0])
    order = [*free, ONE, MOVED]  # the columns of the unknowns: those of J, then 1 and v
    ordered = moments[..., order, :]
    hessian = ordered[..., order] * (sign[:, None] * sign)
    raised = np.zeros((*moments.shape[:-2], count + 2))
    raised[..., :count] = np.asarray(damping)[..., None]
    step = np.zeros((*moments.shape[:-2], 6))
    step[..., list(free)] = solve_damped(hessian, sign * ordered[..., FIXED], raised)[..., :count]
    return step
