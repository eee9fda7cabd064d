"""Cubic splines through the voxels of a map: coefficients, and derivatives at the voxels."""

from functools import lru_cache

import numpy as np
from scipy import linalg

from botalign.arrays import Volume
from botalign.threads import one_blas_thread

#: Rows of a banded matrix that are multiplied at once, and its half bandwidth: the effect of a sample on other
#: coefficients decays by a factor of 3.7 per voxel, and is below the precision of float32 after 14.
BLOCK, REACH = 64, 14
#: Planes whose coefficients are computed at once.
SLAB = 16
#: Margin of coefficients before and after the samples, so that every position in the box has 64 neighbours.
BEFORE, AFTER = 1, 2


def spline_coefficients(data: Volume) -> Volume:
    """Return the cubic B-spline coefficients of a map, with a margin.

    The sum of the B-splines with these coefficients interpolates the samples (Unser 1999, IEEE Signal Processing
    Magazine 16, 22), which are mirrored at the faces of the box.

    Parameters
    ----------
    data : ndarray of float32, shape (z, y, x)
        Samples.

    Returns
    -------
    ndarray of float32, shape (z + 3, y + 3, x + 3)
        Coefficients; those of the samples begin at index 1.
    """
    padded: Volume = np.empty([side + BEFORE + AFTER for side in data.shape], dtype=np.float32)
    inner = padded[tuple(slice(BEFORE, BEFORE + side) for side in data.shape)]
    z, y, x = (_prefilter(side) for side in data.shape)
    # In slabs that stay in the cache; hardly any memory is needed besides the result.
    for start in range(0, len(data), SLAB):
        slab = slice(start, start + SLAB)
        inner[slab] = _along(x, _along(y, data[slab], 1), 2)
    for start in range(0, data.shape[1], SLAB):
        slab = slice(start, start + SLAB)
        inner[:, slab] = _along(z, np.ascontiguousarray(inner[:, slab]), 0)
    for axis, side in enumerate(data.shape):
        lines = np.moveaxis(padded, axis, 0)
        for beyond in (-1, side, side + 1):
            lines[BEFORE + beyond] = lines[BEFORE + _mirrored(beyond, side)]
    return padded


def spline_slopes(data: Volume, axis: int) -> Volume:
    """Return the derivative of the cubic spline through a map along an axis, per voxel, at the samples."""
    # Along a line of voxels the derivative depends on this line only, because the spline interpolates the samples.
    return _along(_slope(data.shape[axis]), data, axis)


def _along(matrix: Volume, data: Volume, axis: int) -> Volume:
    """Multiply a map by a square banded matrix along an axis."""
    out = np.empty_like(data)
    side = len(matrix)
    with one_blas_thread():
        for start in range(0, side, BLOCK):
            rows, columns = slice(start, start + BLOCK), slice(max(0, start - REACH), start + BLOCK + REACH)
            block = matrix[rows, columns]
            if axis == 0:
                part = data[columns]
                out[rows] = (block @ part.reshape(len(part), -1)).reshape(-1, *data.shape[1:])
            elif axis == 1:
                out[:, rows] = block @ data[:, columns]
            else:
                out[:, :, rows] = data[:, :, columns] @ block.T
    return out


@lru_cache(maxsize=16)
def _prefilter(side: int) -> Volume:
    """Return the matrix from samples to coefficients: the inverse of (1, 4, 1) / 6, mirrored at both ends."""
    bands = np.repeat([[1 / 6], [4 / 6], [1 / 6]], side, axis=1)
    if side == 1:
        return np.ones((1, 1), dtype=np.float32)
    bands[0, 1] = bands[2, -2] = 2 / 6
    # Zero beyond the bandwidth: further out the entries are denormal numbers in float32, and products with these take
    # ten times as long.
    index = np.arange(side)
    near = np.abs(index[:, None] - index) <= REACH
    return np.where(near, linalg.solve_banded((1, 1), bands, np.eye(side)), 0).astype(np.float32)


@lru_cache(maxsize=16)
def _slope(side: int) -> Volume:
    """Return the matrix from samples to derivatives: half the difference of the two neighbouring coefficients."""
    coefficients = _prefilter(side)
    after, before = (coefficients[[_mirrored(i + step, side) for i in range(side)]] for step in (1, -1))
    return np.asarray((after - before) / 2)


def _mirrored(index: int, side: int) -> int:
    """Return the index of the sample of which an index outside the box is the mirror image."""
    if side == 1:
        return 0
    index %= 2 * side - 2
    return min(index, 2 * side - 2 - index)
