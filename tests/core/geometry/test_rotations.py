import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from botalign.geometry import (
    axis_angle,
    euler_zyz_degrees,
    geodesic_degrees,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    random_rotations,
    uniform_rotations,
)

parts = st.floats(-1, 1).map(lambda value: round(value, 6))
quaternions = (
    st.tuples(parts, parts, parts, parts)
    .map(np.array)
    .filter(lambda q: np.linalg.norm(q) > 1e-3)
    .map(lambda q: q / np.linalg.norm(q))
)


@given(q=quaternions)
def test_matrix_from_quaternion_agrees_with_scipy(q: np.ndarray) -> None:
    expected = Rotation.from_quat(q[[1, 2, 3, 0]]).as_matrix()
    np.testing.assert_allclose(matrix_from_quaternion(q), expected, atol=1e-12)


@given(q=quaternions)
def test_matrix_from_quaternion_is_a_rotation(q: np.ndarray) -> None:
    R = matrix_from_quaternion(q)
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)


@given(q=quaternions)
def test_quaternion_from_matrix_is_the_inverse_up_to_sign(q: np.ndarray) -> None:
    inverted = quaternion_from_matrix(matrix_from_quaternion(q))
    assert inverted[0] >= 0
    assert abs(inverted @ q) == pytest.approx(1, abs=1e-12)


@given(q=quaternions)
def test_axis_and_angle_describe_the_matrix(q: np.ndarray) -> None:
    R = matrix_from_quaternion(q)
    axis, angle = axis_angle(R)
    assert 0 <= angle <= 180 + 1e-9
    assert np.linalg.norm(axis) == pytest.approx(1)
    np.testing.assert_allclose(matrix_from_rotation_vector(np.radians(angle) * axis), R, atol=1e-7)
    np.testing.assert_allclose(R @ axis, axis, atol=1e-7)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 2e-8, 1e-4, 3.0])
def test_small_and_large_rotation_vectors_give_orthogonal_matrices(angle: float) -> None:
    x, y, z = angle * np.array([2.0, -1.0, 2.0]) / 3
    R = matrix_from_rotation_vector([x, y, z])
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose((R - R.T) / 2, np.sinc(angle / np.pi) * np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]))


def test_a_rotation_by_90_degrees_about_z_takes_x_to_y() -> None:
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(matrix_from_rotation_vector([0, 0, np.pi / 2]), quarter, atol=1e-15)
    np.testing.assert_allclose(matrix_from_quaternion(np.sqrt([0.5, 0, 0, 0.5])), quarter, atol=1e-15)
    axis, angle = axis_angle(quarter)
    np.testing.assert_allclose(axis, [0, 0, 1], atol=1e-15)
    assert angle == pytest.approx(90)


@pytest.mark.parametrize("below_180", [0.0, 1e-9, 1e-6, 1e-3, 1.0])
def test_axis_and_angle_near_180_degrees(below_180: float) -> None:
    for axis in ([1.0, 0, 0], [0, -0.6, 0.8], [-2 / 3, 1 / 3, 2 / 3]):
        rotation = Rotation.from_rotvec((np.pi - np.radians(below_180)) * np.array(axis)).as_matrix()
        found, angle = axis_angle(rotation)
        assert angle == pytest.approx(180 - below_180, abs=1e-7)
        assert abs(float(found @ axis)) == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(matrix_from_rotation_vector(np.radians(angle) * found), rotation, atol=1e-8)


def test_several_rotation_vectors_at_once() -> None:
    vectors = np.random.default_rng(3).normal(size=(2, 5, 3)) * np.array([1e-9, 1.0, 3.0, 0.0, 1e-3])[:, None]
    expected = Rotation.from_rotvec(vectors.reshape(-1, 3)).as_matrix().reshape(2, 5, 3, 3)
    np.testing.assert_allclose(matrix_from_rotation_vector(vectors), expected, atol=1e-14)


def test_axis_and_angle_of_the_identity() -> None:
    axis, angle = axis_angle(np.eye(3))
    assert axis.tolist() == [0, 0, 1]
    assert angle == 0


@given(p=quaternions, q=quaternions)
def test_frobenius_norm_of_a_difference_from_quaternions(p: np.ndarray, q: np.ndarray) -> None:
    R, S = matrix_from_quaternion(p), matrix_from_quaternion(q)
    assert 8 * (1 - (p @ q) ** 2) == pytest.approx(np.linalg.norm(R - S) ** 2, abs=1e-12)


@given(p=quaternions, q=quaternions)
def test_geodesic_distance_is_equation_9(p: np.ndarray, q: np.ndarray) -> None:
    R, S = matrix_from_quaternion(p), matrix_from_quaternion(q)
    angle = float(geodesic_degrees(R, S))
    # The argument is compared because the arc cosine is imprecise.
    assert np.cos(np.radians(angle)) == pytest.approx((np.trace(R @ S.T) - 1) / 2, abs=1e-12)
    assert angle == pytest.approx(axis_angle(R @ S.T)[1], abs=1e-5)


@pytest.mark.parametrize("degrees", [1e-9, 1e-5, 0.01, 1, 90, 179, 179.99])
def test_geodesic_distance_is_precise_at_small_angles(degrees: float) -> None:
    R = random_rotations(1, np.random.default_rng(0))[0]
    rotated = matrix_from_rotation_vector(np.radians(degrees) * np.array([0.6, 0, 0.8])) @ R
    assert float(geodesic_degrees(rotated, R)) == pytest.approx(degrees, rel=1e-6, abs=1e-13)


@given(p=quaternions, q=quaternions, r=quaternions)
def test_geodesic_distance_is_an_invariant_metric(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> None:
    R, S, T = (matrix_from_quaternion(each) for each in (p, q, r))
    # The arc sine loses half of its digits near a right angle.
    assert geodesic_degrees(R, S) == pytest.approx(float(geodesic_degrees(S, R)), abs=1e-9)
    assert geodesic_degrees(T @ R, T @ S) == pytest.approx(float(geodesic_degrees(R, S)), abs=1e-5)
    assert geodesic_degrees(R @ T, S @ T) == pytest.approx(float(geodesic_degrees(R, S)), abs=1e-5)
    assert geodesic_degrees(R, S) <= geodesic_degrees(R, T) + geodesic_degrees(T, S) + 1e-5


def test_leading_axes_are_kept_and_broadcast() -> None:
    rotations = random_rotations(6, np.random.default_rng(1)).reshape(2, 3, 3, 3)
    quaternions_of = quaternion_from_matrix(rotations)
    assert quaternions_of.shape == (2, 3, 4)
    np.testing.assert_allclose(matrix_from_quaternion(quaternions_of), rotations, atol=1e-12)
    angles = geodesic_degrees(rotations, rotations[1, 2])
    assert angles.shape == (2, 3)
    assert angles[1, 2] == 0
    assert float(angles[0, 1]) == pytest.approx(float(geodesic_degrees(rotations[0, 1], rotations[1, 2])))


def test_random_rotations_are_uniform() -> None:
    rotations = random_rotations(20_000, np.random.default_rng(2))
    # Under the Haar measure the angle t has distribution (t - sin t) / pi, and every entry mean 0 and variance 1/3.
    angles = np.sort(np.radians(geodesic_degrees(rotations, np.eye(3))))
    expected = (angles - np.sin(angles)) / np.pi
    # The Kolmogorov-Smirnov statistic exceeds 1.95 / sqrt(n) with probability 0.001.
    assert np.abs(expected - np.arange(1, 20_001) / 20_000).max() < 1.95 / np.sqrt(20_000)
    np.testing.assert_allclose(rotations.mean(axis=0), 0, atol=4 * np.sqrt(1 / 3 / 20_000))
    np.testing.assert_allclose(rotations.var(axis=0), 1 / 3, atol=0.01)


def test_random_rotations_depend_on_the_generator_only() -> None:
    first, second = (random_rotations(3, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("tilt", [0.0, 1e-12, 40.0, 180.0])
def test_euler_angles_reproduce_the_rotation(tilt: float) -> None:
    R = Rotation.from_euler("ZYZ", [200.0, tilt, -70.0], degrees=True).as_matrix()
    angles = euler_zyz_degrees(R)
    assert 0 <= angles[1] <= 180
    np.testing.assert_allclose(Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix(), R, atol=1e-9)


def test_a_thousand_uniform_rotations_cover_all_rotations() -> None:
    uniform = uniform_rotations(1000)
    np.testing.assert_allclose(
        uniform @ uniform.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (1000, 3, 3)), atol=1e-12
    )
    gaps = [geodesic_degrees(uniform, R).min() for R in random_rotations(300, np.random.default_rng(0))]
    assert max(gaps) < 21  # random ones leave gaps of 28 degrees
    assert np.mean(gaps) < 12.5
