import numpy as np
import pytest
from scipy.special import gammaincc

from botalign.alignment.part_verdict import part_matches, part_probability, significance
from botalign.alignment.place_chances import FEWEST, LEAST_SPREAD, PlaceChances, place_chance
from botalign.scores import ShellCorrelation

#: Correlations of wrong places.
WRONG = list(np.tanh(np.linspace(0.30, 0.10, 20)))


def chance_of(correlations: list[float]) -> float | None:
    return PlaceChances.of(correlations).best


def test_the_probability_of_a_place_is_that_of_the_tail_of_the_squares() -> None:
    z = np.linspace(0.30, 0.10, 20)
    expected = place_chance(0.9**2 / LEAST_SPREAD**2, list(z**2 / LEAST_SPREAD**2))
    assert chance_of([float(np.tanh(0.9)), *WRONG]) == pytest.approx(expected)
    assert expected < 1e-3
    # Equal places are right ones, whatever their order; the probability is that of the worst of them.
    several = chance_of([*WRONG, float(np.tanh(0.9)), float(np.tanh(0.95)), float(np.tanh(0.93))])
    assert several == pytest.approx(expected)


def test_each_place_is_compared_with_worse_wrong_places() -> None:
    z = np.linspace(0.30, 0.10, 20)
    chances = PlaceChances.of([float(np.tanh(0.9)), float(np.tanh(0.95)), *WRONG], tries=2)
    scores = z**2 / LEAST_SPREAD**2
    assert chances.wrong == pytest.approx(list(scores))
    assert chances.least_right == pytest.approx(0.9**2 / LEAST_SPREAD**2)
    assert chances.best is not None
    assert chances.of_score(0.95**2 / LEAST_SPREAD**2) == chances.best
    between = 0.6**2 / LEAST_SPREAD**2
    assert chances.best < chances.of_score(between) == place_chance(between, list(scores), tries=2)
    assert chances.of_score(float(scores[3])) == place_chance(scores[3], list(scores[4:]), tries=2)
    assert PlaceChances.of(WRONG[:FEWEST]).of_score(1e6) == 1


def test_a_place_like_all_others_is_one_of_chance() -> None:
    assert chance_of([float(np.tanh(0.31)), *WRONG]) == pytest.approx(1, abs=0.5)
    assert chance_of([0.2] * 20) == pytest.approx(1)


@pytest.mark.parametrize("scale", [2.8, 40.0])
def test_small_probabilities_of_wrong_places_are_as_rare_as_stated(scale: float) -> None:
    """Also near the least scale, that of white noise."""
    rng = np.random.default_rng(5)
    scores = rng.gamma(3, scale, size=(4000, 400))
    found = np.array([place_chance(row[0], row[1:]) for row in -np.sort(-scores, axis=1)])
    for limit in (0.1, 0.01):
        assert np.mean(found < limit) == pytest.approx(limit, rel=0.4)


def test_the_unit_of_the_scores_does_not_matter_unless_they_are_those_of_white_noise() -> None:
    wrong = [300.0, 280.0, 250.0, 240.0, 200.0, 190.0, 150.0, 140.0, 90.0]
    expected = place_chance(900.0, wrong)
    assert 1e-6 < expected < 1e-1
    assert place_chance(9000.0, [10 * each for each in wrong]) == pytest.approx(expected, rel=1e-6)
    assert place_chance(90.0, [each / 10 for each in wrong]) == pytest.approx(expected, rel=0.01)
    assert place_chance(9.0, [each / 100 for each in wrong]) > 10 * expected
    assert place_chance(900.0, wrong, tries=3) == pytest.approx(3 * expected)


def test_the_tail_of_a_known_scale_is_that_of_the_gamma_distribution() -> None:
    rng = np.random.default_rng(6)
    scale = 500.0
    found = [place_chance(row[0] + 8 * scale, row) for row in -np.sort(-rng.gamma(3, scale, size=(200, 60)), axis=1)]
    expected = [gammaincc(3, row + 8) / gammaincc(3, row) for row in (6.0, 9.0)]
    assert min(expected) < np.median(found) < 30 * max(expected)  # the scale is estimated from 24 scores


def test_the_probability_is_unknown_if_few_other_places_are_known() -> None:
    assert chance_of([0.9, *WRONG[: FEWEST - 1]]) is None
    assert chance_of([0.9, *WRONG[:FEWEST]]) is not None
    for signs in (0, 1, 2):
        assert part_probability([0.9, 0.2], signs, 0.9) is None
        assert part_probability([0.9, 0.2], signs, 0.2) is None


def test_a_place_that_does_not_resemble_the_part_needs_both_signs() -> None:
    correlations = [0.45, *(each / 4 for each in WRONG)]
    known = chance_of(correlations)
    assert known is not None
    assert known < 1e-3
    assert part_probability(correlations, 1, 0.45) == 1
    assert part_probability(correlations, 2, 0.45) == known
    assert part_probability(correlations, 0, 0.6) == known
    # Smooth density of unrelated maps may show both signs, but not where it belongs.
    assert part_probability(correlations, 2, 0.45, undetermined=True) == 1
    assert part_probability(correlations, 2, 0.6, undetermined=True) == known


@pytest.mark.parametrize(
    ("probability", "signs", "correlation", "expected"),
    [
        (None, 2, 0.8, True),
        (None, 2, 0.3, False),
        (None, 1, 0.8, False),
        (None, 0, 0.8, False),
        (1e-4, 0, 0.8, True),
        (1e-2, 2, 0.8, False),
        (1.0, 2, 0.8, False),
    ],
)
def test_without_a_probability_a_match_resembles_the_part(
    probability: float | None, signs: int, correlation: float, expected: bool
) -> None:
    assert part_matches(probability, signs, correlation) is expected


def test_the_significance_of_noise_has_standard_deviation_one() -> None:
    rng = np.random.default_rng(3)
    shells = np.arange(1, 33)
    values = []
    for _ in range(2000):
        noise = rng.normal(size=32) / np.sqrt(np.pi * shells**2)
        values.append(significance(ShellCorrelation(shells / 128.0, noise), 100.0))
    assert np.std(values) == pytest.approx(1, abs=0.1)
    assert np.mean(values) == pytest.approx(0, abs=0.1)
