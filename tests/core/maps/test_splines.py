import numpy as np
import pytest
from scipy import ndimage

from botalign.maps.resampling import grid_points, spline_slopes
from botalign.maps.splines import AFTER, BEFORE, spline_coefficients


@pytest.mark.parametrize("shape", [(7, 8, 9), (3, 100, 70), (150, 4, 5)])
def test_coefficients_agree_with_scipy_and_are_mirrored_in_the_margin(shape: tuple[int, ...]) -> None:
    data = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = np.pad(
        ndimage.spline_filter(data.astype(float), order=3, mode="mirror"), (BEFORE, AFTER), mode="reflect"
    )
    np.testing.assert_allclose(spline_coefficients(data), expected, atol=3e-5)


def test_coefficients_do_not_depend_on_threads() -> None:
    data = np.random.default_rng(2).normal(size=(40, 37, 21)).astype(np.float32)
    np.testing.assert_array_equal(spline_coefficients(data), spline_coefficients(data, threads=3))


def test_slopes_agree_with_finite_differences() -> None:
    data = np.random.default_rng(1).normal(size=(9, 80, 7)).astype(np.float32)
    at = np.indices(data.shape).reshape(3, -1).astype(float)
    slopes = spline_slopes(data, grid_points(data.shape))
    for axis in range(3):
        step = np.zeros((3, 1))
        step[axis] = 1e-4
        up, down = (
            ndimage.map_coordinates(data.astype(float), at + sign * step, order=3, mode="mirror") for sign in (1, -1)
        )
        np.testing.assert_allclose(slopes[:, 2 - axis], (up - down) / 2e-4, atol=1e-4)


def test_spline_of_a_single_sample() -> None:
    one = np.full((1, 1, 1), 3, np.float32)
    np.testing.assert_array_equal(spline_coefficients(one), 3)
    assert not spline_slopes(one, grid_points(one.shape)).any()
