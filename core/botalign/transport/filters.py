"""Compiled loops of the wavelet transform of images and maps: two filters along each axis, scale by scale."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Volume

#: Rows that are filtered side by side.
ROWS = 64
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def norm(volume: Volume, low: Volume, high: Volume, weights: NDArray[np.float64]) -> float:
    """Return the sum of the absolute details of a map, weighted by scale.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
        Map.
    low, high : ndarray of float32, shape (taps,)
        Filters that give approximations and details.
    weights : ndarray, shape (scales,)
        Weight of each scale, finest first.
    """
    remainder, total = volume, 0.0
    for weight in weights:
        coefficients = _analysed(remainder, low, high, True)
        hz, hy, hx = coefficients.shape[0] // 2, coefficients.shape[1] // 2, coefficients.shape[2] // 2
        details = 0.0
        for k in range(2 * hz):
            for j in range(2 * hy):
                # The details are all coefficients except the approximation.
                row = coefficients[k, j, hx if k < hz and j < hy else 0 :]
                part = np.float32(0)
                for i in range(row.shape[0]):
                    part += abs(row[i])
                details += float(part)
        total += weight * details
        remainder = coefficients[:hz, :hy, :hx].copy()
    return total


@njit(cache=True, nogil=True, fastmath=FAST)
def transform(
    planes: Volume, low: Volume, high: Volume, weights: NDArray[np.float64], deep: bool, out: NDArray[np.float32]
) -> None:
    """Fill `out` with the weighted details of a map, finest scale first, in the order of PyWavelets.

    Parameters
    ----------
    planes : ndarray of float32, shape (z, y, x)
        Map, or an image as one plane.
    low, high, weights : ndarray
        See :func:`norm`.
    deep : bool
        Whether to filter along z too: not for an image.
    out : ndarray of float32, shape (n,)
        Array to fill.
    """
    remainder, end = planes, 0
    for scale in range(len(weights)):
        weight = np.float32(weights[scale])
        coefficients = _analysed(remainder, low, high, deep)
        hz = coefficients.shape[0] // 2 if deep else 1
        hy, hx = coefficients.shape[1] // 2, coefficients.shape[2] // 2
        for first_z in range(0, coefficients.shape[0], hz):
            for first_y in range(0, 2 * hy, hy):
                for first_x in range(0, 2 * hx, hx):
                    if first_z + first_y + first_x == 0:
                        continue
                    for k in range(first_z, first_z + hz):
                        for j in range(first_y, first_y + hy):
                            for i in range(hx):
                                out[end + i] = weight * coefficients[k, j, first_x + i]
                            end += hx
        remainder = coefficients[:hz, :hy, :hx].copy()


@njit(cache=True, nogil=True, fastmath=FAST)
def _analysed(volume: Volume, low: Volume, high: Volume, deep: bool) -> Volume:
    """Return one scale of the transform: approximations in the first half of each axis, details in the second."""
    nz, ny, nx = volume.shape
    z, y, x = (nz + low.size - 1) // 2, (ny + low.size - 1) // 2, (nx + low.size - 1) // 2
    rows, columns = np.empty((nz, ny, 2 * x), dtype=np.float32), np.empty((nz, 2 * y, 2 * x), dtype=np.float32)
    _filter_rows(volume.reshape(nz * ny, nx), low, high, rows.reshape(nz * ny, 2 * x))
    for k in range(nz):
        _filter_columns(rows[k], low, high, columns[k])
    if not deep:
        return columns
    coefficients = np.empty((2 * z, 2 * y, 2 * x), dtype=np.float32)
    _filter_columns(columns.reshape(nz, 4 * y * x), low, high, coefficients.reshape(2 * z, 4 * y * x))
    return coefficients


@njit(cache=True, nogil=True, fastmath=FAST)
def _filter_rows(lines: Volume, low: Volume, high: Volume, out: Volume) -> None:
    """Filter along the second axis of an array, many rows side by side."""
    count, wide = lines.shape[1], out.shape[1]
    turned, filtered = np.zeros((count, ROWS), dtype=np.float32), np.empty((wide, ROWS), dtype=np.float32)
    for start in range(0, lines.shape[0], ROWS):
        stop = min(start + ROWS, lines.shape[0])
        for j in range(start, stop):
            for i in range(count):
                turned[i, j - start] = lines[j, i]
        _filter_columns(turned, low, high, filtered)
        for j in range(start, stop):
            for i in range(wide):
                out[j, i] = filtered[i, j - start]


@njit(cache=True, nogil=True, fastmath=FAST)
def _filter_columns(lines: Volume, low: Volume, high: Volume, out: Volume) -> None:
    """Filter along the first axis of an array, with zeros beyond its ends."""
    half, width = out.shape[0] // 2, out.shape[1]
    for k in range(half):
        approximation, detail = out[k], out[half + k]
        for i in range(width):
            approximation[i] = np.float32(0)
            detail[i] = np.float32(0)
        for tap in range(max(0, 2 * k + 2 - lines.shape[0]), min(low.size, 2 * k + 2)):
            line, a, b = lines[2 * k + 1 - tap], low[tap], high[tap]
            for i in range(width):
                approximation[i] += a * line[i]
                detail[i] += b * line[i]
