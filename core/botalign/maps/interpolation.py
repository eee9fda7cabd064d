"""Compiled interpolation kernels: a fast trilinear one for the search, a cubic spline for everything else."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Matrix, Volume

#: Positions this close to a face of the box, in voxels, count as on the face.
EDGE = 1e-6


def rotate_in_ball(source: Volume, pull: Matrix, out: Volume) -> None:
    """Fill the largest ball in a cube by trilinear interpolation of another cube, and set the rest to zero.

    The corners of the cube are left out because their content depends on the rotation.

    Parameters
    ----------
    source : ndarray of float32, shape (m, m, m)
        Cube to interpolate.
    pull : ndarray, shape (3, 3)
        Matrix from offsets ``(x, y, z)`` from the centre of `out` to offsets from the centre of `source`, each in
        voxels of its cube. Positions outside `source` are moved to its faces.
    out : ndarray of float32, shape (n, n, n)
        Cube to fill.
    """
    # numba compiles a function again for each memory layout, which takes a second or more.
    _fill_ball(source, np.ascontiguousarray(pull), out)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _fill_ball(source: Volume, pull: Matrix, out: Volume) -> None:
    """Interpolate at the voxels of the ball; see :func:`rotate_in_ball`."""
    flat = source.ravel()
    side, last = out.shape[0], source.shape[0] - 1
    centre, source_centre = (side - 1) / 2, last / 2
    row = np.uintp(source.shape[0])
    plane, one = row * row, np.uintp(1)
    # The positions of a whole row are computed first: these loops are vectorised, the loop of look-ups cannot be.
    corner = np.empty(side, dtype=np.uint32)
    part = np.empty((3, side), dtype=np.float32)
    out[:] = 0
    for k in range(side):
        for j in range(side):
            left = centre * centre - (k - centre) ** 2 - (j - centre) ** 2
            if left < 0:
                continue
            first = int(np.ceil(centre - np.sqrt(left)))
            count = side - 2 * first
            corner[:] = 0
            stride = np.int32(1)
            for d in range(3):
                start = np.float32(
                    source_centre
                    + pull[d, 0] * (first - centre)
                    + pull[d, 1] * (j - centre)
                    + pull[d, 2] * (k - centre)
                )
                step = np.float32(pull[d, 0])
                for i in range(count):
                    x = start + step * np.float32(np.int32(i))
                    p = min(max(np.int32(x), np.int32(0)), np.int32(last - 1))
                    part[d, i] = min(max(x - np.float32(p), np.float32(0)), np.float32(1))
                    corner[i] += np.uint32(p * stride)
                stride *= np.int32(source.shape[0])
            for i in range(count):
                at = np.uintp(corner[i])
                u, v, w = part[0, i], part[1, i], part[2, i]
                c00 = flat[at] + u * (flat[at + one] - flat[at])
                at += row
                c01 = flat[at] + u * (flat[at + one] - flat[at])
                at += plane
                c11 = flat[at] + u * (flat[at + one] - flat[at])
                at -= row
                c10 = flat[at] + u * (flat[at + one] - flat[at])
                c0 = c00 + v * (c01 - c00)
                c1 = c10 + v * (c11 - c10)
                out[k, j, first + i] = c0 + w * (c1 - c0)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def spline_values(coefficients: Volume, points: NDArray[np.int32], to_source: Matrix, out: NDArray[np.float32]) -> None:
    """Fill `out` with the values of a cubic spline, zero outside its box.

    Parameters
    ----------
    coefficients : ndarray of float32, shape (z + 3, y + 3, x + 3)
        Coefficients from :func:`botalign.maps.splines.spline_coefficients`.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` on the target grid.
    to_source : ndarray, shape (3, 4)
        Matrix from these to indices of the map that the spline interpolates.
    out : ndarray of float32, shape (n,)
        Array to fill.
    """
    nz, ny, nx = coefficients.shape
    flat = coefficients.ravel()
    lasts, strides = (nx - 4, ny - 4, nz - 4), (1, nx, nx * ny)
    row, plane = np.uintp(nx), np.uintp(nx * ny)  # unsigned, so that numba does not handle negative indices
    one, two, three = np.uintp(1), np.uintp(2), np.uintp(3)
    unit, half, sixth, two_thirds = np.float32(1), np.float32(0.5), np.float32(1 / 6), np.float32(2 / 3)
    weight = np.empty((3, 4), dtype=np.float32)
    for n in range(points.shape[0]):
        i, j, k = float(points[n, 0]), float(points[n, 1]), float(points[n, 2])
        inside, corner = True, 0
        for d in range(3):
            at = to_source[d, 0] * i + to_source[d, 1] * j + to_source[d, 2] * k + to_source[d, 3]
            # The tolerance keeps the outermost voxels of a map that is not moved, despite rounding.
            if at < -EDGE or at > lasts[d] + EDGE:
                inside = False
                break
            first = max(0, min(int(at), lasts[d] - 1))
            corner += first * strides[d]
            # The values of the four B-splines that are not zero at this position.
            t = np.float32(at - first)
            s = unit - t
            weight[d, 0] = s * s * s * sixth
            weight[d, 1] = two_thirds - t * t * (unit - half * t)
            weight[d, 2] = two_thirds - s * s * (unit - half * s)
            weight[d, 3] = t * t * t * sixth
        total = np.float32(0)
        if inside:
            v0 = v1 = v2 = v3 = np.float32(0)
            layer = np.uintp(corner)
            for z in range(4):
                line = layer
                for y in range(4):
                    w = weight[2, z] * weight[1, y]
                    v0 += w * flat[line]
                    v1 += w * flat[line + one]
                    v2 += w * flat[line + two]
                    v3 += w * flat[line + three]
                    line += row
                layer += plane
            total = weight[0, 0] * v0 + weight[0, 1] * v1 + weight[0, 2] * v2 + weight[0, 3] * v3
        out[n] = total
