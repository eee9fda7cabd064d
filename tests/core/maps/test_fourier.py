import numpy as np
import pytest

from botalign import InputError, phantom
from botalign.geometry import random_rotations
from botalign.maps.fourier import fourier_crop, rotate_fourier


def waves(side: int, highest: int) -> np.ndarray:
    """Return a band-limited periodic function, sampled at the centres of the cells of the unit box."""
    rng = np.random.default_rng(0)
    x = (np.arange(side) + 0.5) / side
    total = np.zeros((side, side, side))
    for _ in range(12):
        k, j, i = rng.integers(-highest, highest + 1, 3)
        phase = k * x[:, None, None] + j * x[None, :, None] + i * x
        total += rng.normal() * np.cos(2 * np.pi * (phase + rng.random()))
    return total


@pytest.mark.parametrize("size", [47, 48])
@pytest.mark.parametrize("mirror", [False, True])
def test_exact_rotation_agrees_with_a_rotated_phantom(size: int, mirror: bool) -> None:
    original = phantom(size, voxel_size_angstrom=3.0, resolution_angstrom=12.0).data
    for seed in range(2):
        rng = np.random.default_rng(seed)
        R = random_rotations(1, rng)[0] @ np.diag([1.0, 1.0, -1.0 if mirror else 1.0])
        shift = rng.uniform(-2, 2, 3)
        transform = np.column_stack([R, 3.0 * shift])
        expected = phantom(size, voxel_size_angstrom=3.0, resolution_angstrom=12.0, transform=transform).data
        got = rotate_fourier(original, R, shift_voxels=shift)
        assert np.abs(got - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("size", [15, 16])
def test_rotation_by_90_degrees_and_shift_by_whole_voxels(size: int) -> None:
    # Frequencies outside the ball are lost; a smooth map has none.
    smooth = phantom(size, voxel_size_angstrom=9.0, resolution_angstrom=36.0).data
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    rotated = np.rot90(smooth, axes=(2, 1))
    np.testing.assert_allclose(rotate_fourier(smooth, quarter), rotated, atol=1e-3 * smooth.max())
    shifted = rotate_fourier(smooth, np.eye(3), shift_voxels=(1, 0, -2))
    np.testing.assert_allclose(shifted, np.roll(smooth, (-2, 1), (0, 2)), atol=1e-3 * smooth.max())


def test_rotation_and_inverse_rotation_are_the_identity() -> None:
    original = phantom(40, voxel_size_angstrom=3.6, resolution_angstrom=14.0).data
    R = random_rotations(1, np.random.default_rng(4))[0]
    np.testing.assert_allclose(rotate_fourier(rotate_fourier(original, R), R.T), original, atol=2e-3 * original.max())


def test_rotation_preserves_mass_and_energy() -> None:
    original = phantom(40, voxel_size_angstrom=3.6, resolution_angstrom=14.0).data.astype(float)
    rotated = rotate_fourier(original, random_rotations(1, np.random.default_rng(5))[0]).astype(float)
    assert rotated.sum() == pytest.approx(original.sum(), rel=1e-4)
    assert (rotated**2).sum() == pytest.approx((original**2).sum(), rel=1e-3)


@pytest.mark.parametrize(("side", "smaller"), [(24, 12), (24, 13), (25, 12), (25, 13), (25, 25), (24, 24)])
def test_cropping_resamples_a_band_limited_function(side: int, smaller: int) -> None:
    np.testing.assert_allclose(fourier_crop(waves(side, 5), smaller), waves(smaller, 5), atol=1e-5)


def test_cropping_removes_high_frequencies() -> None:
    x = (np.arange(24) + 0.5) / 24
    low = np.broadcast_to(np.cos(2 * np.pi * 3 * x), (24, 24, 24))
    high = np.broadcast_to(np.cos(2 * np.pi * 9 * x), (24, 24, 24))
    np.testing.assert_allclose(fourier_crop(low + high, 12), fourier_crop(low, 12), atol=1e-6)


def test_cropping_a_smooth_phantom_gives_the_phantom_with_larger_voxels() -> None:
    fine = phantom(60, voxel_size_angstrom=2.4, resolution_angstrom=20.0).data
    coarse = phantom(24, voxel_size_angstrom=6.0, resolution_angstrom=20.0).data
    assert np.abs(fourier_crop(fine, 24) - coarse).max() < 2e-3 * coarse.max()


@pytest.mark.parametrize(
    ("shape", "side"),
    [((4, 4, 5), 4), ((4, 4), 2), ((6, 6, 6), 7)],
)
def test_cropping_refuses_other_shapes_and_larger_sides(shape: tuple, side: int) -> None:
    with pytest.raises(InputError, match=r"^data: got an array of shape"):
        fourier_crop(np.ones(shape), side)


@pytest.mark.parametrize("shape", [(4, 4, 5), (4, 4)])
def test_rotation_refuses_other_shapes(shape: tuple) -> None:
    with pytest.raises(InputError, match=r"^data: got an array of shape"):
        rotate_fourier(np.ones(shape), np.eye(3))
