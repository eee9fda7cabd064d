import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign import correlation, correlation_about_mean
from botalign.scores import jackknife_difference


@given(seed=st.integers(0, 1000), size=st.integers(3, 200), offset=st.floats(-5, 5))
def test_about_the_mean_it_is_pearsons(seed: int, size: int, offset: float) -> None:
    u, v = np.random.default_rng(seed).normal(offset, 1, (2, size))
    assert correlation_about_mean(u, v) == pytest.approx(np.corrcoef(u, v)[0, 1], abs=1e-12)


def test_it_is_the_cosine_of_the_angle_between_the_maps() -> None:
    assert correlation([1, 0, 1], [1, 1, 0]) == pytest.approx(0.5)
    assert correlation([3, 4], [3, 4]) == pytest.approx(1)
    assert correlation([3, 4], [-6, -8]) == pytest.approx(-1)
    assert correlation([0, 1], [1, 0]) == 0


def test_the_unit_of_a_map_does_not_matter() -> None:
    u, v = np.random.default_rng(0).random((2, 4, 5, 6))
    for score in (correlation, correlation_about_mean):
        assert score(7e-6 * u, 3e8 * v) == pytest.approx(score(u, v))
        assert score(u, v) == pytest.approx(score(v, u))
    assert correlation_about_mean(u + 10, v - 3) == pytest.approx(correlation_about_mean(u, v))


@pytest.mark.parametrize("score", [correlation, correlation_about_mean])
def test_what_holds_nothing_correlates_with_nothing(score: object) -> None:
    assert score(np.zeros(5), np.arange(5)) == 0
    assert score(np.zeros(0), np.zeros(0)) == 0


def test_a_constant_has_no_deviations() -> None:
    assert correlation_about_mean(np.full(5, 3.0), np.arange(5)) == 0


def correlated(rng: np.random.Generator, blocks: int, size: int) -> np.ndarray:
    """Noise that is alike within a block and independent between blocks."""
    return (rng.normal(size=(blocks, 1)) + 0.5 * rng.normal(size=(blocks, size))).ravel()


def test_the_difference_is_that_of_two_correlations() -> None:
    r, u, v = np.random.default_rng(0).normal(size=(3, 500))
    difference, _ = jackknife_difference(r, r + u, r + 2 * v, np.arange(500) // 25)
    assert difference == pytest.approx(np.corrcoef(r, r + u)[0, 1] - np.corrcoef(r, r + 2 * v)[0, 1])


def test_the_error_is_that_of_leaving_each_block_out() -> None:
    rng = np.random.default_rng(1)
    r, u, v = rng.normal(size=(3, 120))
    u, v = u + r, v + 0.5 * r
    blocks = rng.permutation(np.repeat([3, 10, 11, 40, 500, 7], 20))
    without = np.array(
        [
            np.corrcoef(r[k], u[k])[0, 1] - np.corrcoef(r[k], v[k])[0, 1]
            for k in (blocks != b for b in np.unique(blocks))
        ]
    )
    expected = np.sqrt(5 / 6 * ((without - without.mean()) ** 2).sum())
    assert jackknife_difference(r, u, v, blocks)[1] == pytest.approx(expected)


def test_the_error_is_what_repeating_the_experiment_shows() -> None:
    rng = np.random.default_rng(2)
    blocks, size = 80, 10
    labels = np.repeat(np.arange(blocks), size)
    found = []
    for _ in range(300):
        r = correlated(rng, blocks, size)
        u, v = r + correlated(rng, blocks, size), r + 1.5 * correlated(rng, blocks, size)
        found.append(jackknife_difference(r, u, v, labels))
    differences, errors = np.array(found).T
    assert np.sqrt((errors**2).mean()) == pytest.approx(differences.std(), rel=0.15)


def test_blocks_that_are_alike_inside_give_a_larger_error_than_single_places() -> None:
    rng = np.random.default_rng(3)
    r, u, v = (correlated(rng, 60, 20) for _ in range(3))
    whole = jackknife_difference(r, r + u, r + v, np.repeat(np.arange(60), 20))[1]
    single = jackknife_difference(r, r + u, r + v, np.arange(1200))[1]
    assert whole > 2 * single


def test_one_block_says_nothing_of_the_error() -> None:
    r, u, v = np.random.default_rng(4).normal(size=(3, 50))
    assert jackknife_difference(r, u, v, np.zeros(50, dtype=int))[1] == np.inf


def test_two_equal_maps_have_no_difference() -> None:
    r, u = np.random.default_rng(5).normal(size=(2, 60))
    assert jackknife_difference(r, u, u, np.arange(60) // 10) == (0, 0)
