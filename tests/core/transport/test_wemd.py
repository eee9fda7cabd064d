import numpy as np
import pytest

from botalign import InputError
from botalign.transport import WaveletDistance, wavelet_transform

SHAPES = [(16, 16, 16), (15, 15, 15), (9, 16, 21), (32, 31, 17), (5, 8, 3)]


def maps(shape: tuple[int, int, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two maps of mass 1, as in a search."""
    first, second = np.random.default_rng(seed).random((2, *shape), dtype=np.float32) ** 4
    return first / first.sum(), second / second.sum()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wavelet", ["sym3", "haar", "db2", "db4", "sym5", "coif1", "coif3"])
def test_the_fast_distance_agrees_with_pywavelets(shape: tuple[int, int, int], wavelet: str) -> None:
    a, b = maps(shape)
    for scales in range(1, 7):
        fast = WaveletDistance(shape, wavelet=wavelet, scales=scales, voxel_size=2.5)(a, b)
        plain = wavelet_transform(a.astype(float) - b, wavelet=wavelet, scales=scales, voxel_size=2.5)
        # The fast transform is in float32.
        assert fast == pytest.approx(np.abs(plain).sum(), rel=2e-5)


def test_the_norm_accepts_any_memory_layout() -> None:
    a, _ = maps((12, 10, 8))
    distance = WaveletDistance((12, 10, 8))
    assert distance.norm(np.asfortranarray(a)) == pytest.approx(distance.norm(a), rel=1e-6)
    assert distance.norm(a[::-1, :, ::-1]) == pytest.approx(distance.norm(a[::-1, :, ::-1].copy()), rel=1e-6)


def test_the_distance_is_a_metric() -> None:
    shape = (11, 12, 13)
    distance = WaveletDistance(shape)
    five = [m for seed in range(3) for m in maps(shape, seed)]
    table = np.array([[distance(a, b) for a in five] for b in five])
    np.testing.assert_array_equal(np.diag(table), 0)
    np.testing.assert_allclose(table, table.T, rtol=1e-6)
    assert (table[:, None, :] <= (table[:, :, None] + table[None, :, :]) * (1 + 1e-5)).all()


def test_the_distance_scales_with_the_maps_and_the_voxel_size() -> None:
    a, b = maps((10, 10, 10))
    one = WaveletDistance((10, 10, 10))(a, b)
    assert WaveletDistance((10, 10, 10), voxel_size=4.0)(a, b) == pytest.approx(4 * one, rel=1e-6)
    assert WaveletDistance((10, 10, 10))(3 * a, 3 * b) == pytest.approx(3 * one, rel=1e-5)


def test_the_distance_is_reproducible() -> None:
    a, b = maps((20, 21, 22))
    assert WaveletDistance(a.shape)(a, b) == WaveletDistance(a.shape)(a, b)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((8, 8), {}, "shape: got"),
        ((8, 8, 8, 8), {}, "shape: got"),
        ((8, 8, 8), {"scales": 0}, "scales: got 0"),
        ((8, 8, 8), {"wavelet": "none"}, "wavelet: got 'none'"),
    ],
)
def test_bad_input_is_refused(shape: tuple, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        WaveletDistance(shape, **options)
