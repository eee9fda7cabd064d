import numpy as np
import pytest

from botalign import InputError, ShellCorrelation
from botalign.scores import fourier_shell_correlation


def frequencies_per_shell(side: int) -> np.ndarray:
    """Return the number of frequencies in each shell of the whole spectrum."""
    k = np.fft.fftfreq(side, 1 / side)
    radius = np.sqrt((k**2)[:, None, None] + (k**2)[None, :, None] + k**2)
    return np.bincount(np.rint(radius).astype(int).ravel())[1 : side // 2]


@pytest.mark.parametrize("side", [16, 17])
def test_shell_correlation_agrees_with_the_whole_spectrum(side: int) -> None:
    a, b = np.random.default_rng(0).normal(size=(2, side, side, side)).astype(np.float32)
    fa, fb = np.fft.fftn(a), np.fft.fftn(b)
    k = np.fft.fftfreq(side, 1 / side)
    shell = np.rint(np.sqrt((k**2)[:, None, None] + (k**2)[None, :, None] + k**2)).astype(int)
    expected = []
    for s in range(1, side // 2):
        inside = shell == s
        power = (np.abs(fa[inside]) ** 2).sum() * (np.abs(fb[inside]) ** 2).sum()
        expected.append((fa[inside] * fb[inside].conj()).sum().real / np.sqrt(power))
    curve = fourier_shell_correlation(a, b, voxel_size_angstrom=2.0)
    np.testing.assert_allclose(curve.correlation, expected, atol=1e-6)
    np.testing.assert_allclose(curve.frequency_per_angstrom, np.arange(1, side // 2) / (2.0 * side))


@pytest.mark.parametrize("side", [20, 21])
def test_a_map_correlates_with_itself_in_any_unit(side: int) -> None:
    a = np.random.default_rng(1).normal(size=(side, side, side))
    for b, value in ((a, 1), (4 * a + 3, 1), (-0.1 * a, -1)):
        np.testing.assert_allclose(fourier_shell_correlation(a, b).correlation, value, atol=1e-5)


@pytest.mark.parametrize("side", [32, 33])
def test_shell_correlation_of_independent_noise(side: int) -> None:
    rng = np.random.default_rng(2)
    counts, scores = frequencies_per_shell(side), []
    for _ in range(6):
        a, b = rng.normal(size=(2, side, side, side))
        # Of n frequencies, of which half are independent, the spread is 1 / sqrt(n).
        scores.append(fourier_shell_correlation(a, b).correlation * np.sqrt(counts))
    scores = np.array(scores)
    assert np.abs(scores).max() < 4.5
    assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
    assert scores.std() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
def test_shell_correlation_follows_the_signal_to_noise_ratio(noise: float) -> None:
    rng = np.random.default_rng(3)
    side = 40
    signal = rng.normal(size=(side, side, side))
    a, b = (signal + noise * rng.normal(size=signal.shape) for _ in range(2))
    ratio = 1 / noise**2
    expected = ratio / (1 + ratio)
    spread = (1 - expected**2) / np.sqrt(frequencies_per_shell(side))
    off = (fourier_shell_correlation(a, b).correlation - expected) / spread
    assert np.abs(off).max() < 4.5


def test_shell_correlation_of_maps_that_agree_up_to_a_frequency() -> None:
    rng = np.random.default_rng(4)
    side, cut = 32, 8
    k = np.fft.fftfreq(side, 1 / side)
    low = (k**2)[:, None, None] + (k**2)[None, :, None] + k**2 < (cut + 0.5) ** 2
    shared, one, two = (np.fft.fftn(rng.normal(size=(side,) * 3)) for _ in range(3))
    a, b = (np.fft.ifftn(np.where(low, shared, own)).real for own in (one, two))
    curve = fourier_shell_correlation(a, b, voxel_size_angstrom=3.0)
    np.testing.assert_allclose(curve.correlation[:cut], 1, atol=1e-5)
    assert np.abs(curve.correlation[cut:]).max() < 0.25
    assert side * 3 / (cut + 1) < curve.resolution(0.5) < side * 3 / cut


def test_the_correlation_of_an_empty_shell_is_zero() -> None:
    x = np.cos(2 * np.pi * 2 * np.arange(16) / 16)
    curve = fourier_shell_correlation(np.broadcast_to(x, (16,) * 3), np.zeros((16,) * 3))
    np.testing.assert_array_equal(curve.correlation, 0)


def test_the_resolution_is_interpolated() -> None:
    curve = ShellCorrelation(np.array([0.1, 0.2, 0.3]), np.array([0.9, 0.7, 0.3]))
    assert curve.resolution(0.5) == pytest.approx(1 / 0.25)
    assert curve.resolution(0.8) == pytest.approx(1 / 0.15)
    assert curve.resolution(0.4) == pytest.approx(1 / 0.275)


def test_the_resolution_is_at_the_first_crossing() -> None:
    curve = ShellCorrelation(np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 0.4, 0.9, 0.0]))
    assert curve.resolution(0.5) == pytest.approx(1 / (0.1 + 0.1 * 5 / 6))


def test_the_resolution_of_a_curve_above_the_threshold_is_the_last_shell() -> None:
    assert ShellCorrelation(np.array([0.1, 0.25]), np.array([0.9, 0.8])).resolution() == pytest.approx(4)


def test_the_resolution_of_a_curve_below_the_threshold_is_infinite() -> None:
    assert ShellCorrelation(np.array([0.1, 0.2]), np.array([0.1, 0.9])).resolution() == np.inf


@pytest.mark.parametrize(
    ("first", "second"), [((8, 8, 9), (8, 8, 9)), ((8, 8, 8), (9, 9, 9)), ((8, 8), (8, 8)), ((2,) * 3, (2,) * 3)]
)
def test_other_shapes_are_refused(first: tuple, second: tuple) -> None:
    with pytest.raises(InputError, match=r"^fourier_shell_correlation: got maps of shape"):
        fourier_shell_correlation(np.ones(first), np.ones(second))
