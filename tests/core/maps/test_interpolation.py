import numpy as np
import pytest
from scipy import ndimage

from botalign import phantom
from botalign.geometry import matrix_from_rotation_vector, random_rotations
from botalign.maps.fourier import rotate_fourier
from botalign.maps.interpolation import _fill_ball, rotate_in_ball, spline_values
from botalign.maps.resampling import grid_points
from botalign.maps.splines import spline_coefficients

IDENTITY = np.eye(3, 4)


def spline_on_grid(data: np.ndarray, to_source: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the values of the spline through `data` on a grid of `shape`."""
    out = np.empty(np.prod(shape), dtype=np.float32)
    spline_values(spline_coefficients(data), grid_points(shape), to_source, out)
    return out.reshape(shape)


@pytest.mark.parametrize("shape", [(7, 8, 9), (1, 4, 2), (90, 6, 5)])
def test_a_spline_interpolates_its_samples(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(spline_on_grid(data, IDENTITY, shape), data, atol=2e-5)


def test_spline_values_agree_with_scipy() -> None:
    rng = np.random.default_rng(1)
    data = rng.normal(size=(9, 10, 11)).astype(np.float32)
    linear = matrix_from_rotation_vector([0.3, -0.2, 0.5])
    to_source = np.column_stack([linear, [1.3, 0.7, 2.1]])
    out = spline_on_grid(data, to_source, (8, 8, 8))
    k, j, i = np.meshgrid(*[np.arange(8.0)] * 3, indexing="ij")
    positions = (linear @ np.stack([i, j, k]).reshape(3, -1) + to_source[:, 3:])[::-1]
    expected = ndimage.map_coordinates(data.astype(float), positions, order=3, mode="mirror").reshape(8, 8, 8)
    inside = ((positions >= 0) & (positions <= np.array([[8], [9], [10]]))).all(axis=0).reshape(8, 8, 8)
    assert 0.2 < inside.mean() < 1
    np.testing.assert_allclose(out[inside], expected[inside], atol=2e-5)
    assert not out[~inside].any()


@pytest.mark.parametrize("side", [9, 12])
def test_the_ball_includes_the_outermost_voxels(side: int) -> None:
    out = np.full((side, side, side), 7, dtype=np.float32)
    rotate_in_ball(np.ones((3 * side,) * 3, dtype=np.float32), np.eye(3), out)
    axis = np.arange(side) - (side - 1) / 2
    squared = (axis**2)[:, None, None] + (axis**2)[None, :, None] + axis**2
    np.testing.assert_array_equal(out, squared <= ((side - 1) / 2) ** 2)


def test_trilinear_interpolation_is_exact_for_linear_functions() -> None:
    k, j, i = np.meshgrid(*[np.arange(24.0)] * 3, indexing="ij")
    ramp = (2 * i - 3 * j + 0.5 * k + 4).astype(np.float32)
    R = random_rotations(1, np.random.default_rng(3))[0]
    out = np.empty((12, 12, 12), dtype=np.float32)
    rotate_in_ball(ramp, R, out)
    k, j, i = np.meshgrid(*[np.arange(12.0)] * 3, indexing="ij")
    x, y, z = R @ (np.stack([i, j, k]).reshape(3, -1) - 5.5) + 11.5
    ball = (i - 5.5) ** 2 + (j - 5.5) ** 2 + (k - 5.5) ** 2 < 5.5**2
    np.testing.assert_allclose(out[ball], (2 * x - 3 * y + 0.5 * z + 4).reshape(12, 12, 12)[ball], atol=1e-4)
    assert not out[~ball].any()


def test_positions_outside_the_source_are_moved_to_its_faces() -> None:
    ramp = np.broadcast_to(np.arange(6, dtype=np.float32), (6, 6, 6)).copy()
    out = np.empty((11, 11, 11), dtype=np.float32)
    rotate_in_ball(ramp, np.eye(3), out)
    np.testing.assert_allclose(out[5, 5], np.clip(np.arange(11) - 2.5, 0, 5), atol=1e-5)


def test_fast_rotation_agrees_with_exact_rotation_of_smooth_maps() -> None:
    size, voxel = 32, 4.0
    coarse = phantom(size, voxel_size_angstrom=voxel, resolution_angstrom=14.0).data
    fine = phantom(2 * size, voxel_size_angstrom=voxel / 2, resolution_angstrom=14.0).data
    for seed in range(3):
        R = random_rotations(1, np.random.default_rng(seed))[0]
        if seed == 2:
            R = R @ np.diag([1.0, 1.0, -1.0])
        pull = 2 * R.T
        out = np.empty_like(coarse)
        rotate_in_ball(fine, pull, out)
        exact = rotate_fourier(coarse, R)
        assert np.abs(out - exact).max() < 0.03 * exact.max()
        assert np.corrcoef(out.ravel(), exact.ravel())[0, 1] > 0.9995


def test_the_ball_kernel_is_compiled_once_for_all_memory_layouts() -> None:
    source = np.ones((8, 8, 8), dtype=np.float32)
    wide = np.eye(3, 4)
    for matrix in (np.eye(3), np.asfortranarray(np.eye(3)), wide[:, :3]):
        rotate_in_ball(source, matrix, np.empty((4, 4, 4), dtype=np.float32))
    assert len(_fill_ball.signatures) == 1
