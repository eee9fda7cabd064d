import numpy as np

import botalign
from botalign.classes.background import Background
from botalign.classes.preparation import prepare

from .conftest import in_disc

SIDE = 32
OFFSET = np.arange(SIDE) - (SIDE - 1) / 2


def planes(slopes: np.ndarray) -> np.ndarray:
    return slopes[:, 0, None, None] * OFFSET + slopes[:, 1, None, None] * OFFSET[:, None]


def measured(images: np.ndarray) -> np.ndarray:
    ramps = Background(~in_disc(SIDE), len(images))
    ramps.add(np.arange(len(images)), images.astype(np.float32))
    return ramps.slopes


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


def test_noisy_images_of_different_scales_are_made_equal() -> None:
    rng = np.random.default_rng(4)
    clean = np.exp(-(OFFSET[:, None] ** 2 + OFFSET**2) / 18) * np.ones((200, 1, 1))
    images = clean + rng.standard_normal(clean.shape)
    scales = rng.uniform(0.5, 2, (200, 1, 1))
    found, expected = (
        prepare(botalign.ImageStack(each.astype(np.float32), (2.0, 2.0)))
        for each in (scales * images + planes(rng.normal(size=(200, 2))), images)
    )
    pairs = zip(found.images, expected.images, strict=True)
    assert min(np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs) > 0.99
    # The error of the standard deviation of 200 pixels is 5 %; an image of equal scale is not divided by it.
    ratio = found.images.std(axis=(1, 2)) / expected.images.std(axis=(1, 2))
    assert np.std(ratio) < 0.07 * np.mean(ratio)
    background = Background(~in_disc(SIDE), 200)
    background.add(np.arange(200), images.astype(np.float32))
    assert (background.factors == 1).all()
    # Without noise, the background says nothing about the scale.
    background.add(np.arange(200), (scales * clean).astype(np.float32))
    assert (background.factors == 1).all()
