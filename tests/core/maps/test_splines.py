import numpy as np
import pytest
from scipy import ndimage

from botalign.maps.splines import AFTER, BEFORE, _prefilter, spline_coefficients, spline_slopes


@pytest.mark.parametrize("shape", [(7, 8, 9), (3, 100, 70), (150, 4, 5)])
def test_coefficients_agree_with_scipy_and_are_mirrored_in_the_margin(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = np.pad(
        ndimage.spline_filter(data.astype(float), order=3, mode="mirror"), (BEFORE, AFTER), mode="reflect"
    )
    np.testing.assert_allclose(spline_coefficients(data), expected, atol=3e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slopes_agree_with_finite_differences(axis: int) -> None:
    data = np.random.default_rng(1).normal(size=(9, 80, 7)).astype(np.float32)
    at = np.indices(data.shape).reshape(3, -1).astype(float)
    step = np.zeros((3, 1))
    step[axis] = 1e-4
    up, down = (
        ndimage.map_coordinates(data.astype(float), at + sign * step, order=3, mode="mirror") for sign in (1, -1)
    )
    np.testing.assert_allclose(spline_slopes(data, axis).ravel(), (up - down) / 2e-4, atol=1e-4)


def test_spline_of_a_single_sample() -> None:
    np.testing.assert_array_equal(spline_coefficients(np.full((1, 1, 1), 3, np.float32)), 3)
    assert spline_slopes(np.full((1, 1, 1), 3, np.float32), 0) == 0


def test_the_prefilter_has_no_denormal_numbers() -> None:
    # Products with denormal numbers take ten times as long.
    weights = np.abs(_prefilter(400))
    assert weights[weights > 0].min() > np.finfo(np.float32).tiny
