r"""The finer scales of embedded images in single bytes: a quarter of the memory, and quicker to compare.

A coefficient a is cut to a range, which brings two of them nearer to each other if anything, and rounded to a whole
number q of steps. With the sums :math:`e` of the roundings, which are kept,

.. math:: \|a - b\|_1 \ge \Delta\, \|q_a - q_b\|_1 - e_a - e_b.

Sums of differences of bytes are what processors are quickest at: some have an instruction for 32 or more of them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

#: Scales that are bytes: the finest, as many as there are beside at least one in full.
FINE = 3
#: Steps on either side of zero, and the range they cover, in means of the absolute values: three standard deviations
#: of noise. Little of it lies beyond, and the roundings come to one percent of a difference of two images.
_STEPS, _RANGE = 127, 3.75
_DOUBLE = 1e-9


def byte_steps(norms: Array64, starts: Counts) -> Array64:
    """Return what one in a byte stands for on each of the finer scales.

    Parameters
    ----------
    norms : ndarray, shape (n, scales)
        The L1 norms of some vectors' scales. Any will do; those that are compared serve best.
    starts : ndarray of int64, shape (scales + 1,)
        Where the scales begin.
    """
    fine = min(FINE, len(starts) - 2)
    mean = norms.mean(axis=0) / np.diff(starts)
    return np.asarray(np.maximum(mean[len(mean) - fine :] * (_RANGE / _STEPS), 1e-30))


@njit(cache=True, nogil=True)
def sketched(vectors: Array32, starts: Counts, steps: Array64) -> tuple[Bytes, Array64]:
    """Return the finer scales of vectors in bytes, and the sum of the roundings of each scale.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, length)
        Embedded images.
    starts : ndarray of int64, shape (scales + 1,)
        Where the scales begin.
    steps : ndarray, shape (fine scales,)
        What one in a byte stands for, of :func:`byte_steps`.
    """
    n, coarse = vectors.shape[0], len(starts) - 1 - len(steps)
    at = starts[coarse]
    out = np.empty((n, vectors.shape[1] - at), dtype=np.uint8)
    errors = np.zeros((n, len(steps)))
    for i in range(n):
        for f in range(len(steps)):
            first, end = starts[coarse + f], starts[coarse + f + 1]
            off = _rounded(vectors[i, first:end], steps[f], out[i, first - at : end - at])
            errors[i, f] = off * (1.0 + _DOUBLE)
    return out, errors


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _rounded(values: Array32, step: float, out: Bytes) -> float:
    """Fill `out` with bytes, and return by how much they are off in all."""
    total, largest, inverse = 0.0, _STEPS * step, 1.0 / step
    for k in range(len(values)):
        value = min(max(np.float64(values[k]), -largest), largest)
        whole = np.rint(value * inverse)
        total += abs(value - step * whole)
        out[k] = np.uint8(np.int32(whole) + np.int32(_STEPS))
    return total


# The casts keep the sum in 32 bits: only so is it compiled to the processor's sum of absolute differences.
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def byte_distance(a: Bytes, b: Bytes) -> float:
    """Return the L1 distance of two vectors of bytes."""
    total = np.int32(0)
    for k in range(len(a)):
        difference = np.int32(np.int32(a[k]) - np.int32(b[k]))
        total = np.int32(total + np.int32(abs(difference)))
    return np.float64(total)
