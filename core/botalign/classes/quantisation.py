r"""Quantisation of the finer scales of wavelet transforms to bytes: a quarter of the memory, and faster to compare.

A coefficient :math:`a` is clipped to a range, which does not increase distances, and rounded to a number :math:`q` of
steps :math:`\Delta`. With the sums :math:`e` of the rounding errors,

.. math:: \|a - b\|_1 \ge \Delta\, \|q_a - q_b\|_1 - e_a - e_b.

Processors have instructions for the sum of absolute differences of 32 or more bytes.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume

Bytes = NDArray[np.uint8]

#: Number of the finest scales that are quantised; at least one scale is not.
FINE = 3
#: Steps on either side of zero, and the range they cover in units of the mean absolute value: three standard deviations
#: of noise. Rounding errors are then about one percent of the difference of two images.
_STEPS, _RANGE = 127, 3.75
_DOUBLE = 1e-9


def quantisation_steps(norms: Matrix, starts: Counts) -> Matrix:
    """Return the quantisation step of each of the finer scales.

    Parameters
    ----------
    norms : ndarray, shape (n, scales)
        L1 norms of the scales of typical vectors.
    starts : ndarray of int64, shape (scales + 1,)
        Index of the first coefficient of each scale.
    """
    fine = min(FINE, len(starts) - 2)
    mean = norms.mean(axis=0) / np.diff(starts)
    return np.asarray(np.maximum(mean[len(mean) - fine :] * (_RANGE / _STEPS), 1e-30))


@njit(cache=True, nogil=True)
def quantise(vectors: Volume, starts: Counts, steps: Matrix) -> tuple[Bytes, Matrix]:
    """Return the finer scales of vectors in bytes, and the sum of the rounding errors of each scale.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, length)
        Wavelet transforms of images.
    starts : ndarray of int64, shape (scales + 1,)
        Index of the first coefficient of each scale.
    steps : ndarray, shape (fine scales,)
        Quantisation steps, from :func:`quantisation_steps`.
    """
    n, coarse = vectors.shape[0], len(starts) - 1 - len(steps)
    at = starts[coarse]
    out = np.empty((n, vectors.shape[1] - at), dtype=np.uint8)
    errors = np.zeros((n, len(steps)))
    for i in range(n):
        for f in range(len(steps)):
            first, end = starts[coarse + f], starts[coarse + f + 1]
            error = _round(vectors[i, first:end], steps[f], out[i, first - at : end - at])
            errors[i, f] = error * (1.0 + _DOUBLE)
    return out, errors


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _round(values: Volume, step: float, out: Bytes) -> float:
    """Fill `out` with bytes, and return the sum of the rounding errors."""
    total, largest, inverse = 0.0, _STEPS * step, 1.0 / step
    for k in range(len(values)):
        value = min(max(np.float64(values[k]), -largest), largest)
        whole = np.rint(value * inverse)
        total += abs(value - step * whole)
        out[k] = np.uint8(np.int32(whole) + np.int32(_STEPS))
    return total


# The casts keep the sum in 32 bits, which is required for the instruction for sums of absolute differences.
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def byte_distance(a: Bytes, b: Bytes) -> float:
    """Return the L1 distance between two vectors of bytes."""
    total = np.int32(0)
    for k in range(len(a)):
        difference = np.int32(np.int32(a[k]) - np.int32(b[k]))
        total = np.int32(total + np.int32(abs(difference)))
    return np.float64(total)
