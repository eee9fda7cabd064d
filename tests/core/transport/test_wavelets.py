import warnings

import numpy as np
import pytest
import pywt

from botalign import InputError, wemd
from botalign.transport import wavelet_transform

WAVELETS = ["sym3", "haar", "db2", "db4", "sym5", "coif1", "coif3"]


def by_equation_14(array: np.ndarray, wavelet: str, scales: int) -> float:
    """Return the norm from PyWavelets, where the finest details are the last item of the list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        coefficients = pywt.wavedecn(array, wavelet, mode="zero", level=scales)
    n, total = array.ndim, 0.0
    for s in range(scales):
        details = coefficients[scales - s]
        total += 2 ** (s * (1 + n / 2)) * sum(np.abs(d).sum() for d in details.values())
    return total


@pytest.mark.parametrize("shape", [(16, 16), (17, 12), (9, 10, 11)])
@pytest.mark.parametrize("wavelet", WAVELETS)
def test_the_norm_is_equation_14(shape: tuple[int, ...], wavelet: str) -> None:
    array = np.random.default_rng(0).normal(size=shape)
    for scales in (1, 2, 6):
        norm = np.abs(wavelet_transform(array, wavelet=wavelet, scales=scales)).sum()
        assert norm == pytest.approx(by_equation_14(array, wavelet, scales), rel=1e-12)


def test_the_approximation_is_appended_as_in_the_published_code() -> None:
    array = np.random.default_rng(1).normal(size=(8, 8, 8))
    with_it, without = (wavelet_transform(array, wavelet="haar", scales=2, approximation=a) for a in (True, False))
    np.testing.assert_array_equal(with_it[: len(without)], without)
    # Haar, two scales: a coarse coefficient is a sum over 4 x 4 x 4 voxels, divided by sqrt(2) for each of 6 halvings.
    sums = array.reshape(2, 4, 2, 4, 2, 4).sum(axis=(1, 3, 5)) / 8
    np.testing.assert_allclose(with_it[len(without) :], 2.0**2 * sums.ravel(), atol=1e-12)


def test_two_neighbouring_voxels_in_closed_form() -> None:
    first, second = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    first[0, 0, 0], second[0, 0, 1] = 1, 1
    # Haar coefficients are signed sums of the voxels, divided by sqrt(8); the four that change sign along x are 2.
    assert wemd(first, second, wavelet="haar", scales=1) == pytest.approx(4 * 2 / np.sqrt(8))


def test_the_transform_is_linear() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 7, 8, 9))
    np.testing.assert_allclose(wavelet_transform(3 * a - b), 3 * wavelet_transform(a) - wavelet_transform(b), atol=1e-9)


def test_the_distance_is_that_of_the_transforms() -> None:
    a, b = np.random.default_rng(3).random((2, 12, 11, 10))
    assert wemd(a, b) == pytest.approx(np.abs(wavelet_transform(a) - wavelet_transform(b)).sum())


def test_the_distance_is_a_metric() -> None:
    maps = np.random.default_rng(4).random((6, 8, 9, 10))
    distances = np.array([[wemd(a, b) for a in maps] for b in maps])
    np.testing.assert_array_equal(np.diag(distances), 0)
    np.testing.assert_allclose(distances, distances.T, rtol=1e-12)
    assert distances[~np.eye(6, dtype=bool)].min() > 0
    assert (distances[:, None, :] <= distances[:, :, None] + distances[None, :, :] + 1e-9).all()


def test_the_distance_scales_with_the_voxel_size() -> None:
    a, b = np.random.default_rng(5).random((2, 9, 9, 9))
    assert wemd(a, b, voxel_size=3.5) == pytest.approx(3.5 * wemd(a, b))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_distance_of_a_shifted_blob_grows_with_the_shift(dimensions: int) -> None:
    side, voxel = 48, 2.0
    axes = np.meshgrid(*[voxel * np.arange(side)] * dimensions, indexing="ij")

    def blob(centre: np.ndarray) -> np.ndarray:
        values = np.exp(-sum((x - c) ** 2 for x, c in zip(axes, centre, strict=True)) / (2 * 5.0**2))
        return values / values.sum()

    rng = np.random.default_rng(6)
    directions = rng.normal(size=(4, dimensions))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    shifts = np.array([2.0, 4.0, 8.0, 16.0, 32.0])
    costs = np.zeros(len(shifts))
    # The mean over directions reduces the effect of the wavelet grid.
    for direction in directions:
        start = side * voxel / 2 - 16 * direction
        costs += [wemd(blob(start), blob(start + shift * direction), voxel_size=voxel) for shift in shifts]
    assert (np.diff(costs) > 0).all()
    growth = costs[1:] / costs[:-1]
    assert (growth > 1.4).all()
    assert (growth < 2.8).all()
    assert costs[-1] / costs[0] == pytest.approx(16, rel=0.4)


def test_longer_shifts_give_larger_distances() -> None:
    # The same mass moved by one voxel and by sixteen.
    here, near, far = np.zeros((3, 64, 64))
    here[24, 24] = near[24, 25] = far[24, 40] = 1
    assert wemd(here, far) > 4 * wemd(here, near)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"wavelet": "sim3"}, "wavelet"),
        ({"wavelet": "morl"}, "wavelet"),
        ({"wavelet": ""}, "wavelet"),
        ({"scales": 0}, "scales"),
        ({"scales": -1}, "scales"),
    ],
)
def test_invalid_options_are_refused(options: dict, argument: str) -> None:
    with pytest.raises(InputError, match=f"^{argument}: ") as caught:
        wavelet_transform(np.ones((8, 8)), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(8,), (2, 2, 2, 2)])
def test_other_dimensions_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=f"got {len(shape)} dimension"):
        wavelet_transform(np.ones(shape))


def test_different_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="wemd: got arrays of shape"):
        wemd(np.ones((4, 4)), np.ones((4, 5)))
