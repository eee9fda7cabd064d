import numpy as np
import pytest

from botalign import InputError
from botalign.embeddings import circular_rank_correlation, openness


def test_circles_in_the_same_order_agree_whichever_way_round_and_wherever_they_begin() -> None:
    angles = np.sort(np.random.default_rng(0).uniform(0, 2 * np.pi, 40))
    warped = angles + 0.4 * np.sin(angles)
    for other in (angles + 2, warped - 7, -warped + 1, warped + 4 * np.pi):
        assert circular_rank_correlation(angles, other) == pytest.approx(1)


def test_half_a_circle_turned_over_and_no_agreement() -> None:
    angles = 2 * np.pi * np.arange(1000) / 1000
    folded = np.minimum(angles, 2 * np.pi - angles)
    assert circular_rank_correlation(angles, folded) < 0.75
    rng = np.random.default_rng(1)
    assert circular_rank_correlation(angles, rng.permutation(angles)) < 5 / np.sqrt(1000)


def test_angles_of_different_number_are_refused() -> None:
    with pytest.raises(InputError, match="got 3 and 4"):
        circular_rank_correlation(np.zeros(3), np.zeros(4))
    with pytest.raises(InputError, match="got 0 and 0"):
        circular_rank_correlation([], [])


def test_a_circle_is_open_and_a_line_through_the_origin_is_not() -> None:
    angles = np.linspace(0, 6, 50)
    assert openness(3 * np.column_stack([np.cos(angles), np.sin(angles)])) == pytest.approx(1)
    assert openness(np.column_stack([np.arange(-2, 3), np.arange(-2, 3)])) == 0
