import numpy as np
import pytest

from botalign import DensityMap, Grid, InputError, difference, phantom
from botalign.geometry import inverse


def test_a_map_less_itself_is_zero_in_any_unit(fixed: DensityMap) -> None:
    left = difference(fixed, fixed.with_data(3 + 7 * fixed.data))
    assert left.grid == fixed.grid
    assert np.abs(left.data).max() < 1e-3 * fixed.data.max()


def test_the_difference_shows_what_only_the_first_map_has() -> None:
    whole = phantom(48, voxel_size_angstrom=3.0)
    z, y, x = np.indices(whole.grid.shape)
    ball = 2 * np.exp(-((z - 38) ** 2 + (y - 38) ** 2 + (x - 10) ** 2) / 8).astype(np.float32)
    left = difference(whole.with_data(whole.data + ball), whole).data
    assert np.unravel_index(left.argmax(), left.shape) == (38, 38, 10)
    # The ball takes part in the fit of the scale, so the difference is not exact.
    assert left[38, 38, 10] > 1.8
    assert np.abs(left[ball < 0.01]).max() < 0.2 * whole.data.max()
    assert np.corrcoef(left.ravel(), ball.ravel())[0, 1] > 0.9


def test_the_second_map_is_moved_before(fixed: DensityMap, moving: DensityMap, there: np.ndarray) -> None:
    left = difference(fixed, moving, transform=inverse(there))
    assert np.abs(left.data).max() < 0.03 * fixed.data.max()


def test_where_the_second_has_no_voxels_there_is_no_difference(fixed: DensityMap) -> None:
    part = DensityMap(fixed.data[:24], Grid((24, 48, 48), (3.0,) * 3, fixed.grid.origin_angstrom))
    noisy = phantom(48, voxel_size_angstrom=3.0, noise=0.1)
    left = difference(noisy, part).data
    assert not left[24:].any()
    assert left[:24].any()


def test_the_result_does_not_depend_on_threads(fixed: DensityMap, moving: DensityMap, there: np.ndarray) -> None:
    one, two = (difference(fixed, moving, transform=inverse(there), threads=threads).data for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_maps_that_do_not_overlap_are_refused(fixed: DensityMap) -> None:
    far = DensityMap(fixed.data, Grid(fixed.grid.shape, (3.0,) * 3, (500.0, 0.0, 0.0)))
    with pytest.raises(
        InputError, match="0 voxels are above a contour level and in both boxes, expected 8 or more; align the maps"
    ):
        difference(fixed, far)


def test_maps_that_are_not_aligned_are_refused(fixed: DensityMap, moving: DensityMap) -> None:
    with pytest.raises(
        InputError, match=r"about the mean is -0\.\d{3} in this pose, expected more than 0; align the maps first"
    ):
        difference(fixed, moving)


def test_a_transform_that_is_not_rigid_is_refused(fixed: DensityMap) -> None:
    with pytest.raises(InputError, match="expected a 3x4 matrix of a rigid transform"):
        difference(fixed, fixed, transform=2 * np.eye(3, 4))
