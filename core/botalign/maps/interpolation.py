"""Compiled kernels that look a map up between its voxels.

All take an affine matrix `to_source`, 3x4, from indices ``(i, j, k)`` of the target (x first) to indices of the source,
and give zero outside the source: nothing wraps round.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]

#: How far outside the box, in voxels, a position still counts as on its face.
EDGE = 1e-6


def spline_coefficients(data: Volume) -> Volume:
    """Cubic B-spline coefficients of a map, shape and dtype kept.

    Adding up the splines with these coefficients gives back the samples exactly (Unser 1999, IEEE Signal Processing
    Magazine 16, 22); the samples are mirrored at the edges of the box.
    """
    coefficients: Volume = np.empty(data.shape, dtype=np.float32)
    ndimage.spline_filter(data, order=3, output=coefficients, mode="mirror")
    return coefficients


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def rotate_in_ball(source: Volume, to_source: Matrix, out: Volume) -> None:
    """Fill `out` by trilinear interpolation inside the ball that touches the sides of its box, with zero outside it.

    What a rotation brings in from beyond the ball would depend on the rotation, so the search leaves it out.
    """
    nz, ny, nx = source.shape
    mz, my, mx = out.shape
    cz, cy, cx = (mz - 1) / 2, (my - 1) / 2, (mx - 1) / 2
    radius = min(mz, my, mx) / 2
    a, b, c = to_source[0, 0], to_source[1, 0], to_source[2, 0]
    for k in range(mz):
        for j in range(my):
            for i in range(mx):
                out[k, j, i] = 0
            left = radius * radius - (k - cz) ** 2 - (j - cy) ** 2
            if left <= 0:
                continue
            half = np.sqrt(left)
            first = max(0, int(np.ceil(cx - half)))
            last = min(mx - 1, int(np.floor(cx + half)))
            x0 = to_source[0, 1] * j + to_source[0, 2] * k + to_source[0, 3]
            y0 = to_source[1, 1] * j + to_source[1, 2] * k + to_source[1, 3]
            z0 = to_source[2, 1] * j + to_source[2, 2] * k + to_source[2, 3]
            for i in range(first, last + 1):
                x, y, z = x0 + a * i, y0 + b * i, z0 + c * i
                if x < 0 or y < 0 or z < 0:
                    continue
                p, q, r = int(x), int(y), int(z)
                if p >= nx - 1 or q >= ny - 1 or r >= nz - 1:
                    continue
                u, v, w = np.float32(x - p), np.float32(y - q), np.float32(z - r)
                c00 = source[r, q, p] + u * (source[r, q, p + 1] - source[r, q, p])
                c01 = source[r, q + 1, p] + u * (source[r, q + 1, p + 1] - source[r, q + 1, p])
                c10 = source[r + 1, q, p] + u * (source[r + 1, q, p + 1] - source[r + 1, q, p])
                c11 = source[r + 1, q + 1, p] + u * (source[r + 1, q + 1, p + 1] - source[r + 1, q + 1, p])
                c0 = c00 + v * (c01 - c00)
                c1 = c10 + v * (c11 - c10)
                out[k, j, i] = c0 + w * (c1 - c0)


@njit(cache=True, nogil=True, inline="always")
def cubic_weights(t: float) -> tuple[float, float, float, float]:
    """Values at distance `t` past a voxel of the four cubic B-splines that reach there."""
    s = 1 - t
    return (
        s * s * s / 6,
        2 / 3 - t * t * (2 - t) / 2,
        2 / 3 - s * s * (2 - s) / 2,
        t * t * t / 6,
    )


@njit(cache=True, nogil=True, inline="always")
def cubic_slopes(t: float) -> tuple[float, float, float, float]:
    """Return the derivatives of :func:`cubic_weights`."""
    s = 1 - t
    return (-s * s / 2, t * (3 * t - 4) / 2, -s * (3 * s - 4) / 2, t * t / 2)


@njit(cache=True, nogil=True, inline="always")
def mirrored(index: int, length: int) -> int:
    """Index of the sample that a neighbour just outside the box is the image of."""
    if index < 0:
        index = -index
    if index >= length:
        index = 2 * (length - 1) - index
    return max(index, 0)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, inline="always")
def interior_value(coefficients: Volume, x: float, y: float, z: float) -> float:
    """Value of the spline at a position whose 64 neighbours all lie in the box."""
    p, q, r = int(x), int(y), int(z)
    wx, wy, wz = cubic_weights(x - p), cubic_weights(y - q), cubic_weights(z - r)
    total = 0.0
    for c in range(4):
        plane = 0.0
        for b in range(4):
            plane += wy[b] * (
                wx[0] * coefficients[r - 1 + c, q - 1 + b, p - 1]
                + wx[1] * coefficients[r - 1 + c, q - 1 + b, p]
                + wx[2] * coefficients[r - 1 + c, q - 1 + b, p + 1]
                + wx[3] * coefficients[r - 1 + c, q - 1 + b, p + 2]
            )
        total += wz[c] * plane
    return total


@njit(cache=True, nogil=True)
def edge_value(coefficients: Volume, x: float, y: float, z: float) -> float:
    """Value of the spline at a position near a face of the box, or just outside by rounding."""
    nz, ny, nx = coefficients.shape
    p, q, r = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    wx, wy, wz = cubic_weights(x - p), cubic_weights(y - q), cubic_weights(z - r)
    total = 0.0
    for c in range(4):
        for b in range(4):
            for a in range(4):
                total += (
                    wz[c]
                    * wy[b]
                    * wx[a]
                    * coefficients[mirrored(r - 1 + c, nz), mirrored(q - 1 + b, ny), mirrored(p - 1 + a, nx)]
                )
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def resample_slab(coefficients: Volume, to_source: Matrix, first: int, out: Volume) -> None:
    """Fill planes ``first, first + 1, ...`` of a target, as many as `out` has, from cubic B-spline coefficients."""
    nz, ny, nx = coefficients.shape
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            x0 = to_source[0, 1] * j + to_source[0, 2] * (first + k) + to_source[0, 3]
            y0 = to_source[1, 1] * j + to_source[1, 2] * (first + k) + to_source[1, 3]
            z0 = to_source[2, 1] * j + to_source[2, 2] * (first + k) + to_source[2, 3]
            for i in range(out.shape[2]):
                x, y, z = x0 + to_source[0, 0] * i, y0 + to_source[1, 0] * i, z0 + to_source[2, 0] * i
                # A position is in the box up to rounding: an unmoved map must keep its outermost voxels.
                if 1 <= x < nx - 2 and 1 <= y < ny - 2 and 1 <= z < nz - 2:
                    out[k, j, i] = interior_value(coefficients, x, y, z)
                elif -EDGE <= x <= nx - 1 + EDGE and -EDGE <= y <= ny - 1 + EDGE and -EDGE <= z <= nz - 1 + EDGE:
                    out[k, j, i] = edge_value(coefficients, x, y, z)
                else:
                    out[k, j, i] = 0
