r"""The covariance of the errors of a pose, and the directions that the maps leave undetermined.

The Hessian :math:`H` is that of the fit, with rotations in radians and shifts in radii of the molecule. A step
:math:`\delta` lowers the correlation by :math:`\delta^T H \delta / (2 \sum_x u v)`. A direction is undetermined if a
step of one radian, or of one radius, lowers it by less than interpolation may change it: as a rotation of a sphere, or
a shift of a featureless rod along its axis. It is also undetermined if the curvature is small, and no larger than noise
makes it, or if its standard error is too large for the linear theory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from botalign.alignment.fitting import LEAST_MARGIN, is_within_error
from botalign.arrays import Matrix

#: A curvature is small below this fraction of the product of the maps; that of molecules is about 1.
SMALL = 0.1
#: A direction with a larger standard error, in radians or radii, is undetermined.
LARGEST_ERROR = 0.25
#: Standard deviation of an angle of which nothing is known.
UNKNOWN = np.pi / np.sqrt(3)


def pose_covariance(
    hessian: Matrix, spread: Matrix, signal: float, error_of: Callable[[Matrix], float]
) -> tuple[Matrix, Matrix]:
    r"""Return the covariance :math:`H^{-1} \Psi H^{-1}` and the undetermined directions.

    Parameters
    ----------
    hessian : ndarray, shape (n, n)
        The matrix :math:`H`.
    spread : ndarray, shape (n, n)
        The matrix :math:`\Psi`, from the noise.
    signal : float
        The product of the two maps, without their means.
    error_of : callable
        Returns the standard deviation of the curvature in a direction.

    Returns
    -------
    covariance : ndarray, shape (n, n)
        The covariance, in radians and radii. Of undetermined directions, the standard errors are those of an angle of
        which nothing is known: 1.8.
    undetermined : ndarray, shape (k, n)
        Unit vectors in these directions.
    """
    curvatures, directions = np.linalg.eigh(hessian)
    flat = curvatures < 2 * LEAST_MARGIN * signal
    for index in np.flatnonzero(~flat & (curvatures < SMALL * signal)):
        flat[index] = is_within_error(curvatures[index], error_of(directions[:, index]), 0.0)
    back = directions[:, ~flat] / curvatures[~flat]
    covariance = back @ (directions[:, ~flat].T @ spread @ directions[:, ~flat]) @ back.T
    variances, axes = np.linalg.eigh(covariance)
    vague = variances > LARGEST_ERROR**2
    undetermined = np.concatenate([directions[:, flat].T, axes[:, vague].T])
    known = axes[:, ~vague] * variances[~vague]
    return known @ axes[:, ~vague].T + UNKNOWN**2 * undetermined.T @ undetermined, undetermined
