r"""The error of the scale of the moving map, estimated from the derivatives at a pose.

The scale is a parameter with the derivative :math:`x \cdot \nabla`. At the right pose and scale the two products of one
map with the derivatives of the other are equal, whatever the units of the maps and their independent noise:

.. math:: g = \sum_x J_u(x)\, v(x) - u(x)\, J_v(x) = 0 .

So :math:`H^{-1} g / 2` estimates the error. The residual of the least-squares fit would not do: noise in the moving map
lowers the factor of its densities, and a scale would make up for that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.density_slopes import ADDED, projected
from botalign.alignment.sampled import SKIRT_VOXELS
from botalign.arrays import Matrix, dilated


def chosen(indices: Matrix, shape: tuple[int, ...], u: Matrix, v: Matrix) -> NDArray[np.bool_]:
    """Return which points are in or near the molecule, judged by both maps alike.

    The points of a fit are chosen by the fixed map. Its noise at its contour is positive there, that of the moving map
    is not, so the two products would differ. Both choices include the same distance outside the contour.

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
    return np.asarray(dilated(inside, SKIRT_VOXELS).ravel()[indices])


def scale_step(octants: Matrix) -> tuple[float, float]:
    """Return the estimated error of the scale, and its variance between the eight octants about the centre.

    Where the molecules differ, the octants have different scales. The variance is that of the jackknife.

    Parameters
    ----------
    octants : ndarray, shape (8, k + 3, k + 3)
        Products of the derivatives in each octant; see :meth:`DensitySlopes.products`. The last one of the k parameters
        is the scale.
    """
    whole = octants.sum(axis=0)
    count = len(whole) - ADDED
    one, u, v = range(count, count + ADDED)
    mean_u, mean_v = whole[u, one] / whole[one, one], whole[one, v] / whole[one, one]
    hessians = projected(octants, whole)
    hessians = (hessians + hessians.transpose(0, 2, 1)) / 2
    of_first = octants[:, :count, v] - mean_v * octants[:, :count, one]
    of_second = octants[:, u, :count] - mean_u * octants[:, one, :count]
    gradients = (of_first - of_second) / 2
    hessian, gradient = hessians.sum(axis=0), gradients.sum(axis=0)
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
