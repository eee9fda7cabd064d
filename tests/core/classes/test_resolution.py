import numpy as np

import botalign
from botalign.classes.frame import Frame
from botalign.classes.posing import image_splines
from botalign.classes.preparation import prepare
from botalign.classes.resolution import resolution_steps
from botalign.progress import exhaust

SIDE, PIXEL = 48, 4.0


def band_limited(rng: np.random.Generator, shell: int) -> np.ndarray:
    """Return a bright, round image with all frequencies up to a shell."""
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE)))
    frequency = np.hypot(np.fft.fftfreq(SIDE, 1 / SIDE)[:, None], np.fft.rfftfreq(SIDE, 1 / SIDE))
    image = np.fft.irfft2(spectrum * (frequency <= shell), s=(SIDE, SIDE))
    offset = np.arange(SIDE) - (SIDE - 1) / 2
    return (2 * image / image.std() + 4) * np.exp(-(offset**2 + offset[:, None] ** 2) / 128)


def test_the_resolution_is_the_last_shell_that_the_images_of_a_class_share() -> None:
    rng = np.random.default_rng(1)
    labels = np.concatenate([np.repeat(np.arange(4), 40), [4]])
    rng.shuffle(labels)
    images = np.stack([band_limited(rng, shell) for shell in (6, 12, 18)] + [np.zeros((SIDE, SIDE))] * 2)[labels]
    images += rng.standard_normal(images.shape)
    ready = prepare(botalign.ImageStack(images, (PIXEL, PIXEL)), invert=False)
    options = botalign.ClassifyOptions(rotations=1)
    frame, splines = Frame.of(options, ready), image_splines(ready.images)
    found = exhaust(resolution_steps(frame, splines, labels, 5, PIXEL))
    np.testing.assert_allclose(SIDE * PIXEL / found[:3], (6, 12, 18), atol=2)  # the round window blurs the limit
    assert found[3] > SIDE * PIXEL / 2  # of images without a particle
    assert np.isinf(found[4])  # a single image
