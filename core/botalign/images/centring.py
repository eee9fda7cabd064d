"""Images shifted so that the centres in their list are in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from botalign.arrays import Counts, Matrix, Volume
from botalign.errors import InputError
from botalign.images.stack import ChangedImages, ImageStack
from botalign.images.stored import outside_disc


@dataclass(frozen=True, eq=False)
class CentredImages(ChangedImages):
    """Images that are shifted when they are read.

    Attributes
    ----------
    shifts : ndarray of int64, shape (n, 2)
        Shift ``(x, y)`` of each image in pixels.
    """

    shifts: Counts

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read and shift images; pixels without a value are set to the median of the corners of the image."""
        rows, columns = self.shape[1:]
        corners = outside_disc(self.shape)
        for places, images in self.stack.blocks(which):
            shifted = np.empty_like(images)
            for image, out, (right, down) in zip(images, shifted, self.shifts[which[places]].tolist(), strict=True):
                out[...] = np.median(image[corners])
                out[max(down, 0) : rows + down, max(right, 0) : columns + right] = image[
                    max(-down, 0) : rows - down, max(-right, 0) : columns - right
                ]
            yield places, shifted


def centred(stack: ImageStack, origins_pixels: Matrix) -> ImageStack:
    """Return images shifted by their origins, rounded to whole pixels as in RELION; read when needed.

    Whole pixels need no interpolation, which would smooth the noise of some images more than that of others.

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
    shifts = np.rint(origins_pixels).astype(np.int64)
    if not shifts.any():
        return stack
    return CentredImages(stack, shifts).as_stack(shifts_pixels=shifts)
