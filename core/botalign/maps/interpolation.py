"""Compiled interpolation kernels: a fast trilinear one for the search, a cubic spline for everything else."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Matrix, Volume
from botalign.maps.taps import spline_gradient, spline_value

#: Positions this close to a face of the box, in voxels, count as on the face.
EDGE = 1e-6
#: What the compiler may do with sums and products.
FAST = {"reassoc", "contract", "nsz"}


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


@njit(cache=True, nogil=True, fastmath=FAST)
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


@njit(cache=True, nogil=True, fastmath=FAST)
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
    flat, row, plane, lasts = _layout(coefficients)
    for n in range(points.shape[0]):
        x, y, z = _position(to_source, float(points[n, 0]), float(points[n, 1]), float(points[n, 2]))
        out[n] = np.float32(0)
        if _is_inside(x, y, z, lasts):
            corner, u, v, w = _cell(x, y, z, lasts, row, plane)
            out[n] = spline_value(flat, corner, row, plane, u, v, w)


@njit(cache=True, nogil=True, fastmath=FAST)
def spline_gradients(
    coefficients: Volume, points: NDArray[np.int32], to_source: Matrix, out: NDArray[np.float32]
) -> None:
    """Fill `out`, shape (n, 3), with the derivatives of a cubic spline along the axes ``x, y, z`` of its map.

    The derivatives are per voxel of the map, and zero outside its box. For the other parameters see
    :func:`spline_values`.
    """
    flat, row, plane, lasts = _layout(coefficients)
    for n in range(points.shape[0]):
        x, y, z = _position(to_source, float(points[n, 0]), float(points[n, 1]), float(points[n, 2]))
        out[n] = np.float32(0)
        if _is_inside(x, y, z, lasts):
            corner, u, v, w = _cell(x, y, z, lasts, row, plane)
            out[n, 0], out[n, 1], out[n, 2] = spline_gradient(flat, corner, row, plane, u, v, w)


@njit(cache=True, nogil=True, fastmath=FAST)
def add_moments(
    coefficients: Volume, points: NDArray[np.int32], to_source: Matrix, centre: Matrix,
    columns: Matrix, densities: Volume, out: Matrix,
) -> None:  # fmt: skip
    """Add the products of the derivatives of a cubic spline, and of their moments, with columns to `out`.

    Parameters
    ----------
    coefficients, points, to_source : ndarray
        See :func:`spline_values`.
    centre : ndarray, shape (3,)
        Centre of the moments, in indices ``(x, y, z)`` of the target grid.
    columns : ndarray, shape (n, k)
        Numbers at the points.
    densities : ndarray of float32, shape (n,)
        One more column.
    out : ndarray, shape (6, k + 1)
        Sums over the points: first of the moments ``(x - centre) x g``, then of the derivatives `g` along the axes
        ``x, y, z`` of the target grid, per voxel of that grid. Points outside the box of the map do not count.
    """
    flat, row, plane, lasts = _layout(coefficients)
    moments = np.empty(6)
    for n in range(points.shape[0]):
        i, j, k = float(points[n, 0]), float(points[n, 1]), float(points[n, 2])
        x, y, z = _position(to_source, i, j, k)
        if not _is_inside(x, y, z, lasts):
            continue
        corner, u, v, w = _cell(x, y, z, lasts, row, plane)
        a, b, c = spline_gradient(flat, corner, row, plane, u, v, w)
        for d in range(3):
            moments[3 + d] = to_source[0, d] * a + to_source[1, d] * b + to_source[2, d] * c
        i, j, k = i - centre[0], j - centre[1], k - centre[2]
        moments[0] = j * moments[5] - k * moments[4]
        moments[1] = k * moments[3] - i * moments[5]
        moments[2] = i * moments[4] - j * moments[3]
        for d in range(6):
            for m in range(columns.shape[1]):
                out[d, m] += moments[d] * columns[n, m]
            out[d, -1] += moments[d] * densities[n]


@njit(cache=True, nogil=True, fastmath=FAST)
def spline_block(coefficients: Volume, to_source: Matrix, corner: tuple[int, ...], side: int, out: Volume) -> None:
    """Fill a cube of a grid, or what is left of it in a slab, with the values of a cubic spline.

    Parameters
    ----------
    coefficients, to_source : ndarray
        See :func:`spline_values`.
    corner : tuple of int
        Indices ``(z, y, x)`` of the first voxel of the cube.
    side : int
        Side of the cube in voxels; what is outside the slab is left out.
    out : ndarray of float32, shape (z, y, x)
        Values in a slab of the grid, whose first plane is that of the cube.
    """
    flat, row, plane, lasts = _layout(coefficients)
    for k in range(min(side, out.shape[0])):
        for j in range(corner[1], min(corner[1] + side, out.shape[1])):
            for i in range(corner[2], min(corner[2] + side, out.shape[2])):
                x, y, z = _position(to_source, float(i), float(j), float(corner[0] + k))
                value = np.float32(0)
                if _is_inside(x, y, z, lasts):
                    first, u, v, w = _cell(x, y, z, lasts, row, plane)
                    value = spline_value(flat, first, row, plane, u, v, w)
                out[k, j, i] = value


@njit(cache=True, nogil=True, fastmath=FAST)
def _layout(coefficients: Volume) -> tuple[Volume, Any, Any, tuple[int, int, int]]:
    """Return the flattened coefficients, the numbers of them in a row and in a plane, and the last samples."""
    nz, ny, nx = coefficients.shape
    # Unsigned, so that numba does not handle negative indices.
    return coefficients.ravel(), np.uintp(nx), np.uintp(nx * ny), (nx - 4, ny - 4, nz - 4)


@njit(cache=True, nogil=True, fastmath=FAST)
def _position(to_source: Matrix, i: float, j: float, k: float) -> tuple[float, float, float]:
    """Return the position of a point of the target grid, in indices of the map."""
    return (
        to_source[0, 0] * i + to_source[0, 1] * j + to_source[0, 2] * k + to_source[0, 3],
        to_source[1, 0] * i + to_source[1, 1] * j + to_source[1, 2] * k + to_source[1, 3],
        to_source[2, 0] * i + to_source[2, 1] * j + to_source[2, 2] * k + to_source[2, 3],
    )


@njit(cache=True, nogil=True, fastmath=FAST)
def _is_inside(x: float, y: float, z: float, lasts: tuple[int, int, int]) -> bool:
    """Whether a position is in the box of the map.

    The tolerance keeps the outermost voxels of a map that is not moved, despite rounding.
    """
    return -EDGE <= x <= lasts[0] + EDGE and -EDGE <= y <= lasts[1] + EDGE and -EDGE <= z <= lasts[2] + EDGE


@njit(cache=True, nogil=True, fastmath=FAST)
def _cell(x: float, y: float, z: float, lasts: tuple[int, int, int], row: Any, plane: Any) -> tuple[Any, Any, Any, Any]:
    """Return the index of the first of the 64 coefficients around a position, and where it is between the samples."""
    i, j, k = (
        max(0, min(int(x), lasts[0] - 1)), max(0, min(int(y), lasts[1] - 1)), max(0, min(int(z), lasts[2] - 1)),
    )  # fmt: skip
    corner = np.uintp(i) + np.uintp(j) * row + np.uintp(k) * plane
    return corner, np.float32(x - i), np.float32(y - j), np.float32(z - k)
