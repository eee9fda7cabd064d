import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign.geometry import (
    apply_transform,
    compose,
    identity,
    inverse,
    is_rigid,
    matrix_from_rotation_vector,
    random_rotations,
    transform_about,
)
from botalign.maps import Grid

lengths = st.floats(-500, 500)
points = st.tuples(lengths, lengths, lengths).map(np.array)
seeds = st.integers(0, 10_000)


def motion(seed: int) -> np.ndarray:
    """A rigid motion, every second one with a mirror."""
    rng = np.random.default_rng(seed)
    flip = np.diag([1.0, 1.0, -1.0 if seed % 2 else 1.0])
    return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-300, 300, 3)])


def square(transform: np.ndarray) -> np.ndarray:
    """The same transform as a 4x4 matrix, of which products and inverses are known."""
    return np.vstack([transform, [0, 0, 0, 1]])


@given(a=seeds, b=seeds, point=points)
def test_a_composition_applies_the_inner_motion_first(a: int, b: int, point: np.ndarray) -> None:
    outer, inner = motion(a), motion(b)
    together = compose(outer, inner)
    np.testing.assert_allclose(square(together), square(outer) @ square(inner), atol=1e-9)
    np.testing.assert_allclose(
        apply_transform(together, point), apply_transform(outer, apply_transform(inner, point)), atol=1e-9
    )


@given(seed=seeds, point=points)
def test_an_inverse_undoes_a_motion_from_either_side(seed: int, point: np.ndarray) -> None:
    there = motion(seed)
    back = inverse(there)
    np.testing.assert_allclose(compose(back, there), identity(), atol=1e-9)
    np.testing.assert_allclose(compose(there, back), identity(), atol=1e-9)
    np.testing.assert_allclose(apply_transform(back, apply_transform(there, point)), point, atol=1e-9)


def test_an_inverse_of_what_is_not_rigid_undoes_it_too() -> None:
    to_physical = Grid((4, 5, 6), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0)).index_to_physical
    np.testing.assert_allclose(compose(inverse(to_physical), to_physical), identity(), atol=1e-12)


@given(seed=seeds, p=points, q=points)
def test_a_motion_keeps_distances(seed: int, p: np.ndarray, q: np.ndarray) -> None:
    there = motion(seed)
    before, after = p - q, apply_transform(there, p) - apply_transform(there, q)
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), abs=1e-9)
    assert is_rigid(there)


def test_points_keep_their_leading_axes() -> None:
    cloud = np.random.default_rng(0).normal(size=(4, 5, 3))
    there = motion(3)
    moved = apply_transform(there, cloud)
    assert moved.shape == cloud.shape
    np.testing.assert_allclose(moved[2, 3], there[:, :3] @ cloud[2, 3] + there[:, 3])


@given(seed=seeds, start=points, end=points)
def test_a_transform_about_a_point_takes_it_where_asked(seed: int, start: np.ndarray, end: np.ndarray) -> None:
    linear = motion(seed)[:, :3]
    there = transform_about(linear, start, end)
    np.testing.assert_array_equal(there[:, :3], linear)
    np.testing.assert_allclose(apply_transform(there, start), end, atol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        np.eye(3),
        np.eye(4),
        np.column_stack([1.01 * np.eye(3), np.zeros(3)]),
        np.column_stack([np.diag([1.0, 1.0, 0.0]), np.zeros(3)]),
        np.column_stack([np.eye(3), [0, np.nan, 0]]),
        np.column_stack([np.eye(3), [0, np.inf, 0]]),
        np.column_stack([np.eye(3) + 0.01 * np.eye(3, k=1), np.zeros(3)]),
    ],
)
def test_what_is_not_rigid(wrong: np.ndarray) -> None:
    assert not is_rigid(wrong)


def test_rounding_does_not_make_a_motion_not_rigid() -> None:
    there = np.column_stack([matrix_from_rotation_vector([0.1, 0.2, 0.3]).round(8), [1, 2, 3]])
    assert is_rigid(there)


@given(
    index=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    sides=st.tuples(*[st.floats(0.1, 20)] * 3),
    origin=points,
)
def test_indices_of_a_grid_go_to_angstrom_x_first(
    index: tuple[int, int, int], sides: tuple[float, float, float], origin: np.ndarray
) -> None:
    grid = Grid((10, 10, 10), sides, tuple(origin))
    expected = origin + np.array(sides) * index
    np.testing.assert_allclose(apply_transform(grid.index_to_physical, index), expected, atol=1e-9)
    np.testing.assert_allclose(apply_transform(inverse(grid.index_to_physical), expected), index, atol=1e-6)
