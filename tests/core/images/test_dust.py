"""Images without dust."""

import numpy as np
import pytest

import botalign
from botalign import InputError
from botalign.images.dust import without_dust


def test_dust_is_replaced_by_the_background() -> None:
    rng = np.random.default_rng(5)
    images = rng.normal(7.0, 1.0, (4, 32, 32)).astype(np.float32)
    dusty = images.copy()
    dusty[1, 4, 5], dusty[1, 16, 17], dusty[3, 0, 0] = 90, -80, 1e6
    found = without_dust(botalign.ImageStack(dusty, (2.0, 3.0), "a.mrcs"), 6)
    assert (found.name, found.pixel_size_angstrom) == ("a.mrcs", (2.0, 3.0))
    np.testing.assert_array_equal(found.load([0, 2]), images[[0, 2]])
    changed = np.argwhere(found.images != dusty)
    np.testing.assert_array_equal(changed, [[1, 4, 5], [1, 16, 17], [3, 0, 0]])
    np.testing.assert_allclose(found.images[tuple(changed.T)], 7, atol=0.3)
    # Without noise in the background, the particle is not dust.
    clean = botalign.projections(botalign.phantom(24, voxel_size_angstrom=5.0), 2, seed=1).stack.images
    clean = np.pad(clean, ((0, 0), (6, 6), (6, 6)))
    np.testing.assert_array_equal(without_dust(botalign.ImageStack(clean), 5).images, clean)


@pytest.mark.parametrize("dust", [0, -1, np.nan, np.inf])
def test_dust_must_be_positive(dust: float) -> None:
    with pytest.raises(InputError, match=r"dust: got .*, expected a positive number of standard deviations"):
        without_dust(botalign.ImageStack(np.zeros((1, 8, 8))), dust)
