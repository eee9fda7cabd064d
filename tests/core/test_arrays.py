import numpy as np
import pytest
from scipy import ndimage

from botalign.arrays import dilated


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_a_mask_is_dilated_as_by_scipy(steps: int) -> None:
    mask = np.random.default_rng(0).uniform(size=(9, 14, 11)) > 0.97
    before = mask.copy()
    expected = ndimage.binary_dilation(mask, iterations=steps) if steps else mask
    np.testing.assert_array_equal(dilated(mask, steps), expected)
    np.testing.assert_array_equal(mask, before)
