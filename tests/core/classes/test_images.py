import numpy as np
import pytest

import botalign
from botalign.classes.images import prepare, sampled_down
from botalign.errors import InputError
from botalign.maps import MapWarning

from .conftest import in_disc

DISC = in_disc(24)


def stack_of(images: np.ndarray, pixel: float = 2.0) -> botalign.ImageStack:
    return botalign.ImageStack(images, (pixel, pixel), "a.mrcs")


def blobs(count: int = 5, side: int = 24) -> np.ndarray:
    offset = np.arange(side) - (side - 1) / 2
    blob = np.exp(-(offset[:, None] ** 2 + offset**2) / 18)
    return (np.linspace(0.5, 1.5, count)[:, None, None] * blob).astype(np.float32)


def test_background_is_zero_and_the_mean_mass_one() -> None:
    images = blobs()
    levels = np.linspace(-3, 9, 5, dtype=np.float32)[:, None, None]
    ready = prepare(stack_of(7 * images + levels))
    np.testing.assert_allclose(ready.images[:, ~DISC], 0)
    masses = ready.images.sum(axis=(1, 2))
    assert masses.mean() == pytest.approx(1, rel=1e-5)
    # One scale for all: their proportions stay.
    np.testing.assert_allclose(masses / masses[0], images.sum(axis=(1, 2)) / images[0].sum(), rtol=1e-4)
    assert ready.scale == pytest.approx((7 * images * DISC).sum() / 5, rel=1e-2)
    assert (ready.side, ready.radius, ready.pixel_size_angstrom) == (24, 11.5, 2.0)


def test_dark_particles_are_told_and_inverted() -> None:
    dark = stack_of(100 - blobs())
    with pytest.warns(MapWarning, match=r"a\.mrcs: the particles are darker .* --invert"):
        prepare(dark)
    np.testing.assert_allclose(prepare(dark, invert=True).images, prepare(stack_of(blobs())).images, atol=1e-6)


def test_images_without_mass_have_a_scale_too() -> None:
    noise = np.random.default_rng(4).standard_normal((9, 24, 24)).astype(np.float32)
    noise -= (noise * DISC).sum(axis=(1, 2), keepdims=True) / DISC.sum()
    ready = prepare(stack_of(noise))
    assert np.abs(ready.images).sum(axis=(1, 2)).mean() == pytest.approx(1, rel=1e-5)


def test_a_diameter_makes_the_disc_smaller() -> None:
    ready = prepare(stack_of(blobs()), diameter_angstrom=24.0)
    assert ready.radius == 6.0
    offset = np.arange(24) - 11.5
    np.testing.assert_array_equal(ready.images[2] == 0, offset[:, None] ** 2 + offset**2 > 36)


def test_sampled_down_the_field_stays() -> None:
    ready = prepare(stack_of(blobs(side=48)), size=24)
    assert (ready.side, ready.pixel_size_angstrom) == (24, 4.0)
    offset = 2 * (np.arange(16) - 7.5)
    small = sampled_down(blobs(side=32), 16)[2]
    np.testing.assert_allclose(small, np.exp(-(offset[:, None] ** 2 + offset**2) / 18), atol=0.01)
    assert sampled_down(blobs(), 24) is not None


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.ones((2, 20, 24)), {}, "a.mrcs: got images of 24 x 20 pixels, expected square"),
        (np.zeros((2, 6, 6)), {}, "expected 8 a side"),
        (np.concatenate([blobs(), np.full((1, 24, 24), 3.0)]), {}, "a.mrcs: image 6 is constant"),
        (blobs(), {"diameter_angstrom": 50.0}, "diameter: got 50 A, expected 8 to 48"),
        (blobs(), {"size": 4}, "size: got 4 pixels"),
    ],
)
def test_images_that_cannot_be_used(images: np.ndarray, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        prepare(stack_of(images), **options)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
