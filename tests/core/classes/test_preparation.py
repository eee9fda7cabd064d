import numpy as np
import pytest

import botalign
from botalign.classes.preparation import downsampled, prepare
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


def test_background_is_zero_and_masses_are_one() -> None:
    images = blobs()
    levels = np.linspace(-3, 9, 5, dtype=np.float32)[:, None, None]
    ready = prepare(stack_of(7 * images + levels))
    np.testing.assert_allclose(ready.images[:, ~DISC], 0)
    np.testing.assert_allclose(ready.images.sum(axis=(1, 2)), 1, rtol=1e-4)
    # All images have the same scale, and only the level of each is changed.
    off = ready.images * ready.scale - 7 * images
    np.testing.assert_allclose(np.ptp(off[:, DISC], axis=1), 0, atol=1e-4)
    assert ready.scale == pytest.approx((7 * images * DISC).sum() / 5, rel=1e-2)
    assert (ready.side, ready.radius, ready.pixel_size_angstrom) == (24, 11.5, 2.0)


def test_the_mass_is_estimated_from_all_images() -> None:
    rng = np.random.default_rng(9)
    images = blobs()[[2] * 400]
    noisy = images + 5 * rng.standard_normal(images.shape).astype(np.float32)
    noisy += rng.uniform(-50, 50, (400, 1, 1)).astype(np.float32)
    ready = prepare(stack_of(noisy))
    # The standard error is 5 / sqrt(400 * 160) per pixel outside the disc, times 416 pixels inside.
    assert ready.scale == pytest.approx(images[0].sum(), abs=3 * 5 / np.sqrt(400 * 160) * DISC.sum())
    np.testing.assert_allclose(ready.images.sum(axis=(1, 2)), 1, rtol=1e-3)


def test_dark_particles_are_warned_about_and_inverted() -> None:
    dark = stack_of(100 - blobs())
    with pytest.warns(
        MapWarning,
        match=r"a\.mrcs: the particles are darker than the background, expected bright .*; leave out invert=False",
    ):
        prepare(dark, invert=False)
    with pytest.warns(MapWarning, match="darker than the background after inversion, .*; leave out invert=True"):
        prepare(stack_of(blobs()), invert=True)
    found = prepare(dark)
    assert found.inverted
    assert not prepare(stack_of(blobs())).inverted
    np.testing.assert_array_equal(found.images, prepare(dark, invert=True).images)
    np.testing.assert_allclose(prepare(dark, invert=True).images, prepare(stack_of(blobs())).images, atol=1e-6)


def test_the_contrast_in_the_list_counts_if_the_images_do_not_show_it() -> None:
    noise = np.random.default_rng(4).standard_normal((9, 24, 24))
    for dark in (True, False):
        assert prepare(botalign.ImageStack(noise, dark=dark)).inverted is dark
        assert not prepare(botalign.ImageStack(noise, dark=dark), invert=False).inverted
        assert not prepare(botalign.ImageStack(blobs(), dark=dark)).inverted
        assert prepare(botalign.ImageStack(-blobs(), dark=dark)).inverted


def test_images_without_mass_are_scaled_too() -> None:
    noise = np.random.default_rng(4).standard_normal((9, 24, 24)).astype(np.float32)
    noise -= (noise * DISC).sum(axis=(1, 2), keepdims=True) / DISC.sum()
    ready = prepare(stack_of(noise))
    assert np.abs(ready.images).sum(axis=(1, 2)).mean() == pytest.approx(1, rel=1e-5)


def test_a_diameter_reduces_the_disc() -> None:
    ready = prepare(stack_of(blobs()), diameter_angstrom=24.0)
    assert ready.radius == 6.0
    offset = np.arange(24) - 11.5
    np.testing.assert_array_equal(ready.images[2] == 0, offset[:, None] ** 2 + offset**2 > 36)


def test_images_are_reduced_to_64_pixels_along_the_diameter() -> None:
    large = stack_of(blobs(side=160))
    sizes = {diameter: prepare(large, diameter_angstrom=diameter).side for diameter in (160.0, 200.0, 320.0, None)}
    assert sizes == {160.0: 128, 200.0: 104, 320.0: 64, None: 160}
    ready = prepare(large, diameter_angstrom=160.0)
    assert (ready.pixel_size_angstrom, ready.radius) == (2.5, 32.0)
    assert prepare(large, diameter_angstrom=200.0, size=160).side == 160
    assert prepare(stack_of(blobs()), diameter_angstrom=24.0).side == 24  # images are never enlarged


def test_downsampling_keeps_the_field_of_view() -> None:
    ready = prepare(stack_of(blobs(side=48)), size=24)
    assert (ready.side, ready.pixel_size_angstrom) == (24, 4.0)
    offset = 2 * (np.arange(16) - 7.5)
    small = downsampled(blobs(side=32), 16)[2]
    np.testing.assert_allclose(small, np.exp(-(offset[:, None] ** 2 + offset**2) / 18), atol=0.01)
    images = blobs()
    assert downsampled(images, 24) is images


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.ones((2, 20, 24)), {}, "a.mrcs: got images of 24 x 20 pixels, expected square images"),
        (np.zeros((2, 6, 6)), {}, "expected at least 8 pixels per side"),
        (np.concatenate([blobs(), np.full((1, 24, 24), 3.0)]), {}, "a.mrcs: 1 image is constant, the first is image 6"),
        (blobs(), {"diameter_angstrom": 50.0}, "diameter_angstrom: got 50 A, expected 8 to 48"),
    ],
)
def test_unusable_images_are_refused(images: np.ndarray, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        prepare(stack_of(images), **options)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
