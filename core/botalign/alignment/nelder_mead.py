"""Minimisation of a function of the rotation without derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from botalign.arrays import Matrix
from botalign.cancellation import check_cancelled
from botalign.geometry import matrix_from_rotation_vector

#: Edge of the first simplex. The default of Nelder-Mead is a twentieth of each coordinate, so nothing at the identity.
SIMPLEX_DEGREES = 4.0


def nelder_mead(
    loss: Callable[[Matrix], float], start: Matrix, *, tolerance_degrees: float = 2.0, evaluations: int = 40
) -> tuple[Matrix, float]:
    """Minimise a function of the rotation near `start`, without derivatives (eq. 16 of Singer and Yang 2024).

    Parameters
    ----------
    loss : callable
        Takes an orthogonal matrix and returns a loss.
    start : ndarray, shape (3, 3)
        Start. The search is over rotation vectors applied to it.
    tolerance_degrees : float, optional
        Stop when the simplex is smaller.
    evaluations : int, optional
        Largest number of calls of `loss`.

    Returns
    -------
    rotation : ndarray, shape (3, 3)
        Orthogonal matrix with the lowest loss.
    loss : float
        Its loss.
    """
    edge = np.radians(SIMPLEX_DEGREES)
    simplex = np.vstack([np.zeros(3), edge * np.eye(3)]) - edge / 4

    def loss_after(vector: Matrix) -> float:
        check_cancelled()
        return loss(matrix_from_rotation_vector(vector) @ start)

    found = optimize.minimize(
        loss_after,
        np.zeros(3),
        method="Nelder-Mead",
        options={
            "initial_simplex": simplex,
            "xatol": float(np.radians(tolerance_degrees)),
            "fatol": np.inf,
            "maxfev": evaluations,
        },
    )
    return matrix_from_rotation_vector(found.x) @ start, float(found.fun)
