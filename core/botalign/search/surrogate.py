r"""The surrogate of the loss: a Gaussian process on the rotations, with its kernel and gradient.

Rotations are given as unit quaternions. Since :math:`\|R - S\|_F^2 = 8 (1 - \langle p, q\rangle^2)`, the kernel of
rotations :math:`R, S` (eq. 8 of Singer and Yang 2024) is

.. math:: c(R, S) = \exp\left(-\frac{\|R - S\|_F^2}{2 \ell^2}\right)
                  = \exp\left(-\frac{4 (1 - \langle p, q\rangle^2)}{\ell^2}\right).
"""

import numpy as np
from numba import njit

from botalign.arrays import Matrix
from botalign.threads import one_blas_thread


def kernel(first: Matrix, second: Matrix, *, length_scale: float) -> Matrix:
    """Return the covariances (eq. 8), shape (m, n), of unit quaternions of shapes (m, 4) and (n, 4)."""
    return np.asarray(np.exp(-4.0 * (1.0 - (first @ second.T) ** 2) / length_scale**2))


class Surrogate:
    r"""Posterior mean of a Gaussian process with prior mean zero, given values at rotations.

    .. math:: f_t(R) = k(R)^T (K + \tau I)^{-1} Y

    (eqs. 10 and 17 of Singer and Yang 2024). The inverse is updated when a rotation is added, at a cost of
    :math:`O(t^2)`.

    Parameters
    ----------
    capacity : int
        Largest number of values that can be added.
    length_scale : float
        Length scale :math:`\ell` of the kernel, in the Frobenius norm of rotation matrices.
    nugget : float
        Variance :math:`\tau` added to the diagonal.
    """

    def __init__(self, capacity: int, *, length_scale: float, nugget: float) -> None:
        self.length_scale = length_scale
        self.nugget = nugget
        self.count = 0
        self._quaternions = np.empty((capacity, 4))
        self._values = np.empty(capacity)
        self._inverse = np.zeros((capacity, capacity))
        self._weights = np.empty(capacity)

    @property
    def quaternions(self) -> Matrix:
        """Rotations added so far, shape (count, 4)."""
        return self._quaternions[: self.count]

    @property
    def values(self) -> Matrix:
        """Values at these rotations, shape (count,)."""
        return self._values[: self.count]

    @property
    def weights(self) -> Matrix:
        r"""Coefficients :math:`(K + \tau I)^{-1} Y` of the kernels in the posterior mean, shape (count,)."""
        return self._weights[: self.count]

    def add(self, quaternion: Matrix, value: float) -> None:
        """Add the value of the loss at a rotation."""
        t = self.count
        inverse = self._inverse[:t, :t]
        column = kernel(quaternion[None], self.quaternions, length_scale=self.length_scale)[0]
        with one_blas_thread():
            solved = inverse @ column
            schur = 1.0 + self.nugget - float(solved @ column)
            residual = value - float(solved @ self.values)
        inverse += solved[:, None] * (solved / schur)
        self._inverse[t, :t] = self._inverse[:t, t] = -solved / schur
        self._inverse[t, t] = 1.0 / schur
        self._weights[:t] -= solved * (residual / schur)
        self._weights[t] = residual / schur
        self._quaternions[t] = quaternion
        self._values[t] = value
        self.count += 1

    def mean(self, quaternion: Matrix) -> float:
        """Return the posterior mean at a rotation."""
        return float(kernel(quaternion[None], self.quaternions, length_scale=self.length_scale)[0] @ self.weights)

    def euclidean_gradient(self, rotation: Matrix) -> Matrix:
        """Return the gradient of the posterior mean with respect to the entries of a rotation matrix (eq. 11)."""
        from botalign.geometry import matrix_from_quaternion

        known = matrix_from_quaternion(self.quaternions)
        squared = ((rotation - known) ** 2).sum(axis=(1, 2))
        factors = self.weights * np.exp(-squared / (2 * self.length_scale**2)) / self.length_scale**2
        return np.asarray(np.tensordot(factors, known - rotation, axes=1))

    def descend(
        self, start: Matrix, *, min_gradient: float, min_step: float, max_steps: int = 500
    ) -> tuple[Matrix, float]:
        """Descend the posterior mean by steepest descent on the unit quaternions.

        Parameters
        ----------
        start : ndarray, shape (4,)
            Unit quaternion to start from.
        min_gradient, min_step : float
            Norm of the gradient and step, in the Frobenius norm of rotation matrices, below which the descent stops.
        max_steps : int, optional
            Largest number of steps.

        Returns
        -------
        quaternion : ndarray, shape (4,)
            Unit quaternion where the descent ended.
        value : float
            Posterior mean there.
        """
        end = np.array(start, dtype=np.float64)
        value = _descend(
            end, self.quaternions, self.weights, 4.0 / self.length_scale**2, min_gradient, min_step, max_steps
        )
        return end, float(value)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _descend(
    q: Matrix,
    quaternions: Matrix,
    weights: Matrix,
    sharpness: float,
    min_gradient: float,
    min_step: float,
    max_steps: int,
) -> float:
    """Descend from `q` with Armijo backtracking, in place; return the value where the descent ends."""
    trial, gradient, direction = np.empty(4), np.empty(4), np.empty(4)
    for d in range(4):
        trial[d], direction[d] = q[d], 0.0
    chord = np.sqrt(8.0)  # ratio of small steps of the matrix and of the quaternion
    mean, slope, length, steps = 1e300, 1.0, 0.0, 0
    # One loop evaluates the start and every trial, so that the evaluation is compiled once.
    while True:
        value, along = 0.0, 0.0
        for d in range(4):
            gradient[d] = 0.0
        for i in range(weights.shape[0]):
            dot = 0.0
            for d in range(4):
                dot += quaternions[i, d] * trial[d]
            term = weights[i] * np.exp(-sharpness * (1.0 - dot * dot))
            value += term
            factor = 2.0 * sharpness * term * dot
            along += factor * dot
            for d in range(4):
                gradient[d] += factor * quaternions[i, d]
        if value > mean - 0.3 * length * slope and length * chord >= 1e-4:
            length *= 0.5
        else:
            if value > mean:
                break
            mean, squared = value, 0.0
            for d in range(4):
                q[d] = trial[d]
                direction[d] = gradient[d] - along * q[d]  # along the unit quaternions
                squared += direction[d] ** 2
            slope = np.sqrt(squared)
            if slope / chord < min_gradient or (steps and length * chord < min_step) or steps == max_steps:
                break
            # The first trial step is 0.1 in quaternions (11 degrees), later ones are twice the last step.
            length = min(0.3, 2.0 * length) if steps else 0.1
            steps += 1
        squared = 0.0
        for d in range(4):
            trial[d] = q[d] - length / slope * direction[d]
            squared += trial[d] ** 2
        for d in range(4):
            trial[d] /= np.sqrt(squared)
    return mean
