r"""Rotation and shift together: Gauss-Newton on the squared difference of two maps, scale and offset fitted along.

With :math:`u` the fixed map, :math:`v` the moving one, both at points :math:`x` of the fixed map's grid,

.. math:: \min_{T, a, b} \sum_x w(x) \left(u(x) - a\, v(T^{-1} x) - b\right)^2 ,

whose minimum over scale and offset is one minus the squared correlation about the mean, times the variance of
:math:`u`: so this maximises that correlation, and maps in different units do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.geometry import compose, inverse, matrix_from_rotation_vector, transform_about
from botalign.maps.grid import Grid
from botalign.maps.interpolation import cubic_slopes, cubic_weights, interior_value, spline_coefficients
from botalign.scores import correlation_about_mean
from botalign.threads import one_blas_thread

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FitProblem:
    """Two sampled maps, and where to compare them.

    Attributes
    ----------
    fixed : ndarray, float32
        The fixed map on `fixed_grid`.
    fixed_grid : Grid
        A grid of cubic voxels.
    coefficients : ndarray, float32
        Cubic B-spline coefficients of the moving map on `moving_grid`.
    moving_grid : Grid
        Its grid.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` of the voxels of the fixed map to compare at.
    centre : ndarray, shape (3,)
        What rotations are about, in angstrom.
    """

    fixed: Volume
    fixed_grid: Grid
    coefficients: Volume
    moving_grid: Grid
    points: NDArray[np.int32]
    centre: Matrix

    @classmethod
    def between(
        cls, fixed: Volume, fixed_grid: Grid, moving: Volume, moving_grid: Grid, *, where: NDArray[np.bool_],
        centre: Matrix,
    ) -> FitProblem:  # fmt: skip
        """Make the problem from sampled maps and a mask of the fixed one."""
        points = np.ascontiguousarray(np.argwhere(where)[:, ::-1], dtype=np.int32)
        return cls(fixed, fixed_grid, spline_coefficients(moving), moving_grid, points, centre)

    def thinned(self, most: int) -> FitProblem:
        """Return the problem with every n-th of its points, at most about `most` of them: as good to get near with."""
        return replace(self, points=self.points[:: -(-len(self.points) // most)])

    def _to_source(self, transform: Matrix) -> Matrix:
        return compose(
            inverse(self.moving_grid.index_to_physical), compose(inverse(transform), self.fixed_grid.index_to_physical)
        )

    def values(self, transform: Matrix) -> tuple[Matrix, Matrix]:
        """Return the densities of the fixed and of the moved map at the points."""
        x, y, z = self.points.T
        fixed = self.fixed[z, y, x].astype(np.float64)
        moved = np.empty(len(fixed))
        _look_up(self.coefficients, self.points, self._to_source(transform), moved)
        return fixed, moved

    def correlation(self, transform: Matrix) -> float:
        """Correlation about the mean over the points."""
        return correlation_about_mean(*self.values(transform))

    def solve(self, transform: Matrix, *, tolerance: float = 1e-3, max_steps: int = 12) -> tuple[Matrix, float]:
        """Go to the nearest maximum of the correlation, by damped Gauss-Newton steps (Levenberg and Marquardt).

        Parameters
        ----------
        transform : ndarray, shape (3, 4)
            Where to start; its linear part may be a mirror.
        tolerance : float, optional
            Stop when a step turns by less than this many degrees and shifts by less than this many voxels.
        max_steps : int, optional
            The most steps.

        Returns
        -------
        transform : ndarray, shape (3, 4)
            Where it ended.
        correlation : float
            Correlation about the mean there, over the points.
        """
        damping = 1e-3
        voxel = self.fixed_grid.voxel_size_angstrom[0]
        centre_index = (self.centre - np.array(self.fixed_grid.origin_angstrom)) / voxel
        normal, best = self._normal_equations(transform, centre_index)
        for _ in range(max_steps):
            step = _damped_step(normal, damping)
            moved = compose(
                transform_about(matrix_from_rotation_vector(step[:3]), self.centre, self.centre + step[3:6] * voxel),
                transform,
            )
            trial_normal, trial = self._normal_equations(moved, centre_index)
            small = np.degrees(np.abs(step[:3]).max()) < tolerance and np.abs(step[3:6]).max() < tolerance
            if trial >= best:
                transform, normal, best = moved, trial_normal, trial
                damping *= 0.2
            else:
                damping = max(damping, 1e-4) * 10
            if small or damping > 1e6:
                break
        return transform, best

    def _normal_equations(self, transform: Matrix, centre_index: Matrix) -> tuple[Matrix, float]:
        """Moments of (six derivatives, moving, 1, fixed), shape (9, 9), and the correlation about the mean."""
        rows = np.empty((len(self.points), 9))
        _fill(self.coefficients, self.fixed, self.points, self._to_source(transform), centre_index, rows)
        with one_blas_thread():
            moments = rows.T @ rows
        n = max(moments[7, 7], 1.0)
        cross = moments[6, 8] - moments[6, 7] * moments[7, 8] / n
        variances = (moments[6, 6] - moments[6, 7] ** 2 / n) * (moments[8, 8] - moments[7, 8] ** 2 / n)
        return moments, float(cross / np.sqrt(variances)) if variances > 0 else 0.0


def _damped_step(moments: Matrix, damping: float) -> Matrix:
    """Step of rotation (radians) and shift (voxels) from the moments, scale and offset solved for as well."""
    intensities = moments[6:8, 6:8] + 1e-12 * np.eye(2) * max(moments[6, 6], 1e-300)
    scale, offset = np.linalg.solve(intensities, moments[6:8, 8])
    jacobian = np.array([scale] * 6 + [1.0, 1.0])
    hessian = moments[:8, :8] * np.outer(jacobian, jacobian)
    gradient = jacobian * (moments[:8, 8] - scale * moments[:8, 6] - offset * moments[:8, 7])
    diagonal = np.diag(hessian).copy()
    diagonal[diagonal <= 0] = 1.0
    return np.linalg.solve(hessian + np.diag((damping + 1e-12) * diagonal), gradient)[:6]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _look_up(coefficients: Volume, points: NDArray[np.int32], to_source: Matrix, out: Matrix) -> None:
    """Values of the spline at the points, zero outside."""
    nz, ny, nx = coefficients.shape
    for n in range(points.shape[0]):
        i, j, k = float(points[n, 0]), float(points[n, 1]), float(points[n, 2])
        x = to_source[0, 0] * i + to_source[0, 1] * j + to_source[0, 2] * k + to_source[0, 3]
        y = to_source[1, 0] * i + to_source[1, 1] * j + to_source[1, 2] * k + to_source[1, 3]
        z = to_source[2, 0] * i + to_source[2, 1] * j + to_source[2, 2] * k + to_source[2, 3]
        out[n] = 0.0
        if 1 <= x < nx - 2 and 1 <= y < ny - 2 and 1 <= z < nz - 2:
            out[n] = interior_value(coefficients, x, y, z)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _value_and_gradient(coefficients: Volume, point: NDArray[np.int32], to_source: Matrix, gradient: Matrix) -> float:
    """Value of the spline at a point; fills `gradient` with the derivatives by the point's index ``(x, y, z)``."""
    nz, ny, nx = coefficients.shape
    i, j, k = float(point[0]), float(point[1]), float(point[2])
    x = to_source[0, 0] * i + to_source[0, 1] * j + to_source[0, 2] * k + to_source[0, 3]
    y = to_source[1, 0] * i + to_source[1, 1] * j + to_source[1, 2] * k + to_source[1, 3]
    z = to_source[2, 0] * i + to_source[2, 1] * j + to_source[2, 2] * k + to_source[2, 3]
    if not (1 <= x < nx - 2 and 1 <= y < ny - 2 and 1 <= z < nz - 2):
        gradient[:] = 0
        return 0.0
    p, q, r = int(x), int(y), int(z)
    wx, wy, wz = cubic_weights(x - p), cubic_weights(y - q), cubic_weights(z - r)
    sx, sy, sz = cubic_slopes(x - p), cubic_slopes(y - q), cubic_slopes(z - r)
    value = gx = gy = gz = 0.0
    for c in range(4):
        plane = plane_x = plane_y = 0.0
        for b in range(4):
            c0 = coefficients[r - 1 + c, q - 1 + b, p - 1]
            c1 = coefficients[r - 1 + c, q - 1 + b, p]
            c2 = coefficients[r - 1 + c, q - 1 + b, p + 1]
            c3 = coefficients[r - 1 + c, q - 1 + b, p + 2]
            row = wx[0] * c0 + wx[1] * c1 + wx[2] * c2 + wx[3] * c3
            plane += wy[b] * row
            plane_y += sy[b] * row
            plane_x += wy[b] * (sx[0] * c0 + sx[1] * c1 + sx[2] * c2 + sx[3] * c3)
        value += wz[c] * plane
        gx += wz[c] * plane_x
        gy += wz[c] * plane_y
        gz += sz[c] * plane
    for d in range(3):
        gradient[d] = to_source[0, d] * gx + to_source[1, d] * gy + to_source[2, d] * gz
    return value


@njit(cache=True, nogil=True)
def _fill(
    coefficients: Volume, fixed: Volume, points: NDArray[np.int32], to_source: Matrix, centre: Matrix, rows: Matrix
) -> None:
    """Fill a row (six derivatives, moving, 1, fixed) for each point.

    A small rotation `w` about `centre` and a shift `d`, both of the moved map, change its value at a point `p` by
    ``-((p - centre) x g) . w - g . d``, with `g` the gradient by `p`.
    """
    g = np.empty(3)
    for n in range(points.shape[0]):
        value = _value_and_gradient(coefficients, points[n], to_source, g)
        dx, dy, dz = points[n, 0] - centre[0], points[n, 1] - centre[1], points[n, 2] - centre[2]
        rows[n, 0] = -(dy * g[2] - dz * g[1])
        rows[n, 1] = -(dz * g[0] - dx * g[2])
        rows[n, 2] = -(dx * g[1] - dy * g[0])
        rows[n, 3], rows[n, 4], rows[n, 5] = -g[0], -g[1], -g[2]
        rows[n, 6], rows[n, 7] = value, 1.0
        rows[n, 8] = fixed[points[n, 2], points[n, 1], points[n, 0]]
