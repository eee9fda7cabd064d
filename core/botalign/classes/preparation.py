"""Preparation of images for comparison: zero background, equal mass, zero outside a disc."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Volume
from botalign.classes.background import Background
from botalign.classes.posing import cut_to_disc, disc_spans
from botalign.classes.units import PIXELS, units
from botalign.errors import InputError, Setting, counted
from botalign.images import ImageStack
from botalign.maps import MapWarning
from botalign.progress import Progress, exhaust

#: The mean mass is used as the scale if it differs from zero by this number of standard errors.
_SIGNIFICANT = 3.0
#: Pixels along the diameter of the particle, if it is known: details down to 1/32 of it distinguish views.
ACROSS = 64


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """Prepared images.

    Attributes
    ----------
    images : ndarray of float32, shape (n, side, side)
        Images with zero background and equal mass, divided by `scale`, zero outside the disc.
    scale : float
        Divisor of all images: their mass, if it differs significantly from zero.
    radius : float
        Radius of the disc in pixels.
    pixel_size_angstrom : float
        Side of a pixel.
    inverted : bool
        Whether the contrast was inverted.
    """

    images: Volume
    scale: float
    radius: float
    pixel_size_angstrom: float
    inverted: bool = False

    @property
    def side(self) -> int:
        """Side of the images in pixels."""
        return int(self.images.shape[1])


def prepare(
    stack: ImageStack, *, invert: bool | None = None, diameter_angstrom: float | None = None, size: int | None = None
) -> PreparedImages:
    """Prepare images for comparison.

    Pixels outside the disc are background. All projections of a particle have the same mass, which is estimated from
    the difference of the means inside and outside the disc over all images. From each image the level is subtracted
    that gives it this mass; then all images are divided by the mass. Background levels of single images are too noisy:
    their errors, multiplied by the number of pixels in the disc, would dominate the earth mover's distance. So would
    dividing each image by its own sum. For the same reason, ramps of the background are subtracted only as far as they
    exceed the noise. If noisy images have different scales, they are divided by the standard deviation of their
    background.

    Parameters
    ----------
    stack : ImageStack
        Phase-flipped images.
    invert : bool, optional
        Whether to invert the contrast, for dark particles; by default if they are significantly darker than the
        background, or if neither is significant and the list states that they are dark.
    diameter_angstrom : float, optional
        Diameter of the disc; by default that of the largest disc in the image.
    size : int, optional
        Side in pixels to which larger images are reduced first, at least 8; by default 64 pixels are along the
        diameter, if it is given.

    Returns
    -------
    PreparedImages
        The prepared images.

    Raises
    ------
    InputError
        If the images are not square or too small, an image is constant, or the diameter is out of range.

    Warns
    -----
    MapWarning
        If the particles are significantly darker than the background with the given `invert`.
    """
    return exhaust(prepare_steps(stack, invert=invert, diameter_angstrom=diameter_angstrom, size=size))


def prepare_steps(
    stack: ImageStack, *, invert: bool | None = None, diameter_angstrom: float | None = None, size: int | None = None
) -> Generator[Progress, None, PreparedImages]:
    """Prepare images as :func:`prepare`, in the stages ``"read"`` and ``"prepare"``.

    Images are read and reduced block by block, so that the memory depends on the reduced size only.
    """
    count, rows, columns = stack.shape
    if rows != columns:
        raise InputError(
            f"{stack.name}: got images of {columns} x {rows} pixels, expected square images; crop or pad them."
        )
    if rows < 8:
        raise InputError(f"{stack.name}: got images of {columns} x {rows} pixels, expected at least 8 pixels per side.")
    pixel = float(stack.pixel_size_angstrom[0])
    side = _side(rows, pixel, diameter_angstrom) if size is None else min(size, rows)
    pixel *= rows / side
    radius = _radius(side, pixel, diameter_angstrom)
    spans = disc_spans(side, radius)
    inside = np.ones((1, side, side), dtype=np.float32)
    cut_to_disc(inside, spans)
    outside = inside[0] == 0
    ready = np.empty((count, side, side), dtype=np.float32)
    excess, flat, done, background = np.empty(count), np.zeros(count, dtype=bool), 0, Background(outside, count)
    for places, images in stack.blocks():
        flat[places] = images.max(axis=(1, 2)) == images.min(axis=(1, 2))
        small = downsampled(images, side)
        level = small[:, ~outside].mean(axis=1, dtype=np.float64)
        background.add(places, small)
        excess[places] = level - small[:, outside].mean(axis=1, dtype=np.float64)
        ready[places] = small - level.astype(np.float32)[:, None, None]
        done += len(places)
        yield Progress("read", done, count)
    if flat.any():
        raise InputError(
            f"{stack.name}: {counted(int(flat.sum()), 'image is', 'images are')} constant, the first is image "
            f"{int(np.argmax(flat)) + 1}; leave such images out."
        )
    excess *= background.factors
    inverted = _is_dark(excess, stack.dark) if invert is None else invert
    if inverted:
        excess *= -1
    # The difference of the means inside and outside the disc is averaged over all images to reduce the noise.
    mean, (sums, absolute) = np.float32(excess.mean()), np.zeros((2, count))
    parts = list(units(count, side * side, PIXELS))
    passes = (Progress("prepare", done, 2 * len(parts)) for done in range(1, 2 * len(parts) + 1))
    for part in parts:
        background.correct(ready[part], part)
        if inverted:
            np.negative(ready[part], out=ready[part])
        ready[part] += mean
        cut_to_disc(ready[part], spans)
        sums[part] = ready[part].sum(axis=(1, 2), dtype=np.float64)
        absolute[part] = np.abs(ready[part]).sum(axis=(1, 2), dtype=np.float64)
        yield next(passes)
    scale = _scale(excess, float(sums.mean()), float(absolute.mean()), stack.name, inverted=inverted)
    for part in parts:
        ready[part] *= np.float32(1 / scale)
        yield next(passes)
    return PreparedImages(ready, scale, radius, pixel, inverted)


def _side(side: int, pixel: float, diameter_angstrom: float | None) -> int:
    """Return the even number of pixels with :data:`ACROSS` of them along the diameter, or that of smaller images."""
    if diameter_angstrom is None or not 4 * pixel <= diameter_angstrom <= side * pixel:  # refused later
        return side
    return min(side, 2 * ceil(ACROSS * side * pixel / diameter_angstrom / 2))


def _radius(side: int, pixel: float, diameter_angstrom: float | None) -> float:
    radius = (side - 1) / 2
    if diameter_angstrom is None:
        return radius
    if not 4 * pixel <= diameter_angstrom <= side * pixel:
        raise InputError(
            Setting("diameter_angstrom"),
            f": got {diameter_angstrom:g} A, expected {4 * pixel:g} to {side * pixel:g} A for images of {side} "
            f"pixels of {pixel:g} A.",
        )
    return min(radius, diameter_angstrom / (2 * pixel))


def _scale(excess: NDArray[np.float64], mass: float, absolute: float, name: str, *, inverted: bool) -> float:
    """Return the mean mass of the images or, if it does not differ from zero, the mean sum of absolute values."""
    if not _is_significant(excess):
        return absolute
    if excess.mean() < 0:
        warnings.warn(
            MapWarning(
                f"{name}: the particles are darker than the background{' after inversion' * inverted}, expected bright "
                "particles; leave out ",
                Setting("invert", inverted),
                ".",
            ),
            stacklevel=3,
        )
    return abs(mass)


def _is_dark(excess: NDArray[np.float64], listed: bool | None) -> bool:
    """Return whether particles are darker than the background: from the images if they show it, or from the list."""
    return bool(excess.mean() < 0) if _is_significant(excess) else bool(listed)


def _is_significant(excess: NDArray[np.float64]) -> bool:
    """Return whether the mean difference between particles and background differs from zero."""
    error = float(excess.std() / np.sqrt(len(excess)))
    return len(excess) > 1 and bool(abs(excess.mean()) > _SIGNIFICANT * error)


def downsampled(images: Volume, size: int) -> Volume:
    """Resample square images with fewer pixels by leaving out the frequencies above their Nyquist frequency.

    Parameters
    ----------
    images : ndarray of float32, shape (n, side, side)
        Images.
    size : int
        Side in pixels. Images that are not larger are returned unchanged. The centre remains the centre.
    """
    side = images.shape[1]
    if size >= side:
        return images
    frequency = np.fft.fftfreq(side, 1 / side)
    keep = np.flatnonzero(np.abs(frequency) < size / 2)
    # A pixel is a cell: the centre of the image is at (side - 1) / 2 before, and at (size - 1) / 2 after.
    phase = np.exp(2j * np.pi * frequency[keep] * ((side - 1) / (2 * side) - (size - 1) / (2 * size)))
    target = np.ix_(*[frequency[keep].astype(int) % size] * 2)
    out = np.empty((len(images), size, size), dtype=np.float32)
    for image, smaller in zip(images, out, strict=True):
        spectrum = np.zeros((size, size), dtype=np.complex128)
        spectrum[target] = np.fft.fft2(image)[np.ix_(keep, keep)] * (phase[:, None] * phase)
        smaller[...] = np.fft.ifft2(spectrum).real * (size / side) ** 2
    return out
