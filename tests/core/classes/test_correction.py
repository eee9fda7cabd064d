from dataclasses import replace

import numpy as np
import pytest

import botalign
from botalign.classes.correction import corrected_steps
from botalign.classes.frame import Frame
from botalign.classes.preparation import prepare
from botalign.geometry import random_rotations
from botalign.images import CtfParameters
from botalign.images.ctf import ctf_values, phase_flipped
from botalign.progress import exhaust

from ..conftest import about_z

SIDE, PIXEL, VIEWS, EACH, ROTATIONS = 48, 5.0, 3, 60, 20
OPTIONS = botalign.ClassifyOptions(rotations=ROTATIONS)
CHOSEN_VIEW = np.repeat(np.arange(VIEWS), EACH)


class Particles:
    """Noisy images of a phantom in three views, in known rotations, with their CTF."""

    def __init__(self, noise: float = 1.0) -> None:
        rng = np.random.default_rng(3)
        phantom, views = botalign.phantom(SIDE, voxel_size_angstrom=PIXEL), random_rotations(VIEWS, rng)
        self.clean = botalign.projections(phantom, views).stack.images
        turns = rng.integers(0, ROTATIONS, VIEWS * EACH)
        turned = about_z(turns * 360.0 / ROTATIONS) @ views[CHOSEN_VIEW]
        perfect = botalign.projections(phantom, turned).stack.images
        n = len(perfect)
        none, defocus = np.zeros(n), rng.uniform(8000, 25000, n)
        self.ctf = CtfParameters(
            1.03 * defocus, 0.97 * defocus, rng.uniform(0, 180, n), none, none + 300, none + 2.7, none + 0.1,
            none > 0, none > 0,
        )  # fmt: skip
        values = ctf_values(self.ctf, np.arange(n), side=SIDE, pixel_size_angstrom=PIXEL)
        images = np.fft.irfft2(values * np.fft.rfft2(perfect), s=(SIDE, SIDE))
        self.multiplied = np.fft.irfft2(values**2 * np.fft.rfft2(perfect), s=(SIDE, SIDE))
        images += noise * images.std() * rng.standard_normal(images.shape)
        self.stack = phase_flipped(botalign.ImageStack(images, (PIXEL, PIXEL)), self.ctf)
        self.chosen = CHOSEN_VIEW * len(OPTIONS.poses) + turns

    def averages(self, stack: botalign.ImageStack, ctf: CtfParameters, classes: int = VIEWS) -> np.ndarray:
        """Return the corrected averages."""
        ready = prepare(stack, invert=False)
        steps = corrected_steps(Frame.of(OPTIONS, ready), ready.images, self.chosen, classes, ctf, PIXEL)
        return exhaust(steps) * ready.scale


@pytest.fixture(scope="module")
def particles() -> Particles:
    return Particles()


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    offset = np.arange(SIDE) - (SIDE - 1) / 2
    disc = np.hypot(offset, offset[:, None]) < 0.9 * SIDE / 2
    pairs = zip(first, second, strict=True)
    return float(np.mean([np.corrcoef(a[disc], b[disc])[0, 1] for a, b in pairs]))


def amplitudes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the ratios of the amplitudes in some shells of low frequency, where all images have signal."""
    shell = np.rint(np.hypot(np.fft.fftfreq(SIDE, 1 / SIDE), np.fft.fftfreq(SIDE, 1 / SIDE)[:, None]))
    power = [
        [(np.abs(np.fft.fft2(images)) ** 2)[:, shell == number].sum() for number in range(2, 7)]
        for images in (first, second)
    ]
    return np.sqrt(np.divide(*power))


def test_corrected_averages_have_the_shape_and_amplitudes_of_the_particle(particles: Particles) -> None:
    plain = botalign.classify(particles.stack, VIEWS, rotations=ROTATIONS, iterations=1, seed=1, correct_ctf=False)
    assert not plain.ctf_corrected
    found = particles.averages(particles.stack, particles.ctf)
    assert correlation(found, particles.clean) > 0.98
    np.testing.assert_allclose(amplitudes(found, particles.clean), 1, atol=0.15)
    # The mean of the flipped images, which the correction replaces.
    flipped = np.abs(ctf_values(particles.ctf, np.arange(180), side=SIDE, pixel_size_angstrom=PIXEL)).mean(axis=0)
    mean = np.fft.irfft2(flipped * np.fft.rfft2(particles.clean), s=(SIDE, SIDE))
    assert correlation(mean, particles.clean) < 0.95


def test_images_that_were_multiplied_by_their_ctf(particles: Particles) -> None:
    ctf = replace(particles.ctf, premultiplied=np.ones(VIEWS * EACH, dtype=bool))
    found = particles.averages(botalign.ImageStack(particles.multiplied, (PIXEL, PIXEL)), ctf)
    assert correlation(found, particles.clean) > 0.98


def test_noise_does_not_become_signal(particles: Particles) -> None:
    noise = np.random.default_rng(5).standard_normal((VIEWS * EACH, SIDE, SIDE))
    found = particles.averages(botalign.ImageStack(noise, (PIXEL, PIXEL)), particles.ctf)
    images = np.square(prepare(botalign.ImageStack(noise), invert=False).images).mean()
    assert np.square(found / prepare(botalign.ImageStack(noise), invert=False).scale).mean() < images / EACH


def test_an_empty_class_is_zero(particles: Particles) -> None:
    found = particles.averages(particles.stack, particles.ctf, classes=VIEWS + 1)
    assert not found[VIEWS].any()
    assert found[:VIEWS].any(axis=(1, 2)).all()


def test_a_classification_corrects_its_averages(particles: Particles) -> None:
    corrected, plain = (
        botalign.classify(particles.stack, VIEWS, rotations=ROTATIONS, seed=1, correct_ctf=switch, iterations=3)
        for switch in (True, False)
    )
    assert corrected.ctf_corrected
    np.testing.assert_array_equal(corrected.labels, plain.labels)
    np.testing.assert_array_equal(corrected.distances, plain.distances)
    assert np.abs(corrected.averages.images - plain.averages.images).max() > 0.1 * plain.averages.images.max()
    assert not botalign.classify(
        botalign.ImageStack(particles.multiplied), 2, rotations=4, iterations=1
    ).ctf_corrected  # the CTF is unknown
