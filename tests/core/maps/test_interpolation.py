import numpy as np
import pytest
from scipy import ndimage

from botalign import phantom
from botalign.geometry import matrix_from_rotation_vector, random_rotations
from botalign.maps.fourier import rotate_fourier
from botalign.maps.interpolation import (
    cubic_slopes,
    cubic_weights,
    resample_slab,
    rotate_in_ball,
    spline_coefficients,
)

IDENTITY = np.eye(3, 4)


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_cubic_splines_add_up_to_one_and_carry_straight_lines(t: float) -> None:
    weights = np.array(cubic_weights(t))
    assert weights.sum() == pytest.approx(1)
    assert weights @ [-1, 0, 1, 2] == pytest.approx(t)
    assert weights.min() >= 0
    slopes = np.array(cubic_slopes(t))
    assert slopes.sum() == pytest.approx(0, abs=1e-15)
    assert slopes @ [-1, 0, 1, 2] == pytest.approx(1)


def test_the_values_of_a_cubic_spline_are_those_of_the_textbook() -> None:
    assert cubic_weights(0.0) == pytest.approx((1 / 6, 2 / 3, 1 / 6, 0))
    assert cubic_weights(0.5) == pytest.approx((1 / 48, 23 / 48, 23 / 48, 1 / 48))


@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_the_slopes_are_the_derivatives_of_the_weights(t: float) -> None:
    step = 1e-6
    differences = (np.array(cubic_weights(t + step)) - cubic_weights(t - step)) / (2 * step)
    assert cubic_slopes(t) == pytest.approx(tuple(differences), abs=1e-8)


def test_a_spline_goes_through_its_samples() -> None:
    data = np.random.default_rng(0).normal(size=(7, 8, 9)).astype(np.float32)
    out = np.empty_like(data)
    resample_slab(spline_coefficients(data), IDENTITY, 0, out)
    np.testing.assert_allclose(out, data, atol=1e-5)


def test_between_the_voxels_it_is_the_spline_of_scipy() -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(size=(9, 10, 11)).astype(np.float32)
    linear = matrix_from_rotation_vector([0.3, -0.2, 0.5])
    to_source = np.column_stack([linear, [1.3, 0.7, 2.1]])
    out = np.empty((8, 8, 8), dtype=np.float32)
    resample_slab(spline_coefficients(data), to_source, 0, out)
    k, j, i = np.meshgrid(*[np.arange(8.0)] * 3, indexing="ij")
    places = (linear @ np.stack([i, j, k]).reshape(3, -1) + to_source[:, 3:])[::-1]
    expected = ndimage.map_coordinates(data.astype(float), places, order=3, mode="mirror").reshape(8, 8, 8)
    inside = ((places >= 0) & (places <= np.array([[8], [9], [10]]))).all(axis=0).reshape(8, 8, 8)
    assert 0.2 < inside.mean() < 1
    np.testing.assert_allclose(out[inside], expected[inside], atol=1e-5)
    assert not out[~inside].any()


def test_slabs_are_parts_of_the_whole() -> None:
    data = np.random.default_rng(2).normal(size=(10, 10, 10)).astype(np.float32)
    coefficients = spline_coefficients(data)
    to_source = np.column_stack([matrix_from_rotation_vector([0.1, 0.2, 0.3]), [1.0, -1.0, 0.5]])
    whole = np.empty((10, 10, 10), dtype=np.float32)
    resample_slab(coefficients, to_source, 0, whole)
    part = np.empty((3, 10, 10), dtype=np.float32)
    resample_slab(coefficients, to_source, 6, part)
    np.testing.assert_array_equal(part, whole[6:9])


@pytest.mark.parametrize("side", [9, 12])
def test_the_ball_touches_the_sides_of_its_box(side: int) -> None:
    out = np.full((side, side, side), 7, dtype=np.float32)
    middle = np.column_stack([np.eye(3), [side] * 3])
    rotate_in_ball(np.ones((3 * side,) * 3, dtype=np.float32), middle, out)
    axis = np.arange(side) - (side - 1) / 2
    squared = (axis**2)[:, None, None] + (axis**2)[None, :, None] + axis**2
    np.testing.assert_array_equal(out, squared <= (side / 2) ** 2)


def test_trilinear_look_up_is_exact_on_straight_lines() -> None:
    k, j, i = np.meshgrid(*[np.arange(24.0)] * 3, indexing="ij")
    ramp = (2 * i - 3 * j + 0.5 * k + 4).astype(np.float32)
    R = random_rotations(1, np.random.default_rng(3))[0]
    to_source = np.column_stack([R, 11.5 - R @ np.full(3, 5.5)])
    out = np.empty((12, 12, 12), dtype=np.float32)
    rotate_in_ball(ramp, to_source, out)
    k, j, i = np.meshgrid(*[np.arange(12.0)] * 3, indexing="ij")
    x, y, z = R @ np.stack([i, j, k]).reshape(3, -1) + to_source[:, 3:]
    ball = (i - 5.5) ** 2 + (j - 5.5) ** 2 + (k - 5.5) ** 2 < 36
    np.testing.assert_allclose(out[ball], (2 * x - 3 * y + 0.5 * z + 4).reshape(12, 12, 12)[ball], atol=1e-4)
    assert not out[~ball].any()


def test_nothing_comes_from_outside_the_source() -> None:
    out = np.empty((8, 8, 8), dtype=np.float32)
    rotate_in_ball(np.ones((8, 8, 8), dtype=np.float32), np.column_stack([np.eye(3), [4.0, 0, 0]]), out)
    # Samples exactly on the far face have no neighbour to interpolate with, and count as outside.
    assert not out[:, :, 3:].any()
    assert out[3, 3, :3].all()


def test_the_fast_rotation_is_close_to_the_exact_one_on_smooth_maps() -> None:
    size, voxel = 32, 4.0
    coarse = phantom(size, voxel_size_angstrom=voxel, resolution_angstrom=14.0).data
    fine = phantom(2 * size, voxel_size_angstrom=voxel / 2, resolution_angstrom=14.0).data
    for seed in range(3):
        R = random_rotations(1, np.random.default_rng(seed))[0]
        if seed == 2:
            R = R @ np.diag([1.0, 1.0, -1.0])
        pull = 2 * R.T
        out = np.empty_like(coarse)
        rotate_in_ball(fine, np.column_stack([pull, size - 0.5 - pull @ np.full(3, (size - 1) / 2)]), out)
        exact = rotate_fourier(coarse, R)
        assert np.abs(out - exact).max() < 0.03 * exact.max()
        assert np.corrcoef(out.ravel(), exact.ravel())[0, 1] > 0.9995
