import numpy as np
import pytest

from botalign.pairwise.step_sums import BLOCK, remaining_sizes, weighted_products


@pytest.mark.parametrize("count", [5, BLOCK, 2 * BLOCK + 7])
def test_the_sums_are_those_of_plain_products(count: int) -> None:
    rng = np.random.default_rng(0)
    residuals, terms = rng.normal(size=count).astype(np.float32), rng.normal(size=(6, count)).astype(np.float32)
    step, sizes = rng.normal(size=6).astype(np.float32), np.empty(count, dtype=np.float32)
    total = remaining_sizes(residuals, terms, step, sizes)
    expected = np.abs(residuals.astype(float) - step.astype(float) @ terms)
    np.testing.assert_allclose(sizes, expected, atol=1e-5)
    assert total == pytest.approx(expected.sum(), rel=1e-5)
    sums = weighted_products(residuals, terms, sizes, np.float32(0.5))
    weighted = terms / (expected + 0.5)
    np.testing.assert_allclose(sums[:, :6], weighted @ terms.T, atol=1e-4 * count**0.5)
    np.testing.assert_allclose(sums[:, 6], weighted @ residuals, atol=1e-4 * count**0.5)
