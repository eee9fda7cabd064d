"""The descent of the surrogate that the paper uses: Riemannian steepest descent of pymanopt over rotation matrices."""

import numpy as np
from numpy.typing import NDArray

from botalign.geometry import matrix_from_quaternion, quaternion_from_matrix
from botalign.search.surrogate import Surrogate

Array = NDArray[np.float64]


def steepest_descent(
    surrogate: Surrogate, start: Array, *, min_gradient: float = 0.1, min_step: float = 0.1, max_steps: int = 500
) -> tuple[Array, float]:
    """Go down the posterior mean as Section 4.1 of Singer and Yang (2024) says, with its gradient (eq. 11).

    Parameters
    ----------
    surrogate : Surrogate
        What to minimise.
    start : ndarray, shape (4,)
        Unit quaternion to start from.
    min_gradient, min_step : float, optional
        Where to stop, in the Frobenius norm of rotation matrices.
    max_steps : int, optional
        The most steps.

    Returns
    -------
    quaternion : ndarray, shape (4,)
        Where the descent ended.
    value : float
        The posterior mean there.
    """
    import pymanopt  # here, since with itself it loads jax where that is installed, which takes seconds

    manifold = pymanopt.manifolds.SpecialOrthogonalGroup(3)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator]
    def cost(rotation: Array) -> float:
        return surrogate.mean(quaternion_from_matrix(rotation))

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator]
    def gradient(rotation: Array) -> Array:
        return surrogate.euclidean_gradient(rotation)

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    optimizer = pymanopt.optimizers.SteepestDescent(
        max_iterations=max_steps, min_gradient_norm=min_gradient, min_step_size=min_step, verbosity=0
    )
    result = optimizer.run(problem, initial_point=matrix_from_quaternion(start))
    return quaternion_from_matrix(result.point), float(result.cost)
