import numpy as np
import pytest

from botalign import InputError
from botalign.embeddings import circular_rank_correlation, openness


def test_circles_in_the_same_order_agree_in_both_directions() -> None:
    angles = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, 40))
    warped = angles + 0.4 * np.sin(angles)
    for other in (angles + 2, warped - 7, -warped + 1, warped + 4 * np.pi):
        assert circular_rank_correlation(angles, other) == pytest.approx(1)


def test_folded_and_independent_angles_do_not_agree() -> None:
    angles = 2 * np.pi * np.arange(1000) / 1000
    folded = np.minimum(angles, 2 * np.pi - angles)
    assert circular_rank_correlation(angles, folded) < 0.75
    rng = np.random.default_rng(1)
    assert circular_rank_correlation(angles, rng.permutation(angles)) < 5 / np.sqrt(1000)


def test_angles_of_different_number_are_refused() -> None:
    with pytest.raises(InputError, match="first and second: got 3 and 4 angles"):
        circular_rank_correlation(np.zeros(3), np.zeros(4))
    with pytest.raises(InputError, match="got 0 and 0"):
        circular_rank_correlation([], [])


def test_openness_of_a_circle_and_of_a_line() -> None:
    angles = np.linspace(0, 6, 50)
    assert openness(3 * np.column_stack([np.cos(angles), np.sin(angles)])) == pytest.approx(1)
    assert openness(np.column_stack([np.arange(-2, 3), np.arange(-2, 3)])) == 0
