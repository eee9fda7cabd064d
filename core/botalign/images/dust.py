"""Images without dust: pixels that differ from the background by more than noise can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from botalign.arrays import Counts, Volume
from botalign.errors import InputError, Setting
from botalign.images.stack import ChangedImages, ImageStack
from botalign.images.stored import outside_disc


@dataclass(frozen=True, eq=False)
class DustFreeImages(ChangedImages):
    """Images whose dust is replaced when they are read.

    Attributes
    ----------
    dust : float
        Number of standard deviations of the background from which on a pixel is dust.
    """

    dust: float

    def blocks(self, which: Counts) -> Iterator[tuple[Counts, Volume]]:
        """Read images, and set pixels of dust to the median of the corners of the image."""
        corners = outside_disc(self.shape)
        for places, images in self.stack.blocks(which):
            background = images[:, corners]
            level = np.median(background, axis=1)[:, None]
            # The standard deviation of the noise, on which single pixels of dust have no influence.
            deviation = 1.4826 * np.median(np.abs(background - level), axis=1)[:, None]
            levels, most = level[:, :, None], self.dust * deviation[:, :, None]
            is_dust = (np.abs(images - levels) > most) & (most > 0)  # without noise nothing is dust
            yield places, np.where(is_dust, levels, images)


def without_dust(stack: ImageStack, dust: float) -> ImageStack:
    """Return images without dust, which are read when needed.

    Raises
    ------
    InputError
        If `dust` is not a positive number.
    """
    if not 0 < dust < np.inf:
        raise InputError(Setting("dust"), f": got {dust:g}, expected a positive number of standard deviations.")
    return DustFreeImages(stack, dust).as_stack()
