"""The joint choice, compared with all possible choices."""

import itertools

import numpy as np
import pytest

from botalign.complexes.choice import Choice, choose


def value(chosen: tuple[int, ...], scores: np.ndarray, overlaps: np.ndarray) -> float:
    pairs = itertools.combinations(chosen, 2)
    return scores[list(chosen)].sum() - sum(overlaps[i, j] * min(scores[i], scores[j]) for i, j in pairs)


def best_of_all(
    scores: np.ndarray, parts: np.ndarray, copies: list[int], overlaps: np.ndarray, largest: float
) -> float:
    """Return the best score by trying every subset."""
    best = 0.0
    for count in range(1, sum(copies) + 1):
        for chosen in itertools.combinations(range(len(scores)), count):
            fits = all(np.count_nonzero(parts[list(chosen)] == part) <= n for part, n in enumerate(copies))
            if fits and all(overlaps[i, j] <= largest for i, j in itertools.combinations(chosen, 2)):
                best = max(best, value(chosen, scores, overlaps))
    return best


def random_overlaps(rng: np.random.Generator, count: int) -> np.ndarray:
    overlaps = np.triu(np.where(rng.random((count, count)) < 0.5, rng.random((count, count)), 0.0), 1)
    return overlaps + overlaps.T


@pytest.mark.parametrize("seed", range(8))
def test_the_choice_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    copies = [2, 1, 1]
    parts = rng.integers(0, 3, 12)
    scores, overlaps = rng.normal(4, 4, 12), random_overlaps(rng, 12)
    found = choose(scores, parts, copies, overlaps, largest_overlap=0.4)
    assert found.score == pytest.approx(best_of_all(scores, parts, copies, overlaps, 0.4))
    assert found.score == pytest.approx(value(found.chosen, scores, overlaps))
    assert found.gap == 0


def test_the_best_candidate_of_each_part_is_not_the_best_choice() -> None:
    # The best places of both parts are the same; the second part has another one, slightly worse.
    overlaps = np.array([[0, 0.9, 0.0], [0.9, 0, 0.05], [0.0, 0.05, 0]])
    found = choose(np.array([10.0, 9.0, 8.0]), [0, 1, 1], [1, 1], overlaps, largest_overlap=0.3)
    assert found.chosen == (0, 2)


def test_a_part_is_chosen_as_often_as_it_may() -> None:
    apart = np.zeros((5, 5))
    scores = np.array([5.0, 1.0, 4.0, 3.0, 2.0])
    assert choose(scores, [0] * 5, [3], apart, largest_overlap=0.3).chosen == (0, 2, 3)
    assert choose(scores, [0] * 5, [9], apart, largest_overlap=0.3).chosen == (0, 1, 2, 3, 4)


def test_candidates_without_evidence_are_not_chosen() -> None:
    found = choose(np.array([-1.0, 0.0]), [0, 1], [1, 1], np.zeros((2, 2)), largest_overlap=0.3)
    assert found == Choice((), 0.0, 0.0)


def test_shared_density_counts_once() -> None:
    overlaps = np.array([[0, 0.25], [0.25, 0]])
    assert choose(np.array([10.0, 4.0]), [0, 1], [1, 1], overlaps, largest_overlap=0.3).score == 13.0


def test_the_gap_is_stated_where_the_search_ends_early() -> None:
    rng = np.random.default_rng(1)
    count = 45
    overlaps = random_overlaps(rng, count)
    found = choose(rng.uniform(5, 6, count), [0] * count, [15], overlaps, largest_overlap=0.5, nodes=1)
    assert found.gap > 0
    assert found.bound > found.score > 0
