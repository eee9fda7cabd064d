"""Images shifted so that the centres in their list are in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.arrays import Counts, Matrix, Volume
from botalign.errors import InputError
from botalign.images.stack import ChangedImages, ImageStack
from botalign.images.stored import outside_disc

#: Fractions of a pixel that are not worth an interpolation.
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True, eq=False)
class CentredImages(ChangedImages):
    """Images that are shifted when they are read.

    Attributes
    ----------
    shifts : ndarray, shape (n, 2)
        Shift ``(x, y)`` of each image in pixels.
    """

    shifts: Matrix

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Shift images by the fraction of a pixel, then by whole pixels, so that no filled edges are interpolated."""
        corners = outside_disc(self.shape)
        for places, images in self.stack.blocks(which):
            shifts = self.shifts[which[places]]
            whole = np.rint(shifts)
            between = np.flatnonzero((np.abs(shifts - whole) > _NEGLIGIBLE).any(axis=1))
            if len(between):
                images = images.copy()  # they may be those of the stack
                images[between] = _shifted_by_fractions(images[between], (shifts - whole)[between])
            shifted = np.empty_like(images)
            for image, out, shift in zip(images, shifted, whole.astype(np.int64).tolist(), strict=True):
                _shift_whole(image, out, shift, corners)
            yield places, shifted


def _shift_whole(
    image: NDArray[np.float32], out: NDArray[np.float32], shift: list[int], corners: NDArray[np.bool_]
) -> None:
    """Shift an image by whole pixels; pixels without a value are set to the median of its corners."""
    (rows, columns), (right, down) = image.shape, shift
    out[...] = np.median(image[corners])
    out[max(down, 0) : rows + down, max(right, 0) : columns + right] = image[
        max(-down, 0) : rows - down, max(-right, 0) : columns - right
    ]


def _shifted_by_fractions(images: Volume, shifts: Matrix) -> Volume:
    """Return images shifted by their phases, which leaves the power of signal and noise as it is at all frequencies."""
    rows, columns = images.shape[1:]
    x, y = (_phases(fft.fftfreq(rows if axis else columns), shifts[:, axis]).astype(np.complex64) for axis in (0, 1))
    spectra = fft.rfft2(images, workers=1)
    spectra *= x[:, None, : spectra.shape[2]]
    spectra *= y[:, :, None]
    return np.asarray(fft.irfft2(spectra, s=(rows, columns), workers=1), dtype=np.float32)


def _phases(frequencies: Matrix, shifts: Matrix) -> NDArray[np.complex128]:
    """Return the factors of a shift; the Nyquist frequency stands for a pair, whose imaginary parts cancel."""
    found = np.exp(-2j * np.pi * shifts[:, None] * frequencies)
    return np.asarray(np.where(np.abs(frequencies) == 0.5, found.real, found))


def centred(stack: ImageStack, origins_pixels: Matrix) -> ImageStack:
    """Return images shifted by their origins, in fractions of a pixel; read when needed.

    An origin moves the particle to pixel ``side // 2``. The middle of an image, about which it is rotated, is half a
    pixel before it if the side is even. The shifts include this half.

    Raises
    ------
    InputError
        If an origin is not a number, or half of the image or more away from its middle.
    """
    _, rows, columns = stack.shape
    bad = ~(np.abs(origins_pixels) < (columns / 2, rows / 2)).all(axis=1)
    if bad.any():
        first = int(np.argmax(bad))
        x, y = origins_pixels[first]
        raise InputError(
            f"{stack.name}: image {first + 1} has the origin ({x:g}, {y:g}) in pixels, expected less than half of its "
            f"{columns} x {rows} pixels; correct the list, or remove its origins."
        )
    middle = np.array([(side - 1) / 2 - side // 2 for side in (columns, rows)])
    shifts = origins_pixels + middle
    if not shifts.any():
        return stack
    return CentredImages(stack, shifts).as_stack(shifts_pixels=shifts)
