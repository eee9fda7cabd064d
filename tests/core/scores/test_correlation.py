import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from botalign.errors import InputError
from botalign.scores import correlation, correlation_about_mean, jackknife_difference, jackknife_mean


@given(seed=st.integers(0, 1000), size=st.integers(3, 200), offset=st.floats(-5, 5))
def test_correlation_about_the_mean_is_that_of_pearson(seed: int, size: int, offset: float) -> None:
    u, v = np.random.default_rng(seed).normal(offset, 1, (2, size))
    assert correlation_about_mean(u, v) == pytest.approx(np.corrcoef(u, v)[0, 1], abs=1e-12)


def test_correlation_is_the_cosine_of_the_angle_between_vectors() -> None:
    assert correlation([1, 0, 1], [1, 1, 0]) == pytest.approx(0.5)
    assert correlation([3, 4], [3, 4]) == pytest.approx(1)
    assert correlation([3, 4], [-6, -8]) == pytest.approx(-1)
    assert correlation([0, 1], [1, 0]) == 0


def test_correlations_do_not_depend_on_the_unit() -> None:
    u, v = np.random.default_rng(0).random((2, 4, 5, 6))
    for score in (correlation, correlation_about_mean):
        assert score(7e-6 * u, 3e8 * v) == pytest.approx(score(u, v))
        assert score(u, v) == pytest.approx(score(v, u))
    assert correlation_about_mean(u + 10, v - 3) == pytest.approx(correlation_about_mean(u, v))


@pytest.mark.parametrize("score", [correlation, correlation_about_mean])
def test_the_correlation_of_zeros_is_zero(score: object) -> None:
    assert score(np.zeros(5), np.arange(5)) == 0
    assert score(np.zeros(0), np.zeros(0)) == 0


def test_the_correlation_about_the_mean_of_a_constant_is_zero() -> None:
    assert correlation_about_mean(np.full(5, 3.0), np.arange(5)) == 0


def correlated(rng: np.random.Generator, blocks: int, size: int) -> np.ndarray:
    """Return noise that is correlated within a block and independent between blocks."""
    return (rng.normal(size=(blocks, 1)) + 0.5 * rng.normal(size=(blocks, size))).ravel()


def test_jackknife_difference_is_that_of_two_correlations() -> None:
    r, u, v = np.random.default_rng(0).normal(size=(3, 500))
    difference, _ = jackknife_difference(r, r + u, r + 2 * v, np.arange(500) // 25)
    assert difference == pytest.approx(np.corrcoef(r, r + u)[0, 1] - np.corrcoef(r, r + 2 * v)[0, 1])


def test_jackknife_error_by_leaving_out_each_block() -> None:
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


def test_jackknife_error_agrees_with_repeated_experiments() -> None:
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


def test_correlated_blocks_give_a_larger_error() -> None:
    rng = np.random.default_rng(3)
    r, u, v = (correlated(rng, 60, 20) for _ in range(3))
    whole = jackknife_difference(r, r + u, r + v, np.repeat(np.arange(60), 20))[1]
    single = jackknife_difference(r, r + u, r + v, np.arange(1200))[1]
    assert whole > 2 * single


def test_the_error_from_one_block_is_infinite() -> None:
    r, u, v = np.random.default_rng(4).normal(size=(3, 50))
    assert jackknife_difference(r, u, v, np.zeros(50, dtype=int))[1] == np.inf


def test_the_difference_of_equal_maps_is_zero() -> None:
    r, u = np.random.default_rng(5).normal(size=(2, 60))
    assert jackknife_difference(r, u, u, np.arange(60) // 10) == (0, 0)


def test_densities_of_different_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"got densities of shape \(2,\) and \(3,\), expected the same shape"):
        correlation(np.ones(2), np.ones(3))


def test_the_jackknife_of_a_mean() -> None:
    values, blocks = np.array([1.0, 3.0, 5.0, 9.0]), np.array([0, 0, 1, 2])
    mean, error = jackknife_mean(values, blocks)
    without = np.array([(5 + 9) / 2, (1 + 3 + 9) / 3, (1 + 3 + 5) / 3])
    assert mean == values.mean()
    assert error == pytest.approx(np.sqrt(2 / 3 * ((without - without.mean()) ** 2).sum()))
    assert jackknife_mean(values, np.zeros(4, dtype=np.int64)) == (values.mean(), np.inf)
