"""Correction of images by their background: ramps, and different scales.

The plane that fits the background of a single image is noisy. Its error, subtracted from the whole image, would change
the coarsest wavelets more than their own noise does, and most images have no ramp, because programs subtract it when
they extract particles. So planes are multiplied by the part of their variance that noise does not explain (James and
Stein). Of the mean levels in four quadrants, two differences are the slopes of the plane; the third one, between
diagonals, is noise alone.

Images that were not normalised when they were extracted have different scales, for example if the ice is thicker. They
are divided by the standard deviation of their background, unless it hardly differs or is not mostly noise.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix, Volume

#: Coefficient of variation of the standard deviations above which scales are made equal (in small images, four of its
#: standard errors), and least ratio of the noise outside the disc to the standard deviation inside.
_VARIATION, _NOISE = 0.1, 0.5


class Background:
    """Ramps and scales of images.

    Parameters
    ----------
    outside : ndarray of bool, shape (side, side)
        Pixels of the background.
    count : int
        Number of images.
    """

    def __init__(self, outside: NDArray[np.bool_], count: int) -> None:
        self._outside = outside
        self._offset = np.arange(len(outside)) - (len(outside) - 1) / 2
        x, y = np.broadcast_arrays(self._offset, self._offset[:, None])
        quadrants = [outside & (np.sign(x) == right) & (np.sign(y) == down) for down in (-1, 1) for right in (-1, 1)]
        self._quadrants, self._centre = quadrants, float(np.abs(x[quadrants[3]]).mean())
        self._levels, self._deviations = np.zeros((count, 4)), np.zeros((count, 2))

    def add(self, places: NDArray[np.int64], images: Volume) -> None:
        """Measure images, given with their numbers."""
        for column, quadrant in enumerate(self._quadrants):
            self._levels[places, column] = images[:, quadrant].mean(axis=1, dtype=np.float64)
        flat = images - self._planes(self._plain_slopes(places))
        for column, pixels in enumerate((self._outside, ~self._outside)):
            self._deviations[places, column] = flat[:, pixels].std(axis=1, dtype=np.float64)

    @cached_property
    def slopes(self) -> Matrix:
        """Slopes ``(x, y)`` per pixel of the ramps of all images, shape (n, 2); zero without ramps."""
        a, b, c, d = self._levels.T
        plain = self._plain_slopes(slice(None))
        variance, noise = np.square(plain).mean(), np.square((a + d - b - c) / (4 * self._centre)).mean()
        return plain * (max(0.0, 1.0 - noise / variance) if variance > 0 else 0.0)

    @cached_property
    def factors(self) -> Matrix:
        """Factors that give all images the same scale, shape (n,); 1 for images of equal scale."""
        noise, inside = self._deviations.T
        mostly = np.median(noise) > _NOISE * np.median(inside)
        error = 1 / np.sqrt(2 * np.count_nonzero(self._outside))  # relative, of a standard deviation of white noise
        if not mostly or noise.min() <= 0 or noise.std() <= max(_VARIATION, 4 * error) * noise.mean():
            return np.ones(len(noise))
        return np.asarray(np.median(noise) / noise)

    def _plain_slopes(self, places: NDArray[np.int64] | slice) -> Matrix:
        """Return the slopes of the planes of single images."""
        a, b, c, d = self._levels[places].T
        return np.stack([b + d - a - c, c + d - a - b], axis=1) / (4 * self._centre)

    def _planes(self, slopes: Matrix) -> Volume:
        x, y = slopes.T[:, :, None, None]
        return np.asarray(x * self._offset + y * self._offset[:, None], dtype=np.float32)

    def correct(self, images: Volume, part: slice) -> None:
        """Correct a range of the images in place, whose means inside the disc are zero."""
        slopes, factors = self.slopes[part], self.factors[part]
        if slopes.any():
            images -= self._planes(slopes)
        if (factors != 1).any():
            images *= factors.astype(np.float32)[:, None, None]
