r"""The contrast transfer function, in the convention of RELION, and phase flipping.

For the spatial frequency :math:`k` and the defocus :math:`z(k)` along its direction, which is positive for underfocus,

.. math::

    \mathrm{CTF}(k) = \sin\left(\pi \lambda z(k) |k|^2 - \tfrac{\pi}{2} C_s \lambda^3 |k|^4 + \varphi + \arcsin w\right)

with the wavelength :math:`\lambda`, the spherical aberration :math:`C_s`, the phase shift :math:`\varphi` and the
fraction of amplitude contrast :math:`w`. It is positive at low frequencies, for images of bright particles. Beam tilt,
higher aberrations, anisotropic magnification and the envelope are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import constants, fft

from botalign.arrays import Counts, Matrix, Volume
from botalign.errors import InputError
from botalign.images.particles import CtfParameters
from botalign.images.stack import ChangedImages, ImageStack


def ctf_values(parameters: CtfParameters, which: Counts, *, side: int, pixel_size_angstrom: float) -> Matrix:
    """Return the contrast transfer function of images at the frequencies of their half spectra.

    Parameters
    ----------
    parameters : CtfParameters
        Parameters of all images of a list.
    which : ndarray of int, shape (n,)
        Indices of the images.
    side : int
        Side of the images in pixels.
    pixel_size_angstrom : float
        Side of a pixel.

    Returns
    -------
    ndarray, shape (n, side, side // 2 + 1)
        Values at the frequencies of :func:`numpy.fft.rfft2`.
    """
    x = np.fft.rfftfreq(side, pixel_size_angstrom)
    y = np.fft.fftfreq(side, pixel_size_angstrom)[:, None]
    squared = x * x + y * y

    def column(values: Matrix) -> Matrix:
        return values[which][:, None, None]

    wavelength = _wavelength_angstrom(column(parameters.voltage_kv))
    angle = np.radians(column(parameters.astigmatism_degrees))
    u, v = column(parameters.defocus_u_angstrom), column(parameters.defocus_v_angstrom)
    along = np.cos(angle) * x + np.sin(angle) * y
    defocus = u * along**2 + v * (squared - along**2)  # times the squared frequency
    phase = np.pi * wavelength * defocus - np.pi / 2 * 1e7 * column(parameters.cs_mm) * wavelength**3 * squared**2
    shift = np.radians(column(parameters.phase_shift_degrees)) + np.arcsin(column(parameters.amplitude_contrast))
    return np.asarray(np.sin(phase + shift))


def _wavelength_angstrom(voltage_kv: Matrix) -> Matrix:
    """Return the relativistic wavelength of electrons."""
    energy, rest = 1e3 * voltage_kv * constants.e, constants.m_e * constants.c**2
    return np.asarray(1e10 * constants.h * constants.c / np.sqrt(energy * (energy + 2 * rest)))


@dataclass(frozen=True, eq=False)
class FlippedImages(ChangedImages):
    """Images whose phases are flipped when they are read.

    Attributes
    ----------
    parameters : CtfParameters
        Parameters of the contrast transfer functions.
    """

    parameters: CtfParameters

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read images, and flip the phases of those that are as the microscope recorded them."""
        recorded = as_recorded(self.parameters)
        for places, images in self.stack.blocks(which):
            at = np.flatnonzero(recorded[which[places]])
            values = ctf_values(
                self.parameters, which[places][at], side=self.shape[1],
                pixel_size_angstrom=self.stack.pixel_size_angstrom[0],
            )  # fmt: skip
            spectra = fft.rfft2(images[at], workers=1)
            np.negative(spectra, out=spectra, where=values < 0)
            flipped = images.copy()
            flipped[at] = fft.irfft2(spectra, s=images.shape[1:], workers=1)
            yield places, flipped


def as_recorded(parameters: CtfParameters) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which images are neither phase-flipped nor multiplied by their contrast transfer function."""
    return ~(parameters.phase_flipped | parameters.premultiplied)


def phase_flipped(stack: ImageStack, parameters: CtfParameters) -> ImageStack:
    """Return images with the phases flipped where the contrast transfer function is negative.

    Images that are flipped or multiplied by their CTF already stay as they are. The images are read when needed.

    Raises
    ------
    InputError
        If the images are not square, or a parameter is not a number.
    """
    _, rows, columns = stack.shape
    if rows != columns:
        raise InputError(
            f"{stack.name}: got images of {columns} x {rows} pixels, expected square images to flip phases."
        )
    for name, values in vars(parameters).items():
        if not np.isfinite(values).all():
            first = int(np.argmin(np.isfinite(values))) + 1
            what = name.rsplit("_", 1)[0].replace("_", " ")
            raise InputError(
                f"{stack.name}: image {first} has no {what}, expected the parameters of the CTF for every image; add "
                "them to the list, or do not flip phases."
            )
    if not ((np.abs(parameters.amplitude_contrast) <= 1) & (parameters.voltage_kv > 0)).all():
        raise InputError(
            f"{stack.name}: got amplitude contrast from {parameters.amplitude_contrast.min():g} to "
            f"{parameters.amplitude_contrast.max():g} and voltages from {parameters.voltage_kv.min():g} kV, expected a "
            "fraction and positive voltages; correct the list."
        )
    return FlippedImages(stack, parameters).as_stack(ctf=parameters)
