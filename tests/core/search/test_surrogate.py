import numpy as np
import pytest

from botalign.geometry import matrix_from_quaternion, matrix_from_rotation_vector, quaternion_from_matrix
from botalign.geometry.rotations import random_quaternions
from botalign.search import Surrogate, kernel
from botalign.search.steepest import steepest_descent


def random_surrogate(count: int, *, seed: int = 0, length_scale: float = 0.75, nugget: float = 1e-3) -> Surrogate:
    """Return a surrogate with positive losses at random rotations."""
    rng = np.random.default_rng(seed)
    surrogate = Surrogate(count, length_scale=length_scale, nugget=nugget)
    for q, value in zip(random_quaternions(count, rng), rng.uniform(0.2, 1, count), strict=True):
        surrogate.add(q, value)
    return surrogate


def rotated(q: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the matrix of `q`, rotated further by a rotation vector."""
    return matrix_from_rotation_vector(vector) @ matrix_from_quaternion(q)


def slope(surrogate: Surrogate, q: np.ndarray) -> float:
    """Return the norm of the Riemannian gradient on SO(3) as a submanifold of the matrices, from equation 11."""
    R = matrix_from_quaternion(q)
    pulled = R.T @ surrogate.euclidean_gradient(R)
    return float(np.linalg.norm((pulled - pulled.T) / 2))


@pytest.mark.parametrize("length_scale", [0.75, 1.0, 3.0])
def test_the_kernel_is_equation_8(length_scale: float) -> None:
    rng = np.random.default_rng(0)
    p, q = random_quaternions(7, rng), random_quaternions(5, rng)
    R, S = matrix_from_quaternion(p), matrix_from_quaternion(q)
    squared = np.linalg.norm(R[:, None] - S[None], axis=(2, 3)) ** 2
    np.testing.assert_allclose(
        kernel(p, q, length_scale=length_scale), np.exp(-squared / (2 * length_scale**2)), rtol=1e-10
    )


def test_the_kernel_does_not_depend_on_the_sign_of_a_quaternion() -> None:
    p, q = random_quaternions(2, np.random.default_rng(1))
    np.testing.assert_allclose(
        kernel(p[None], q[None], length_scale=1.0), kernel(-p[None], q[None], length_scale=1.0), rtol=1e-12
    )


@pytest.mark.parametrize("length_scale", [0.75, 1.0])
def test_the_posterior_mean_is_equation_10(length_scale: float) -> None:
    rng = np.random.default_rng(2)
    quaternions, values = random_quaternions(200, rng), rng.uniform(0, 1, 200)
    surrogate = Surrogate(200, length_scale=length_scale, nugget=1e-3)
    positions = random_quaternions(10, rng)
    for t, (q, value) in enumerate(zip(quaternions, values, strict=True), start=1):
        surrogate.add(q, value)
        if t in (1, 2, 3, 10, 50, 200):
            K = kernel(quaternions[:t], quaternions[:t], length_scale=length_scale)
            weights = np.linalg.solve(K + 1e-3 * np.eye(t), values[:t])
            np.testing.assert_allclose(surrogate.weights, weights, rtol=1e-7, atol=1e-7)
            expected = kernel(positions, quaternions[:t], length_scale=length_scale) @ weights
            np.testing.assert_allclose([surrogate.mean(q) for q in positions], expected, atol=1e-8)
    np.testing.assert_array_equal(surrogate.quaternions, quaternions)
    np.testing.assert_array_equal(surrogate.values, values)


def test_repeated_values_at_one_rotation_give_their_mean() -> None:
    surrogate = Surrogate(100, length_scale=0.75, nugget=1e-3)
    q = np.array([1.0, 0, 0, 0])
    for value in np.tile([0.5, 0.7], 50):
        surrogate.add(q, value)
    # The prior has mean 0 and variance 1; there are 100 observations with noise of variance 0.001.
    assert surrogate.mean(q) == pytest.approx(0.6 * 100 / (100 + 1e-3), abs=1e-8)


def test_far_from_all_rotations_the_mean_is_that_of_the_prior() -> None:
    surrogate = Surrogate(1, length_scale=0.3, nugget=1e-3)
    surrogate.add(np.array([1.0, 0, 0, 0]), 5.0)
    assert surrogate.mean(np.array([0.0, 1, 0, 0])) == pytest.approx(0, abs=1e-15)


def test_the_gradient_is_equation_11() -> None:
    surrogate = random_surrogate(30)
    known = matrix_from_quaternion(surrogate.quaternions)

    def mean(matrix: np.ndarray) -> float:
        squared = ((matrix - known) ** 2).sum(axis=(1, 2))
        return float(np.exp(-squared / (2 * 0.75**2)) @ surrogate.weights)

    R = matrix_from_quaternion(random_quaternions(1, np.random.default_rng(5))[0])
    gradient, step = surrogate.euclidean_gradient(R), 1e-6
    for position in np.ndindex(3, 3):
        nudge = np.zeros((3, 3))
        nudge[position] = step
        assert gradient[position] == pytest.approx((mean(R + nudge) - mean(R - nudge)) / (2 * step), abs=1e-7)


def test_the_gradient_agrees_with_finite_differences_along_rotations() -> None:
    surrogate, step = random_surrogate(30), 1e-6
    for q in random_quaternions(5, np.random.default_rng(6)):
        gradient = surrogate.euclidean_gradient(matrix_from_quaternion(q))
        for axis in np.eye(3):
            up, down = (surrogate.mean(quaternion_from_matrix(rotated(q, sign * step * axis))) for sign in (1, -1))
            tangent = np.cross(axis, np.eye(3)).T @ matrix_from_quaternion(q)
            assert (gradient * tangent).sum() == pytest.approx((up - down) / (2 * step), abs=1e-6)


def test_a_descent_returns_a_lower_value_and_its_position() -> None:
    for seed in range(5):
        surrogate = random_surrogate(40, seed=seed)
        for start in random_quaternions(10, np.random.default_rng(seed)):
            end, value = surrogate.descend(start, min_gradient=0.1, min_step=0.1)
            assert value <= surrogate.mean(start) + 1e-12
            assert np.linalg.norm(end) == pytest.approx(1)
            assert value == pytest.approx(surrogate.mean(end), abs=1e-12)


def test_a_descent_does_not_change_its_start() -> None:
    start = random_quaternions(1, np.random.default_rng(3))[0]
    kept = start.copy()
    random_surrogate(10).descend(start, min_gradient=1e-3, min_step=1e-3)
    np.testing.assert_array_equal(start, kept)


def test_a_descent_stops_where_the_gradient_is_small() -> None:
    surrogate = random_surrogate(20)
    start = random_quaternions(1, np.random.default_rng(4))[0]
    end, _ = surrogate.descend(start, min_gradient=slope(surrogate, start) * 1.01, min_step=0.0)
    np.testing.assert_array_equal(end, start)
    end, _ = surrogate.descend(start, min_gradient=slope(surrogate, start) * 0.99, min_step=0.0)
    assert np.abs(end - start).max() > 0


def test_a_descent_with_tight_thresholds_ends_at_a_stationary_point() -> None:
    for seed in range(3):
        surrogate = random_surrogate(40, seed=seed)
        for start in random_quaternions(10, np.random.default_rng(seed)):
            end, _ = surrogate.descend(start, min_gradient=1e-4, min_step=0.0, max_steps=5000)
            assert slope(surrogate, end) < 1e-3


def test_a_descent_reaches_the_minimum_of_pymanopt() -> None:
    rng = np.random.default_rng(7)
    # Two line searches may end in different minima, but must agree if there is only one.
    bowl = Surrogate(1, length_scale=2.0, nugget=1e-3)
    bowl.add(random_quaternions(1, rng)[0], -1.0)
    for start in random_quaternions(5, rng):
        ours, low = bowl.descend(start, min_gradient=1e-5, min_step=0.0, max_steps=5000)
        theirs, also_low = steepest_descent(bowl, start, min_gradient=1e-5, min_step=1e-12, max_steps=5000)
        assert low == pytest.approx(also_low, abs=1e-8)
        assert abs(ours @ theirs) == pytest.approx(1, abs=1e-6)


def test_a_descent_near_a_minimum_ends_where_pymanopt_does() -> None:
    for seed in range(4):
        surrogate = random_surrogate(40, seed=seed)
        rng = np.random.default_rng(seed)
        bottom, _ = steepest_descent(
            surrogate, random_quaternions(1, rng)[0], min_gradient=1e-6, min_step=1e-12, max_steps=5000
        )
        nudge = 0.02 * rng.normal(size=4)
        start = (bottom + nudge) / np.linalg.norm(bottom + nudge)
        _, low = surrogate.descend(start, min_gradient=1e-5, min_step=0.0, max_steps=5000)
        _, also_low = steepest_descent(surrogate, start, min_gradient=1e-5, min_step=1e-12, max_steps=5000)
        assert low == pytest.approx(also_low, abs=1e-6)


def test_both_descents_return_the_mean_at_their_end() -> None:
    surrogate = random_surrogate(40, seed=1)
    for start in random_quaternions(8, np.random.default_rng(8)):
        for descent in (Surrogate.descend, steepest_descent):
            end, value = descent(surrogate, start, min_gradient=0.1, min_step=0.1)
            assert value == pytest.approx(surrogate.mean(end), abs=1e-9)
            assert value <= surrogate.mean(start) + 1e-12


def test_a_descent_stops_at_a_small_gradient_or_step() -> None:
    surrogate = random_surrogate(40, seed=1)
    for start in random_quaternions(8, np.random.default_rng(8)):
        end, _ = surrogate.descend(start, min_gradient=0.1, min_step=0.0)
        assert slope(surrogate, end) < 0.1
        after_one, _ = surrogate.descend(start, min_gradient=0.0, min_step=10.0)
        once, _ = surrogate.descend(start, min_gradient=0.0, min_step=0.0, max_steps=1)
        np.testing.assert_array_equal(after_one, once)
