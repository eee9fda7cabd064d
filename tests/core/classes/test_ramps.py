import numpy as np

import botalign
from botalign.classes.preparation import prepare
from botalign.classes.ramps import Ramps

from .conftest import in_disc

SIDE = 32
OFFSET = np.arange(SIDE) - (SIDE - 1) / 2


def planes(slopes: np.ndarray) -> np.ndarray:
    return slopes[:, 0, None, None] * OFFSET + slopes[:, 1, None, None] * OFFSET[:, None]


def measured(images: np.ndarray) -> np.ndarray:
    ramps = Ramps(~in_disc(SIDE), len(images))
    ramps.add(np.arange(len(images)), images.astype(np.float32))
    return ramps.slopes()


def test_ramps_are_found_and_noise_is_not_taken_for_one() -> None:
    rng = np.random.default_rng(2)
    slopes = rng.normal(size=(400, 2))
    np.testing.assert_allclose(measured(planes(slopes) + 7), slopes, atol=1e-5)
    noise = 3 * rng.standard_normal((400, SIDE, SIDE))
    np.testing.assert_allclose(measured(planes(slopes) + noise), slopes, atol=0.1)
    alone = measured(noise)
    # A plain fit to the corners has an error of 0.02, of which little remains.
    assert np.square(alone).mean() ** 0.5 < 0.01
    assert not measured(np.ones((3, SIDE, SIDE))).any()


def test_ramps_are_subtracted() -> None:
    images = np.exp(-(OFFSET[:, None] ** 2 + OFFSET**2) / 18) * np.ones((40, 1, 1))
    slopes = np.random.default_rng(3).normal(size=(40, 2))
    found, expected = (
        prepare(botalign.ImageStack(each.astype(np.float32), (2.0, 2.0))) for each in (images + planes(slopes), images)
    )
    np.testing.assert_allclose(found.images, expected.images, atol=1e-4 * expected.images.max())
