r"""The error of the scale of the moving map, estimated from the derivatives at a pose.

The scale is a parameter with the derivative :math:`x \cdot \nabla`. At the right pose and scale the two products of one
map with the derivatives of the other are equal, whatever the units of the maps and their independent noise:

.. math:: g = \sum_x J_u(x)\, v(x) - u(x)\, J_v(x) = 0 .

So :math:`H^{-1} g / 2` estimates the error. The residual of the least-squares fit would not do: noise in the moving map
lowers the factor of its densities, and a scale would make up for that.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from botalign.arrays import Matrix

#: The points are compared up to this distance in voxels outside the contour of both maps together.
SKIRT_VOXELS = 2


def chosen(indices: Matrix, shape: tuple[int, ...], u: Matrix, v: Matrix) -> Matrix:
    """Return which points are in or near the molecule, judged by both maps alike.

    The points of a fit are chosen by the fixed map. Its noise at its contour is positive there, that of the moving map
    is not, so the two products would differ.

    Parameters
    ----------
    indices : ndarray of int, shape (n,)
        Indices of the points in a flattened box.
    shape : tuple of int
        Shape of the box.
    u, v : ndarray, shape (n,)
        Densities of the two maps at the points.
    """
    both = u / u.std() + v / v.std()
    inside = np.zeros(shape, dtype=np.bool_)
    inside.ravel()[indices] = both > both.mean()
    return np.asarray(ndimage.binary_dilation(inside, iterations=SKIRT_VOXELS).ravel()[indices])


def with_scale(arm: Matrix, derivatives: Matrix) -> Matrix:
    """Return derivatives with respect to a pose with one more column: that with respect to the scale."""
    return np.column_stack([derivatives, np.einsum("ij,ij->i", arm, derivatives[:, 3:6])])


def projected(slopes: Matrix, u: Matrix, v: Matrix) -> Matrix:
    """Return the derivatives, orthogonal to changes of scale and offset of the densities, which are fitted too."""
    mean = u / u.std() + v / v.std()
    mean -= mean.mean()
    centred = slopes - slopes.mean(axis=0)
    return np.asarray(centred - np.outer(mean, (mean @ centred) / (mean @ mean)))


def scale_step(arm: Matrix, derivatives: list[Matrix], u: Matrix, v: Matrix) -> tuple[float, float]:
    """Return the estimated error of the scale, and its variance between the eight octants about the centre.

    Where the molecules differ, the octants have different scales. The variance is that of the jackknife.

    Parameters
    ----------
    arm : ndarray, shape (n, 3)
        Positions of the points relative to the centre.
    derivatives : list of two ndarray, shape (n, k)
        Derivatives of both maps, the last column that with respect to the scale.
    u, v : ndarray, shape (n,)
        Densities of both maps in one unit.
    """
    slopes = [projected(each, u, v) for each in derivatives]
    u, v = u - u.mean(), v - v.mean()
    octants = (arm > 0) @ np.array([1, 2, 4])
    hessians, gradients = [], []
    for octant in range(8):
        inside = octants == octant
        product = slopes[0][inside].T @ slopes[1][inside]
        hessians.append((product + product.T) / 2)
        gradients.append((derivatives[0][inside].T @ v[inside] - derivatives[1][inside].T @ u[inside]) / 2)
    hessian, gradient = np.sum(hessians, axis=0), np.sum(gradients, axis=0)
    if np.linalg.eigvalsh(hessian)[0] <= 0:
        return 0.0, np.inf
    step = float(np.linalg.solve(hessian, gradient)[-1])
    without = []
    for left_out, force in zip(hessians, gradients, strict=True):
        rest = hessian - left_out
        if np.linalg.eigvalsh(rest)[0] <= 0:
            return step, np.inf
        without.append(np.linalg.solve(rest, gradient - force)[-1])
    return step, float(7 / 8 * ((np.array(without) - np.mean(without)) ** 2).sum())
