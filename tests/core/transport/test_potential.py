import numpy as np
import pytest
import pywt

from botalign import InputError, wemd
from botalign.transport import dual_potential


def blob(size: int, x: float, sigma: float = 2.5) -> np.ndarray:
    """Return a Gaussian of mass 1, shifted along x from the centre of its box."""
    k, j, i = np.indices((size,) * 3) - (size - 1) / 2
    values = np.exp(-((i - x) ** 2 + j**2 + k**2) / (2 * sigma**2))
    return np.asarray(values / values.sum())


@pytest.mark.parametrize("shape", [(17, 23), (32, 32), (12, 15, 20)])
@pytest.mark.parametrize("wavelet", ["sym3", "haar", "coif3", "bior2.2", "rbio1.3"])
@pytest.mark.parametrize("scales", [1, 6])
def test_the_potential_times_the_difference_is_the_distance(shape: tuple[int, ...], wavelet: str, scales: int) -> None:
    a, b = np.random.default_rng(0).random((2, *shape))
    potential = dual_potential(a, b, wavelet=wavelet, scales=scales, voxel_size=1.3)
    assert potential.shape == shape
    distance = wemd(a, b, wavelet=wavelet, scales=scales, voxel_size=1.3)
    assert (potential * (a - b)).sum() == pytest.approx(distance, rel=1e-12)


def test_the_potential_of_a_pair_bounds_the_distance_of_other_pairs() -> None:
    # Duality: the potential of one pair gives a lower bound of the distance of any other.
    maps = np.random.default_rng(1).random((6, 10, 11, 12)) ** 4
    for first, second in zip(maps[:3], maps[3:], strict=True):
        potential = dual_potential(first, second)
        for a in maps:
            for b in maps:
                assert (potential * (a - b)).sum() <= wemd(a, b) * (1 + 1e-12)


def test_the_potential_has_the_signs_of_the_difference_for_an_orthogonal_wavelet() -> None:
    # Far from the faces of the box, its coefficients are the weights with the signs of those of the difference.
    a, b = np.random.default_rng(2).random((2, 64, 64))
    _, details = pywt.wavedecn(dual_potential(a, b, wavelet="db2", scales=1), "db2", mode="zero", level=1)
    _, differences = pywt.wavedecn(a - b, "db2", mode="zero", level=1)
    for name, detail in details.items():
        inner = (slice(4, -4),) * 2
        np.testing.assert_allclose(detail[inner], np.sign(differences[name][inner]), atol=1e-9)


@pytest.mark.parametrize("shift", [2.0, 4.0, 8.0])
def test_the_potential_of_a_shifted_blob_is_a_ramp(shift: float) -> None:
    # The potential of the true distance is x up to a constant, because mass moves along x only.
    a, b = blob(32, shift / 2), blob(32, -shift / 2)
    potential = dual_potential(a, b)
    mass = a + b
    inside = mass > 0.05 * mass.max()
    positions = (np.indices(a.shape)[::-1] - 15.5)[:, inside]
    assert np.corrcoef(potential[inside], positions[0])[0, 1] > 0.95
    terms = np.stack([*positions, np.ones(positions.shape[1])], axis=1) * np.sqrt(mass[inside])[:, None]
    slopes = np.linalg.lstsq(terms, potential[inside] * np.sqrt(mass[inside]), rcond=None)[0][:3]
    assert slopes[0] > 10 * np.abs(slopes[1:]).max()


def test_the_potential_of_equal_maps_is_zero() -> None:
    a = blob(16, 0)
    np.testing.assert_array_equal(dual_potential(a, a), 0)


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        ((8, 8), (8, 9), {}, "same shape"),
        ((8,), (8,), {}, "1 dimension"),
        ((8, 8), (8, 8), {"scales": 0}, "scales: got 0"),
        ((8, 8), (8, 8), {"wavelet": "sinc"}, "wavelet: got 'sinc'"),
    ],
)
def test_bad_input(first: tuple[int, ...], second: tuple[int, ...], options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dual_potential(np.zeros(first), np.zeros(second), **options)
