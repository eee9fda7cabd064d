"""Background ramps: planes that are fitted to the background of images.

The plane of a single image is noisy. Its error, subtracted from the whole image, would change the coarsest wavelets
more than their own noise does, and most images have no ramp, because programs subtract it when they extract particles.
So planes are multiplied by the part of their variance that noise does not explain (James and Stein). Of the mean levels
in four quadrants, two differences are the slopes of the plane; the third one, between diagonals, is noise alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix, Volume


class Ramps:
    """Planes in the background of images.

    Parameters
    ----------
    outside : ndarray of bool, shape (side, side)
        Pixels of the background.
    count : int
        Number of images.
    """

    def __init__(self, outside: NDArray[np.bool_], count: int) -> None:
        self._offset = np.arange(len(outside)) - (len(outside) - 1) / 2
        x, y = np.broadcast_arrays(self._offset, self._offset[:, None])
        self._quadrants = [
            outside & (np.sign(x) == right) & (np.sign(y) == down) for down in (-1, 1) for right in (-1, 1)
        ]
        self._centre = float(np.abs(x[self._quadrants[3]]).mean())
        self._levels = np.zeros((count, 4))

    def add(self, places: NDArray[np.int64], images: Volume) -> None:
        """Measure images, given with their numbers."""
        self._levels[places] = np.stack(
            [images[:, quadrant].mean(axis=1, dtype=np.float64) for quadrant in self._quadrants], axis=1
        )

    def slopes(self) -> Matrix:
        """Return the slopes ``(x, y)`` per pixel of the ramps of all images, shape (n, 2); zero without ramps."""
        a, b, c, d = self._levels.T
        across = np.stack([b + d - a - c, c + d - a - b], axis=1)
        variance, noise = np.square(across).mean(), np.square(a + d - b - c).mean()
        share = max(0.0, 1.0 - noise / variance) if variance > 0 else 0.0
        return share * across / (4 * self._centre)

    def plane(self, slopes: Matrix) -> Volume:
        """Return the planes with some slopes, which are zero in the centre, shape (n, side, side)."""
        x, y = slopes.T[:, :, None, None]
        return np.asarray(x * self._offset + y * self._offset[:, None], dtype=np.float32)
