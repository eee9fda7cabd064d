import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign.errors import InputError
from botalign.geometry import (
    apply_transform,
    checked_transform,
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


def random_transform(seed: int) -> np.ndarray:
    """Return a rigid transform; those of odd seeds mirror."""
    rng = np.random.default_rng(seed)
    flip = np.diag([1.0, 1.0, -1.0 if seed % 2 else 1.0])
    return np.column_stack([random_rotations(1, rng)[0] @ flip, rng.uniform(-300, 300, 3)])


def as_4x4(transform: np.ndarray) -> np.ndarray:
    """Return a transform as a 4x4 matrix."""
    return np.vstack([transform, [0, 0, 0, 1]])


@given(a=seeds, b=seeds, point=points)
def test_compose_applies_the_inner_transform_first(a: int, b: int, point: np.ndarray) -> None:
    outer, inner = random_transform(a), random_transform(b)
    together = compose(outer, inner)
    np.testing.assert_allclose(as_4x4(together), as_4x4(outer) @ as_4x4(inner), atol=1e-9)
    np.testing.assert_allclose(
        apply_transform(together, point), apply_transform(outer, apply_transform(inner, point)), atol=1e-9
    )


def test_compose_broadcasts_leading_axes() -> None:
    many = np.array([random_transform(seed) for seed in range(4)])
    one = random_transform(9)
    np.testing.assert_allclose(compose(many, one), [compose(each, one) for each in many], atol=1e-12)
    np.testing.assert_allclose(compose(one, many), [compose(one, each) for each in many], atol=1e-12)
    np.testing.assert_allclose(compose(many, many), [compose(each, each) for each in many], atol=1e-12)


@given(seed=seeds, point=points)
def test_inverse_from_the_left_and_from_the_right(seed: int, point: np.ndarray) -> None:
    transform = random_transform(seed)
    inverted = inverse(transform)
    np.testing.assert_allclose(compose(inverted, transform), identity(), atol=1e-9)
    np.testing.assert_allclose(compose(transform, inverted), identity(), atol=1e-9)
    np.testing.assert_allclose(apply_transform(inverted, apply_transform(transform, point)), point, atol=1e-9)


def test_inverses_and_turns_of_several_transforms() -> None:
    rng = np.random.default_rng(0)
    turns, starts, ends = random_rotations(6, rng).reshape(2, 3, 3, 3), rng.normal(size=(2, 3, 3)), rng.normal(size=3)
    several = transform_about(turns, starts[0, 0], starts)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(several[index], transform_about(turns[index], starts[0, 0], starts[index]))
        np.testing.assert_allclose(inverse(several)[index], inverse(several[index]))
        np.testing.assert_allclose(compose(inverse(several), several)[index], np.eye(3, 4), atol=1e-12)
    assert transform_about(turns, ends, ends).shape == (2, 3, 3, 4)


def test_inverse_of_an_affine_transform() -> None:
    to_physical = Grid((4, 5, 6), (1.0, 2.0, 3.0), (7.0, 8.0, 9.0)).index_to_physical
    np.testing.assert_allclose(compose(inverse(to_physical), to_physical), identity(), atol=1e-12)


@given(seed=seeds, p=points, q=points)
def test_transforms_preserve_distances(seed: int, p: np.ndarray, q: np.ndarray) -> None:
    transform = random_transform(seed)
    before, after = p - q, apply_transform(transform, p) - apply_transform(transform, q)
    assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(before), abs=1e-9)
    assert is_rigid(transform)


def test_apply_transform_keeps_leading_axes() -> None:
    cloud = np.random.default_rng(0).normal(size=(4, 5, 3))
    transform = random_transform(3)
    moved = apply_transform(transform, cloud)
    assert moved.shape == cloud.shape
    np.testing.assert_allclose(moved[2, 3], transform[:, :3] @ cloud[2, 3] + transform[:, 3])


@given(seed=seeds, start=points, end=points)
def test_transform_about_takes_one_centre_to_the_other(seed: int, start: np.ndarray, end: np.ndarray) -> None:
    linear = random_transform(seed)[:, :3]
    transform = transform_about(linear, start, end)
    np.testing.assert_array_equal(transform[:, :3], linear)
    np.testing.assert_allclose(apply_transform(transform, start), end, atol=1e-9)


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
def test_matrices_that_are_not_rigid(wrong: np.ndarray) -> None:
    assert not is_rigid(wrong)


def test_rounded_matrices_are_rigid() -> None:
    transform = np.column_stack([matrix_from_rotation_vector([0.1, 0.2, 0.3]).round(8), [1, 2, 3]])
    assert is_rigid(transform)


@given(
    index=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    sides=st.tuples(*[st.floats(0.1, 20)] * 3),
    origin=points,
)
def test_index_to_physical_takes_indices_x_first(
    index: tuple[int, int, int], sides: tuple[float, float, float], origin: np.ndarray
) -> None:
    grid = Grid((10, 10, 10), sides, tuple(origin))
    expected = origin + np.array(sides) * index
    np.testing.assert_allclose(apply_transform(grid.index_to_physical, index), expected, atol=1e-9)
    np.testing.assert_allclose(apply_transform(inverse(grid.index_to_physical), expected), index, atol=1e-6)


@pytest.mark.parametrize(
    ("matrix", "found"),
    [(np.eye(3), r"an array of shape \(3, 3\)"), (2 * np.eye(3, 4), "a matrix that is not rigid")],
)
def test_checked_transform_reports_what_it_got(matrix: np.ndarray, found: str) -> None:
    with pytest.raises(InputError, match=f"^transform: got {found}, expected a 3x4 matrix of a rigid transform"):
        checked_transform(matrix)
    np.testing.assert_array_equal(checked_transform(None), identity())
