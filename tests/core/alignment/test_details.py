import numpy as np
import pytest
from scipy import ndimage

from botalign import DensityMap, align, phantom
from botalign.alignment.details import Details, detail_score
from botalign.alignment.itself import SIZES, Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.signal import signal_fraction
from botalign.alignment.survey import survey
from botalign.maps.resampling import smoothed
from botalign.scores import shell_power

#: Shells of details between a third and an eighth of the diameter.
FREQUENCY = np.arange(3.5, 8.0, 0.5)
COUNT = 2 * np.pi * np.arange(4, 13) ** 2.0


def shells_of_noise(rng: np.random.Generator, count: np.ndarray, expected: float = 0.0) -> np.ndarray:
    """The Fourier shell correlation of two noisy maps."""
    return np.asarray(expected + rng.normal(size=len(count)) / np.sqrt(count))


def test_the_score_of_noise_has_the_tail_of_a_squared_normal_variable() -> None:
    rng = np.random.default_rng(0)
    count = 2 * np.pi * np.arange(4, 12) ** 2.0
    scores = np.array([detail_score(shells_of_noise(rng, count), count) for _ in range(4000)])
    # The maximum over eight sums is at least the last one, which has standard deviation 1, and at most their worst.
    above = [float(np.mean(scores > limit)) for limit in (4.0, 9.0)]
    assert 0.0228 < above[0] < 8 * 0.0228
    assert 0.00135 < above[1] < 8 * 0.00135


def test_a_shell_of_copies_counts_more_than_one_of_maps_that_agree_by_half() -> None:
    count = np.array([100.0, 100.0])
    assert detail_score(np.array([0.5, 0.5]), count) == pytest.approx(200 * np.arctanh(0.5) ** 2)
    assert detail_score(np.array([0.99, 0.99]), count) == pytest.approx(200 * np.arctanh(0.99) ** 2)
    # Finer shells without agreement do not hide that of the coarse ones.
    assert detail_score(np.array([0.5, -0.5]), count) == pytest.approx(100 * np.arctanh(0.5) ** 2)
    assert detail_score(np.zeros(0), np.zeros(0)) == 0


def details(correlation: np.ndarray, expected: np.ndarray) -> Details:
    return Details(correlation, COUNT, expected, FREQUENCY)


def test_the_agreement_of_noisy_copies_is_one() -> None:
    rng = np.random.default_rng(1)
    expected = np.linspace(0.6, 0.05, len(COUNT))
    copies = [details(shells_of_noise(rng, COUNT) + expected, expected).agreement for _ in range(300)]
    assert np.mean(copies) == pytest.approx(1, abs=0.02)
    assert details(0.3 * expected, expected).agreement == pytest.approx(0.3)
    assert details(0.3 * expected, 0 * expected).agreement == 0


def test_maps_with_a_common_outline_are_told_from_copies_as_far_as_noise_allows() -> None:
    outlines = np.minimum(1.75 / FREQUENCY, 1)
    # On average, outlines agree as stated: a half of the probability lies above.
    for expected in (np.ones(len(COUNT)), np.linspace(0.6, 0.05, len(COUNT))):
        assert details(outlines * expected, expected).outline_chance == pytest.approx(0.5)
    probabilities = [
        details(expected, expected).outline_chance
        for expected in np.array([1.0, 0.5, 0.2, 0.02])[:, None] * np.ones(len(COUNT))
    ]
    assert probabilities == sorted(probabilities)
    assert probabilities[0] < 1e-6
    assert probabilities[-1] > 0.1
    # Without any signal, nothing tells them apart.
    assert details(outlines, np.zeros(len(COUNT))).outline_chance == 1


def test_chance_alone_passes_for_more_than_an_outline_as_often_as_stated() -> None:
    rng = np.random.default_rng(3)
    expected = np.full(len(COUNT), 0.3)
    mean = np.minimum(1.75 / FREQUENCY, 1) * expected
    drawn = [
        details(mean + 0.1 * expected * rng.normal() + (1 - mean**2) * shells_of_noise(rng, COUNT), expected)
        for _ in range(4000)
    ]
    stated = np.array([each.outline_chance for each in drawn])
    for limit in (0.01, 0.1, 0.5):
        assert np.mean(stated < limit) == pytest.approx(limit, abs=4 * np.sqrt(limit / len(stated)))


def test_shells_without_signal_do_not_count() -> None:
    expected = np.where(FREQUENCY < 5, 0.8, 0.0)
    agreeing = np.where(FREQUENCY < 5, 0.5, 0.9)
    coarse = FREQUENCY < 5
    assert details(agreeing, expected).score == pytest.approx(detail_score(agreeing[coarse], COUNT[coarse]))
    assert details(agreeing, np.zeros(len(COUNT))).score == 0


def test_what_a_symmetry_of_the_fixed_map_explains_does_not_count() -> None:
    best, itself, other, more = (
        Details(np.full(6, value), np.full(6, 100.0), np.ones(6), np.arange(4.0, 10.0))
        for value in (0.8, 0.5, 0.4, 0.6)
    )
    assert other.unexplained(best, itself) == pytest.approx(0, abs=1e-9)
    assert more.unexplained(best, itself) == pytest.approx(600 * np.arctanh(0.2) ** 2)


def masked(density: DensityMap, clean: DensityMap) -> DensityMap:
    """A map whose solvent is masked, with a soft edge."""
    inside = ndimage.binary_dilation(clean.data > 0.3, iterations=3).astype(np.float32)
    return density.with_data(density.data * ndimage.gaussian_filter(inside, 1.0))


@pytest.mark.parametrize("solvent", ["noise", "masked", "half maps"])
def test_the_signal_is_measured_whether_the_solvent_is_masked_or_not(solvent: str) -> None:
    clean = phantom(48, voxel_size_angstrom=4.0)
    halves = [phantom(48, voxel_size_angstrom=4.0, noise=0.4, noise_seed=seed) for seed in (11, 12)]
    noisy = clean.with_data((halves[0].data + halves[1].data) / 2)
    noise = clean.with_data(noisy.data - clean.data)
    if solvent != "noise":
        noisy, noise, *halves = (masked(each, clean) for each in (noisy, noise, *halves))
    surveyed = survey(noisy).normalised()
    found = signal_fraction(surveyed, noisy.grid, (halves[0], halves[1]) if solvent == "half maps" else None)
    side, ball = surveyed.density.grid.shape[0], surveyed.ball
    sampled = smoothed(noise, surveyed.density.grid, sigma_angstrom=surveyed.sigma_angstrom).data
    power = shell_power(ball.spectrum(surveyed.in_unit(sampled).ravel()[ball.inside]), side)
    known = 1 - power / shell_power(surveyed.spectrum, side)
    fine = (found.frequency_per_angstrom * 96 > 2) & (known > 0.3)
    assert fine.sum() >= 4
    assert found.fraction[fine] == pytest.approx(known[fine], abs=0.2)


def test_noisy_copies_with_masked_solvent_match_and_other_molecules_do_not() -> None:
    clean = phantom(48, voxel_size_angstrom=4.0)
    fixed = masked(phantom(48, voxel_size_angstrom=4.0, noise=0.2, noise_seed=1), clean)
    copy = masked(phantom(48, voxel_size_angstrom=4.0, noise=0.2, noise_seed=2), clean)
    result = align(fixed, copy, hand="keep")
    assert result.verdict == "certain"
    clean = phantom(48, voxel_size_angstrom=4.0, seed=3)
    other = masked(phantom(48, voxel_size_angstrom=4.0, seed=3, noise=0.2, noise_seed=2), clean)
    assert align(fixed, other, hand="keep").verdict == "no match"


def test_half_maps_show_the_noise_of_filtered_and_masked_maps() -> None:
    clean = phantom(48, voxel_size_angstrom=4.0)

    def halves(seed: int) -> tuple[DensityMap, DensityMap]:
        first, second = (phantom(48, voxel_size_angstrom=4.0, noise=0.4, noise_seed=seed + half) for half in (0, 1))
        first, second = (half.with_data(ndimage.gaussian_filter(half.data, 1.0)) for half in (first, second))
        return masked(first, clean), masked(second, clean)

    fixed, moving = halves(1), halves(3)
    means = [first.with_data((first.data + second.data) / 2) for first, second in (fixed, moving)]
    given = AlignmentProblem.of(*means, AlignmentOptions(half_maps_fixed=fixed, half_maps_moving=moving))
    without = AlignmentProblem.of(*means, AlignmentOptions())
    there = np.eye(3, 4)
    assert given.details.at(there).agreement == pytest.approx(1, abs=0.2)
    assert without.details.at(there).agreement < 0.7


def test_a_map_that_is_compared_with_many_others_keeps_few_details(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.alignment.details.KNOWN", 5)
    fixed = phantom(24, voxel_size_angstrom=5.0)
    itself = Itself(survey(fixed).normalised(), fixed.grid)
    pairs = [itself.details(voxel) for voxel in np.linspace(5.0, 8.0, SIZES + 3)]
    assert list(itself._details.values()) == pairs[-SIZES:]
    assert itself.details(8.0) is pairs[-1]
    assert itself.details(5.0) is not pairs[0]
    poses = [np.column_stack([np.eye(3), [shift, 0, 0]]) for shift in range(8)]
    found = [pairs[-1].at(pose) for pose in poses]
    assert list(pairs[-1]._known.values()) == found[-5:]
    assert pairs[-1].at(poses[-1]) is found[-1]
    np.testing.assert_array_equal(pairs[-1].at(poses[0]).correlation, found[0].correlation)
