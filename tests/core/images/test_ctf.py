from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.errors import InputError
from botalign.images import CtfParameters
from botalign.images.ctf import ctf_values, phase_flipped

SIDE, PIXEL = 64, 1.7


def parameters(n: int = 1, **given: float) -> CtfParameters:
    values = {
        "defocus_u_angstrom": 15000.0, "defocus_v_angstrom": 14000.0, "astigmatism_degrees": 30.0,
        "phase_shift_degrees": 0.0, "voltage_kv": 300.0, "cs_mm": 2.7, "amplitude_contrast": 0.1,
    }  # fmt: skip
    flags = {name: np.full(n, bool(given.pop(name, False))) for name in ("phase_flipped", "premultiplied")}
    return CtfParameters(**{name: np.full(n, value) for name, value in (values | given).items()}, **flags)


def by_wave_optics(p: CtfParameters) -> np.ndarray:
    """Return the contrast of a weak object by the intensity of its wave behind a lens with aberrations."""
    volts, c, m, h, e = p.voltage_kv[0] * 1e3, 299792458.0, 9.1093837e-31, 6.62607015e-34, 1.602176634e-19
    wavelength = 1e10 * h / np.sqrt(2 * m * e * volts * (1 + e * volts / (2 * m * c * c)))
    ky, kx = np.meshgrid(np.fft.fftfreq(SIDE, PIXEL), np.fft.fftfreq(SIDE, PIXEL), indexing="ij")
    k, direction = np.hypot(kx, ky), np.arctan2(ky, kx)
    u, v = p.defocus_u_angstrom[0], p.defocus_v_angstrom[0]
    defocus = (u + v) / 2 + (u - v) / 2 * np.cos(2 * (direction - np.radians(p.astigmatism_degrees[0])))
    aberration = np.pi / 2 * 1e7 * p.cs_mm[0] * wavelength**3 * k**4 - np.pi * wavelength * defocus * k**2
    lens = np.exp(-1j * aberration)
    lens[0, 0] = np.exp(-1j * np.radians(p.phase_shift_degrees[0]))  # a phase plate for the direct beam
    weak, w = 1e-6, p.amplitude_contrast[0]
    potential = np.zeros((SIDE, SIDE))
    potential[0, 0] = 1
    wave = 1 + weak * potential * (1j * np.sqrt(1 - w * w) - w)
    intensity = np.abs(np.fft.ifft2(lens * np.fft.fft2(wave))) ** 2
    contrast = np.fft.fft2(1 - intensity) / (2 * weak * np.fft.fft2(potential))  # inverted: bright particles
    return contrast.real


@pytest.mark.parametrize("defocus", [3000.0, 8000.0, 15000.0, 25000.0])
@pytest.mark.parametrize(
    "given",
    [
        {}, {"voltage_kv": 200.0, "cs_mm": 2.0, "amplitude_contrast": 0.07}, {"voltage_kv": 100.0, "cs_mm": 1.6},
        {"phase_shift_degrees": 90.0}, {"phase_shift_degrees": 35.0, "astigmatism_degrees": -70.0},
    ],
)  # fmt: skip
def test_it_is_the_contrast_of_a_weak_object(defocus: float, given: dict[str, float]) -> None:
    p = parameters(defocus_u_angstrom=defocus, defocus_v_angstrom=0.9 * defocus, **given)
    expected = by_wave_optics(p)[:, : SIDE // 2 + 1]
    found = ctf_values(p, np.array([0]), side=SIDE, pixel_size_angstrom=PIXEL)[0]
    inner = np.ones_like(found, dtype=bool)
    inner[0, 0] = False  # the direct beam
    inner[SIDE // 2, :] = inner[:, SIDE // 2] = False  # the direction of a Nyquist frequency is not defined
    np.testing.assert_allclose(found[inner], expected[inner], atol=1e-3)


def test_flipping_makes_the_transfer_positive(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    spectra = np.fft.rfft2(rng.standard_normal((3, SIDE, SIDE)))
    spectra[:, SIDE // 2], spectra[:, :, SIDE // 2] = 0, 0  # the direction of a Nyquist frequency is not defined
    truth = np.fft.irfft2(spectra)
    p = parameters(3)
    p = replace(p, premultiplied=np.array([False, False, True]))
    ctf = ctf_values(p, np.arange(3), side=SIDE, pixel_size_angstrom=PIXEL)
    images = np.fft.irfft2(ctf * np.fft.rfft2(truth), s=(SIDE, SIDE))
    botalign.ImageStack(images, (PIXEL, PIXEL)).write(tmp_path / "a.mrcs")
    for stack in (botalign.read_stack(tmp_path / "a.mrcs"), botalign.ImageStack(images, (PIXEL, PIXEL))):
        flipped = phase_flipped(stack, p)
        expected = np.fft.irfft2(np.abs(ctf) * np.fft.rfft2(truth), s=(SIDE, SIDE))
        np.testing.assert_allclose(flipped.load([1, 0]), expected[[1, 0]], atol=1e-5)
        np.testing.assert_array_equal(flipped.load([2])[0], images[2].astype(np.float32))
        np.testing.assert_array_equal(stack.load([0])[0], images[0].astype(np.float32))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cs_mm": np.nan}, "image 1 has no cs, expected the parameters of the CTF for every image"),
        ({"amplitude_contrast": 7.0}, "got amplitude contrast from 7 to 7 .* expected a fraction"),
        ({"voltage_kv": 0.0}, "voltages from 0 kV, expected a fraction and positive voltages"),
    ],
)
def test_impossible_parameters_are_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        phase_flipped(botalign.ImageStack(np.zeros((1, 8, 8))), parameters(**given))


def test_a_list_without_a_ctf_is_refused(tmp_path: Path) -> None:
    botalign.ImageStack(np.zeros((2, 8, 8))).write(tmp_path / "a.mrcs")
    listed = botalign.read_images(tmp_path / "a.mrcs")
    with pytest.raises(InputError, match="no defocus, voltage, spherical aberration or amplitude contrast, expected"):
        listed.phase_flipped()
