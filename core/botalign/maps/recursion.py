"""Compiled loops of the spline prefilter: two recursions along each axis."""

import numpy as np
from numba import njit

from botalign.arrays import Volume

#: The pole of the cubic B-spline, and so many of its powers that the next one is below the precision of float32.
POLE, POWERS = np.float32(np.sqrt(3.0) - 2.0), 14
#: Product of the gain of the recursions along an axis.
GAIN = np.float32(6.0)
#: Rows of a plane that are filtered at once.
ROWS = 32
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def filter_planes(data: Volume, out: Volume) -> None:
    """Fill planes with the coefficients of one-dimensional splines along both axes of each plane of the samples.

    The samples are mirrored at the edges. A recursion forwards and one backwards divide by the B-spline at the samples,
    ``(1, 4, 1) / 6`` (Unser 1999, box 2).

    Parameters
    ----------
    data : ndarray of float32, shape (z, y, x)
        Samples.
    out : ndarray of float32, shape (z, y, x)
        Array to fill.
    """
    for k in range(data.shape[0]):
        filter_rows(data[k], out[k])
        filter_lines(out[k])


@njit(cache=True, nogil=True, fastmath=FAST)
def filter_rows(data: Volume, out: Volume) -> None:
    """Fill a plane ``(y, x)`` with the coefficients of one-dimensional splines along its rows.

    Several rows are filtered side by side, because the steps of a single recursion wait for each other.
    """
    ny, nx = data.shape
    turned = np.zeros((nx, ROWS), dtype=np.float32)
    for start in range(0, ny, ROWS):
        stop = min(start + ROWS, ny)
        for j in range(start, stop):
            for i in range(nx):
                turned[i, j - start] = data[j, i]
        filter_lines(turned)
        for j in range(start, stop):
            for i in range(nx):
                out[j, i] = turned[i, j - start]


@njit(cache=True, nogil=True, fastmath=FAST)
def filter_columns(block: Volume) -> None:
    """Replace samples by the coefficients of one-dimensional splines along the first axis of a block ``(z, y, x)``."""
    for j in range(block.shape[1]):
        filter_lines(block[:, j])


@njit(cache=True, nogil=True, fastmath=FAST)
def filter_lines(lines: Volume) -> None:
    """Replace samples by the coefficients of one-dimensional splines along the first axis of an array ``(n, x)``."""
    count, width = lines.shape
    if count == 1:
        return
    first = np.zeros(width, dtype=np.float32)
    power = GAIN
    for n in range(POWERS):
        line = lines[mirrored(n, count)]
        for i in range(width):
            first[i] += power * line[i]
        power *= POLE
    for i in range(width):
        lines[0, i] = first[i]
    for n in range(1, count):
        line, before = lines[n], lines[n - 1]
        for i in range(width):
            line[i] = GAIN * line[i] + POLE * before[i]
    end = POLE / (POLE * POLE - np.float32(1))
    line, before = lines[count - 1], lines[count - 2]
    for i in range(width):
        line[i] = end * (line[i] + POLE * before[i])
    for n in range(count - 2, -1, -1):
        line, after = lines[n], lines[n + 1]
        for i in range(width):
            line[i] = POLE * (after[i] - line[i])


@njit(cache=True, nogil=True, fastmath=FAST)
def mirrored(index: int, side: int) -> int:
    """Return the index of the sample of which an index outside the box is the mirror image."""
    if side == 1:
        return 0
    index %= 2 * side - 2
    return min(index, 2 * side - 2 - index)
