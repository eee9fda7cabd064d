"""Compiled sums of products for a step of the wavelet distance."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Volume

#: Residuals that are processed at once: so many of them and of their derivatives stay in the cache.
BLOCK = 1024
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def remaining_sizes(residuals: Volume, terms: Volume, step: Volume, sizes: Volume) -> float:
    """Fill `sizes` with the absolute residuals after a step, and return their sum.

    Parameters
    ----------
    residuals : ndarray of float32, shape (n,)
        Residuals.
    terms : ndarray of float32, shape (6, n)
        By how much each parameter of a step reduces them.
    step : ndarray of float32, shape (6,)
        Step.
    sizes : ndarray of float32, shape (n,)
        Array to fill.
    """
    a, b, c, d, e, f = step[0], step[1], step[2], step[3], step[4], step[5]
    total = 0.0
    for n in range(len(residuals)):
        change = (
            a * terms[0, n] + b * terms[1, n] + c * terms[2, n] + d * terms[3, n] + e * terms[4, n] + f * terms[5, n]
        )
        sizes[n] = abs(residuals[n] - change)
        total += np.float64(sizes[n])
    return total


@njit(cache=True, nogil=True, fastmath=FAST)
def weighted_products(residuals: Volume, terms: Volume, sizes: Volume, floor: np.float32) -> NDArray[np.float64]:
    """Return sums of products of the terms and the residuals, each divided by the size of its residual.

    Parameters
    ----------
    residuals, terms, sizes : ndarray
        See :func:`remaining_sizes`.
    floor : float32
        Number that is added to each size.

    Returns
    -------
    ndarray, shape (6, 7)
        Products of the terms with each other, and in the last column with the residuals.
    """
    sums = np.zeros((6, 7))
    weights, weighted = np.empty(BLOCK, dtype=np.float32), np.empty(BLOCK, dtype=np.float32)
    for start in range(0, len(residuals), BLOCK):
        count = min(BLOCK, len(residuals) - start)
        part, size = residuals[start : start + count], sizes[start : start + count]
        for n in range(count):
            weights[n] = np.float32(1) / (size[n] + floor)
        for i in range(6):
            row = terms[i, start : start + count]
            for n in range(count):
                weighted[n] = row[n] * weights[n]
            for j in range(i, 6):
                other = terms[j, start : start + count]
                product = np.float32(0)
                for n in range(count):
                    product += weighted[n] * other[n]
                sums[i, j] += product
            product = np.float32(0)
            for n in range(count):
                product += weighted[n] * part[n]
            sums[i, 6] += product
    for i in range(6):
        for j in range(i):
            sums[i, j] = sums[j, i]
    return sums
