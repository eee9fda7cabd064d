"""The wavelet transform of many images of one size, in compiled code, coarsest scale first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Volume
from botalign.transport.wavelets import check_scales, scale_weight, wavelet_named

#: Scales begin at multiples of this number of coefficients, padded with zeros, for vectorised sums.
MULTIPLE = 16


@dataclass(frozen=True, eq=False)
class ImageWavelets:
    r"""The weighted wavelet transform of images, whose L1 distances are wavelet earth mover's distances.

    This is eq. 8 of Rao et al. (2020), as in :func:`botalign.transport.wavelet_transform`, but with the
    coarsest scale first: it contributes most to a distance, so that sums over scales can stop early.

    Attributes
    ----------
    side : int
        Side of the images in pixels.
    low, high : ndarray of float32, shape (taps,)
        Filters.
    weights : ndarray of float32, shape (scales,)
        Weight of each scale, finest first.
    starts : ndarray of int64, shape (scales + 1,)
        Index of the first coefficient of each scale, coarsest first, and the end of the last scale.
    """

    side: int
    low: Volume
    high: Volume
    weights: Volume
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, side: int, *, wavelet: str = "sym5", scales: int = 6, pixel_size: float = 1.0) -> ImageWavelets:
        """Return the transform for images of `side` pixels; see :func:`botalign.transport.wavelet_transform`.

        Raises
        ------
        InputError
            If the wavelet is unknown or `scales` is below 1.
        """
        check_scales(scales, 2)
        filters = wavelet_named(wavelet)
        low, high = (np.array(each, dtype=np.float32) for each in (filters.dec_lo, filters.dec_hi))
        sizes, length = [], side
        for _ in range(scales):
            length = (length + len(low) - 1) // 2
            sizes.append(-(-3 * length * length // MULTIPLE) * MULTIPLE)
        starts = np.concatenate([[0], np.cumsum(sizes[::-1])]).astype(np.int64)
        weights = np.array([pixel_size * scale_weight(scale, 2) for scale in range(scales)], dtype=np.float32)
        return cls(side, low, high, weights, starts)

    @property
    def length(self) -> int:
        """Number of coefficients of a transform."""
        return int(self.starts[-1])

    def __call__(self, images: Volume) -> Volume:
        """Return the transforms, shape (n, length), of images of shape (n, side, side)."""
        out = np.zeros((len(images), self.length), dtype=np.float32)
        _transform(np.ascontiguousarray(images), self.low, self.high, self.weights, self.starts, out)
        return out


# Without fastmath, so that the coefficients of an image are the same on every machine.
@njit(cache=True, nogil=True)
def _transform(
    images: Volume, low: Volume, high: Volume, weights: Volume, starts: NDArray[np.int64], out: Volume
) -> None:
    """Transform each image, and write the details of scale s from ``starts[scales - 1 - s]`` on."""
    scales, taps = len(weights), len(low)
    for i in range(images.shape[0]):
        remainder = images[i]
        for scale in range(scales):
            n = remainder.shape[0]
            half = (n + taps - 1) // 2
            rows = np.empty((2 * half, n), dtype=np.float32)
            _filter(remainder, low, high, rows)
            columns = np.empty((n, 2 * half), dtype=np.float32)
            _transpose(rows, columns)
            both = np.empty((2 * half, 2 * half), dtype=np.float32)
            _filter(columns, low, high, both)
            weight, position = weights[scale], starts[scales - 1 - scale]
            for r in range(2 * half):
                first = half if r < half else 0  # all except the approximation
                for c in range(first, 2 * half):
                    out[i, position + c - first] = weight * both[r, c]
                position += 2 * half - first
            remainder = both[:half, :half].copy()


@njit(cache=True, nogil=True)
def _filter(values: Volume, low: Volume, high: Volume, out: Volume) -> None:
    """Transform along the first axis: approximations in the first half of the rows, details in the second."""
    n, columns = values.shape
    half = out.shape[0] // 2
    for k in range(half):
        for c in range(columns):
            out[k, c] = np.float32(0)
            out[half + k, c] = np.float32(0)
        for j in range(low.shape[0]):
            r = 2 * k + 1 - j
            if 0 <= r < n:
                a, b = low[j], high[j]
                for c in range(columns):
                    value = values[r, c]
                    out[k, c] += a * value
                    out[half + k, c] += b * value


@njit(cache=True, nogil=True)
def _transpose(values: Volume, out: Volume) -> None:
    rows, columns = values.shape
    for i in range(0, rows, 16):
        for j in range(0, columns, 16):
            for c in range(j, min(j + 16, columns)):
                for r in range(i, min(i + 16, rows)):
                    out[c, r] = values[r, c]
