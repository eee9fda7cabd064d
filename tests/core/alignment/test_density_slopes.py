"""Sums of derivatives, against the same derivatives projected at each point."""

import numpy as np
import pytest

from botalign.alignment.density_slopes import OCTANTS, DensitySlopes, octants_of, projected


@pytest.mark.parametrize("free", [[0, 1, 2, 3, 4, 5], [0, 2, 4]])
@pytest.mark.parametrize("scaled", [True, False])
def test_sums_are_projected_as_the_derivatives_at_each_point(free: list[int], scaled: bool) -> None:
    rng = np.random.default_rng(0)
    arm, derivatives = rng.normal(size=(200, 3)), (rng.normal(size=(200, 6)), rng.normal(size=(200, 6)))
    u = 3 + rng.normal(size=200)
    v = u + 0.3 * rng.normal(size=200)
    spanned = np.column_stack([np.ones(200), u / u.std() + v / v.std()])

    def at_points(each: np.ndarray) -> np.ndarray:
        columns = [each[:, free], (arm * each[:, 3:]).sum(axis=1)] if scaled else [each[:, free]]
        whole = np.column_stack(columns)
        return whole - spanned @ np.linalg.lstsq(spanned, whole, rcond=None)[0]

    first, second = map(at_points, derivatives)
    slopes = DensitySlopes.of(arm, derivatives, (u, v), free, scaled=scaled)
    groups = octants_of(arm, rng.uniform(size=200) > 0.3)
    products = slopes.products(groups)
    whole = products.sum(axis=0)
    for group in range(OCTANTS + 1):
        inside = groups == group
        np.testing.assert_allclose(
            projected(products[group], whole), first[inside].T @ second[inside], rtol=1e-5, atol=1e-5
        )
    np.testing.assert_allclose(slopes.mean(whole), (first + second) / 2, rtol=1e-5, atol=1e-5)
    direction = rng.normal(size=len(free))
    for found, expected in zip(slopes.along(direction, whole), (first, second), strict=True):
        np.testing.assert_allclose(found, expected[:, : len(free)] @ direction, rtol=1e-5, atol=1e-5)


def test_octants_are_about_the_centre() -> None:
    signs = np.array([[-1.0, -1, -1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1], [1, 1, 1]])
    assert octants_of(signs, np.array([True] * 5 + [False])).tolist() == [0, 1, 2, 4, 7, OCTANTS]
