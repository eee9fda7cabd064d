import numpy as np
import pytest

from botalign import InputError
from botalign.geometry import (
    MIRROR,
    apply_transform,
    checked_transform,
    compose,
    inverse,
    is_scaled,
    is_similarity,
    random_rotations,
    scale_factor,
    scaling,
    without_scale,
)

ROTATION = random_rotations(1, np.random.default_rng(3))[0]
SHIFT = np.array([3.0, -5.0, 7.0])


@pytest.mark.parametrize("flip", [np.eye(3), MIRROR])
@pytest.mark.parametrize("factor", [0.95, 1.0, 1.05])
def test_the_factor_of_a_scaled_rotation(factor: float, flip: np.ndarray) -> None:
    transform = np.column_stack([factor * ROTATION @ flip, SHIFT])
    assert is_similarity(transform)
    assert scale_factor(transform) == pytest.approx(factor, rel=1e-12)
    assert scale_factor(inverse(transform)) == pytest.approx(1 / factor, rel=1e-12)
    assert is_scaled(transform) == (factor != 1.0)


def test_what_is_no_similarity() -> None:
    assert not is_similarity(np.column_stack([np.diag([1.0, 1.0, 1.05]), SHIFT]))
    assert not is_similarity(np.column_stack([2 * ROTATION, SHIFT]))  # rather another unit
    assert not is_similarity(np.zeros((3, 4)))
    assert not is_similarity(ROTATION)


def test_scaling_keeps_its_centre_and_changes_distances_by_the_factor() -> None:
    centre, point = np.array([1.0, 2.0, 3.0]), np.array([5.0, 2.0, 3.0])
    scaled = scaling(1.05, centre)
    np.testing.assert_allclose(apply_transform(scaled, centre), centre, atol=1e-12)
    np.testing.assert_allclose(apply_transform(scaled, point), [5.2, 2.0, 3.0], atol=1e-12)


def test_without_scale_undoes_a_scaling_about_the_centre() -> None:
    rigid, centre = np.column_stack([ROTATION, SHIFT]), np.array([10.0, -4.0, 2.0])
    scaled = compose(rigid, scaling(0.97, centre))
    np.testing.assert_allclose(without_scale(scaled, centre), rigid, atol=1e-12)


def test_a_model_needs_a_rigid_transform_and_a_map_a_similarity() -> None:
    scaled = np.column_stack([1.05 * ROTATION, SHIFT])
    np.testing.assert_array_equal(checked_transform(scaled), scaled)
    with pytest.raises(
        InputError, match=r"^transform: got a matrix that is not rigid, expected a 3x4 matrix of a rigid"
    ):
        checked_transform(scaled, scaled=False)
    with pytest.raises(InputError, match=r"that is not rigid, expected .* which may scale by up to 1\.5\.$"):
        checked_transform(np.column_stack([10 * ROTATION, SHIFT]))
