import numpy as np
import pytest

from botalign.alignment.chance import chance
from botalign.alignment.part_verdict import part_matches, part_probability, significance
from botalign.alignment.place_chances import FEWEST, LEAST_SPREAD, PART_TAIL, PlaceChances
from botalign.scores import ShellCorrelation

#: Correlations of wrong places.
WRONG = list(np.tanh(np.linspace(0.30, 0.10, 20)))


def place_chance(correlations: list[float]) -> float | None:
    return PlaceChances.of(correlations).best


def test_the_probability_of_a_place_is_that_of_the_tail_of_the_squares() -> None:
    z = np.linspace(0.30, 0.10, 20)
    expected = chance(0.9**2 / LEAST_SPREAD**2, list(z**2 / LEAST_SPREAD**2), tail=PART_TAIL)
    assert place_chance([float(np.tanh(0.9)), *WRONG]) == pytest.approx(expected)
    assert expected < 1e-3
    # Equal places are right ones, whatever their order; the probability is that of the worst of them.
    several = place_chance([*WRONG, float(np.tanh(0.9)), float(np.tanh(0.95)), float(np.tanh(0.93))])
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
    assert chances.best < chances.of_score(between) == chance(between, list(scores), tail=PART_TAIL, tries=2)
    assert chances.of_score(float(scores[3])) == chance(scores[3], list(scores[4:]), tail=PART_TAIL, tries=2)
    assert PlaceChances.of(WRONG[:FEWEST]).of_score(1e6) == 1


def test_a_place_like_all_others_is_one_of_chance() -> None:
    assert place_chance([float(np.tanh(0.31)), *WRONG]) == pytest.approx(1, abs=0.5)
    assert place_chance([0.2] * 20) == 1


def test_small_probabilities_of_wrong_places_are_as_rare_as_stated() -> None:
    rng = np.random.default_rng(5)
    scores = 300 + rng.exponential(200, size=(4000, 50))
    found = np.array([place_chance(list(np.tanh(LEAST_SPREAD * np.sqrt(row)))) for row in scores])
    for limit in (0.1, 0.01):
        assert np.mean(found < limit) == pytest.approx(limit, rel=0.4)


def test_a_longer_tail_has_a_smaller_probability_that_varies_less() -> None:
    rng = np.random.default_rng(6)
    rows = [-np.sort(-rng.exponential(1.0, 50)) for _ in range(500)]
    short, long = (np.log([chance(row[0] + 12, list(row), tail=tail) for row in rows]) for tail in (12, PART_TAIL))
    assert np.median(long) < np.median(short)
    assert np.std(long) < np.std(short)


def test_the_probability_is_unknown_if_few_other_places_are_known() -> None:
    assert place_chance([0.9, *WRONG[: FEWEST - 1]]) is None
    assert place_chance([0.9, *WRONG[:FEWEST]]) is not None
    for signs in (0, 1, 2):
        assert part_probability([0.9, 0.2], signs, 0.9) is None
        assert part_probability([0.9, 0.2], signs, 0.2) is None


def test_a_place_that_does_not_resemble_the_part_needs_both_signs() -> None:
    correlations = [0.45, *(each / 4 for each in WRONG)]
    known = place_chance(correlations)
    assert known is not None
    assert known < 1e-3
    assert part_probability(correlations, 1, 0.45) == 1
    assert part_probability(correlations, 2, 0.45) == known
    assert part_probability(correlations, 0, 0.6) == known


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
