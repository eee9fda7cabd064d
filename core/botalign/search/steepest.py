"""The descent of the paper: Riemannian steepest descent on rotation matrices, by pymanopt."""

from botalign.arrays import Matrix
from botalign.geometry import matrix_from_quaternion, quaternion_from_matrix
from botalign.search.surrogate import Surrogate


def steepest_descent(
    surrogate: Surrogate, start: Matrix, *, min_gradient: float = 0.1, min_step: float = 0.1, max_steps: int = 500
) -> tuple[Matrix, float]:
    """Descend the posterior mean as described in Section 4.1 of Singer and Yang (2024), with its gradient (eq. 11).

    Parameters
    ----------
    surrogate : Surrogate
        Function to minimise.
    start : ndarray, shape (4,)
        Unit quaternion to start from.
    min_gradient, min_step : float, optional
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
    import pymanopt  # here, because it imports jax where that is installed, which takes seconds

    manifold = pymanopt.manifolds.SpecialOrthogonalGroup(3)

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator]
    def cost(rotation: Matrix) -> float:
        return surrogate.mean(quaternion_from_matrix(rotation))

    @pymanopt.function.numpy(manifold)  # type: ignore[untyped-decorator]
    def gradient(rotation: Matrix) -> Matrix:
        return surrogate.euclidean_gradient(rotation)

    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    optimizer = pymanopt.optimizers.SteepestDescent(
        max_iterations=max_steps, min_gradient_norm=min_gradient, min_step_size=min_step, verbosity=0
    )
    result = optimizer.run(problem, initial_point=matrix_from_quaternion(start))
    return quaternion_from_matrix(result.point), float(result.cost)
