"""Images made ready to be compared: background zero, one common mass, nothing outside a disc."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.classes.turning import cut_to_disc, disc_spans
from botalign.errors import InputError, Setting
from botalign.images import ImageStack
from botalign.maps import MapWarning

Array32 = NDArray[np.float32]

#: How many standard errors the mean mass must be away from zero to serve as the scale.
_CLEAR = 3.0


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """Images ready to be compared.

    Attributes
    ----------
    images : ndarray of float32, shape (n, side, side)
        Background zero, all of one mass, divided by `scale`, zero outside the disc.
    scale : float
        What all of them were divided by: their mass, so that this is 1, if it is clearly not zero.
    radius : float
        Radius of the disc in pixels.
    pixel_size_angstrom : float
        Side of a pixel.
    """

    images: Array32
    scale: float
    radius: float
    pixel_size_angstrom: float

    @property
    def side(self) -> int:
        """Pixels a side."""
        return int(self.images.shape[1])

    @property
    def spans(self) -> NDArray[np.int64]:
        """The disc, row by row."""
        return disc_spans(self.side, self.radius)


def prepare(
    stack: ImageStack, *, invert: bool = False, diameter_angstrom: float | None = None, size: int | None = None
) -> PreparedImages:
    """Make images ready to be compared.

    Outside the disc is background. Its mean over all images says what mass the images have inside, which is that of the
    particle and so the same for all of its projections; from each image the level is subtracted that leaves it this
    mass. Then all are divided by it. The level of one image alone, taken from its own background, would be off by a
    little, and that times all the pixels in the disc is mass for which the earth mover's distance pays dearly: with
    noise it would tell this from that image, and not their shapes. Dividing each noisy image by its own sum would
    multiply some of them by anything.

    Parameters
    ----------
    stack : ImageStack
        The images, phase-flipped. Particles must be bright.
    invert : bool
        Whether the particles are dark.
    diameter_angstrom : float, optional
        Diameter of the disc; if not given the largest one in the image.
    size : int, optional
        Sample the images down to so many pixels a side first, if they have more; at least 8.

    Returns
    -------
    PreparedImages

    Raises
    ------
    InputError
        If the images are not square, an image is constant, or a number is out of range.

    Warns
    -----
    MapWarning
        If the particles are clearly darker than their background.
    """
    images, pixel = stack.images, float(stack.pixel_size_angstrom[0])
    rows, columns = images.shape[1:]
    if rows != columns:
        raise InputError(
            f"{stack.name}: got images of {columns} x {rows} pixels, expected square ones; crop or pad them."
        )
    if min(images.shape[1:]) < 8:
        raise InputError(f"{stack.name}: got images of {columns} x {rows} pixels, expected 8 a side or more.")
    flat = np.flatnonzero(images.max(axis=(1, 2)) == images.min(axis=(1, 2)))
    if len(flat):
        raise InputError(
            f"{stack.name}: image {flat[0] + 1} is constant (so are {len(flat)} in all); leave such images out."
        )
    if size is not None:
        images, pixel = sampled_down(images, size), pixel * rows / min(size, rows)
    side = images.shape[1]
    radius = (side - 1) / 2
    if diameter_angstrom is not None:
        if not 4 * pixel <= diameter_angstrom <= side * pixel:
            raise InputError(
                Setting("diameter_angstrom"),
                f": got {diameter_angstrom:g} A, expected {4 * pixel:g} to "
                f"{side * pixel:g}, since the images are {side} pixels of {pixel:g} A.",
            )
        radius = min(radius, diameter_angstrom / (2 * pixel))
    spans = disc_spans(side, radius)
    inside = np.zeros((1, side, side), dtype=np.float32)
    inside[...] = 1
    cut_to_disc(inside, spans)
    outside = inside[0] == 0
    sign = -1.0 if invert else 1.0
    level = images[:, ~outside].mean(axis=1, dtype=np.float64)
    # How much brighter than its background an image is in the disc; of all together, since each one's own is noise.
    excess = sign * (level - images[:, outside].mean(axis=1, dtype=np.float64))
    ready = np.float32(sign) * (images - level.astype(np.float32)[:, None, None]) + np.float32(excess.mean())
    cut_to_disc(ready, spans)
    scale = _scale(ready, excess, stack.name, inverted=invert)
    ready *= np.float32(1 / scale)
    return PreparedImages(ready, scale, radius, pixel)


def _scale(images: Array32, excess: NDArray[np.float64], name: str, *, inverted: bool) -> float:
    """Return the mass of the images; if that is as good as zero, what their absolute values add up to."""
    mean = float(excess.mean())
    error = float(excess.std() / np.sqrt(len(excess)))
    if abs(mean) <= _CLEAR * error or len(excess) < 2:
        return float(np.abs(images).sum(dtype=np.float64)) / len(images)
    if mean < 0:
        warnings.warn(
            MapWarning(
                f"{name}: the particles are darker than their background, but must be bright; ",
                "leave out " if inverted else "use ",
                Setting("invert", True),
                ".",
            ),
            stacklevel=3,
        )
    return abs(float(images.sum(dtype=np.float64))) / len(images)


def sampled_down(images: Array32, size: int) -> Array32:
    """Sample square images with fewer pixels, by leaving out the frequencies that those can't hold.

    Parameters
    ----------
    images : ndarray of float32, shape (n, side, side)
        Images.
    size : int
        Pixels a side; images that have no more are returned as they are. The middle stays in the middle.
    """
    side = images.shape[1]
    if size >= side:
        return images
    frequency = np.fft.fftfreq(side, 1 / side)
    keep = np.flatnonzero(np.abs(frequency) < size / 2)
    # A pixel is a cell: the middle of the image, at (side - 1) / 2, goes to (size - 1) / 2.
    phase = np.exp(2j * np.pi * frequency[keep] * ((side - 1) / (2 * side) - (size - 1) / (2 * size)))
    place = np.ix_(*[frequency[keep].astype(int) % size] * 2)
    out = np.empty((len(images), size, size), dtype=np.float32)
    for image, smaller in zip(images, out, strict=True):
        spectrum = np.zeros((size, size), dtype=np.complex128)
        spectrum[place] = np.fft.fft2(image)[np.ix_(keep, keep)] * (phase[:, None] * phase)
        smaller[...] = np.fft.ifft2(spectrum).real * (size / side) ** 2
    return out
