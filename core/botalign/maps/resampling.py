"""Resampling of a map: transformed by a spline, or smoothed onto a coarser grid."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arrays import Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.errors import InputError, Setting
from botalign.geometry import identity, inverse
from botalign.maps.density_map import DensityMap, expect_map
from botalign.maps.grid import Grid
from botalign.maps.interpolation import add_moments, spline_block, spline_gradients, spline_values
from botalign.maps.splines import spline_coefficients
from botalign.threads import one_blas_thread, run_in_threads, thread_count

#: Standard deviation of the smoothing Gaussian in voxels of the coarser grid. The Gaussian's response is 0.06 at the
#: Nyquist frequency of that grid, and 0.002 at one and a half times it, so aliasing is negligible.
SMOOTHING_VOXELS = 0.75
#: Side in voxels of the cubes in which a map is resampled.
CUBE = 32
#: Planes, and rows of the weights of a Gaussian, that are multiplied at once: most of these weights are zero.
PLANES, LINES = 16, 32


def resample(density_map: DensityMap, transform: ArrayLike, onto: Grid, *, threads: int | None = None) -> DensityMap:
    """Apply a transform to a map and sample it on a grid, in one step, by cubic B-splines.

    Parameters
    ----------
    density_map : DensityMap
        Map to transform.
    transform : array_like, shape (3, 4)
        Transform ``x_new = transform[:, :3] @ x + transform[:, 3]`` in angstrom; the determinant may be -1.
    onto : Grid
        Grid of the result.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on it.

    Returns
    -------
    DensityMap
        The transformed map, zero outside its old box, with the same name and labels.

    Raises
    ------
    InputError
        If `density_map` is not a map.

    Notes
    -----
    The spline does not low-pass filter the map: on a grid with much larger voxels, high frequencies alias.

    References
    ----------
    .. [1] M. Unser, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing Magazine 16
       (1999), 22.

    Examples
    --------
    >>> import botalign
    >>> density_map = botalign.phantom(24, voxel_size_angstrom=4.0)
    >>> shift = [[1, 0, 0, 8], [0, 1, 0, 0], [0, 0, 1, 0]]  # by two voxels along x
    >>> shifted = botalign.resample(density_map, shift, density_map.grid)
    >>> bool(abs(shifted.data[:, :, 2:] - density_map.data[:, :, :-2]).max() < 1e-4)
    True
    """
    expect_map(density_map, "density_map")
    fill = _filling(density_map, transform, onto, threads)
    out: Volume = np.empty(onto.shape, dtype=np.float32)
    for start in range(0, len(out), CUBE):
        fill(start, out[start : start + CUBE])
    return DensityMap(out, onto, density_map.name, density_map.labels)


def resampled_slabs(
    density_map: DensityMap, transform: ArrayLike, onto: Grid, *, threads: int | None = None
) -> Iterator[Volume]:
    """Yield the sections of a transformed map, several at a time, so that not all are in memory.

    Parameters are those of :func:`resample`. The densities are the same.
    """
    fill = _filling(density_map, transform, onto, threads)
    for start in range(0, onto.shape[0], CUBE):
        slab: Volume = np.empty((min(CUBE, onto.shape[0] - start), *onto.shape[1:]), dtype=np.float32)
        fill(start, slab)
        yield slab


def _filling(
    density_map: DensityMap, transform: ArrayLike, onto: Grid, threads: int | None
) -> Callable[[int, Volume], None]:
    """Return a function that fills the sections of a transformed map, :data:`CUBE` at most, from one of them on."""
    count = thread_count(threads)
    coefficients = spline_coefficients(density_map.data, threads=count)
    to_source = _to_source(density_map.grid, transform, onto)
    # In small cubes: the part of the map that a cube needs stays in the cache, whatever the rotation is.
    rows, columns = (range(0, side, CUBE) for side in onto.shape[1:])

    def fill(start: int, slab: Volume) -> None:
        corners = itertools.product((start,), rows, columns)
        run_in_threads([partial(spline_block, coefficients, to_source, each, CUBE, slab) for each in corners], count)

    return fill


def average(maps: Iterable[DensityMap]) -> DensityMap:
    """Return the mean of maps without aligning them, for example of two half maps.

    Parameters
    ----------
    maps : iterable of DensityMap
        Maps. Those with another grid than the first map are resampled on its grid.

    Returns
    -------
    DensityMap
        The mean, on the grid of the first map.

    Raises
    ------
    InputError
        If there are no maps, or one of them is not a map.
    """
    names: list[str] = []
    for density_map in maps:
        expect_map(density_map, "maps")
        if not names:
            grid, total = density_map.grid, density_map.data.astype(np.float64)
        elif density_map.grid == grid:
            total += density_map.data
        else:
            total += resample(density_map, identity(), grid).data
        names.append(Path(density_map.name).name)
    if not names:
        raise InputError(Setting("maps"), ": got none, expected at least one map.")
    return DensityMap((total / len(names)).astype(np.float32), grid, f"the mean of {', '.join(names)}")


def grid_points(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the indices ``(x, y, z)`` of all voxels of a grid of shape ``(z, y, x)``, as an array of shape (n, 3)."""
    return np.ascontiguousarray(np.indices(shape, dtype=np.int32).reshape(3, -1)[::-1].T)


def spline_at(
    coefficients: NDArray[np.float32], source: Grid, transform: ArrayLike, onto: Grid, points: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the densities of a transformed map at points of another grid, given the spline coefficients of the map.

    Of several transforms, it returns a row each.

    Parameters
    ----------
    coefficients : ndarray of float32, shape (z + 3, y + 3, x + 3)
        Cubic B-spline coefficients; see :func:`botalign.maps.splines.spline_coefficients`.
    source : Grid
        Grid of the map, of shape ``(z, y, x)``.
    transform : array_like, shape (..., 3, 4)
        Transforms of the map, in angstrom.
    onto : Grid
        Grid to sample on.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` on that grid.

    Returns
    -------
    ndarray of float32, shape (..., n)
        Densities, zero outside the box of the map.
    """
    to_source = _to_source(source, transform, onto)
    values: NDArray[np.float32] = np.empty((*to_source.shape[:-2], len(points)), dtype=np.float32)
    for index in np.ndindex(values.shape[:-1]):
        spline_values(coefficients, points, to_source[index], values[index])
    return values


def spline_gradients_at(
    coefficients: NDArray[np.float32], source: Grid, transform: ArrayLike, onto: Grid, points: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the derivatives of a transformed map along the axes of another grid, per voxel of that grid.

    Parameters are those of :func:`spline_at`.

    Returns
    -------
    ndarray, shape (n, 3)
        Derivatives along ``x, y, z``, zero outside the box of the map.
    """
    to_source = _to_source(source, transform, onto)
    gradients = np.empty((len(points), 3), dtype=np.float32)
    spline_gradients(coefficients, points, to_source, gradients)
    return np.asarray(gradients.astype(np.float64) @ to_source[:, :3])


def spline_moments_at(
    coefficients: NDArray[np.float32], source: Grid, transform: ArrayLike, onto: Grid, points: NDArray[np.int32],
    *, centre: Matrix, columns: Matrix, densities: Volume,
) -> Matrix:  # fmt: skip
    """Return sums over points of the derivatives of a transformed map, and of their moments, multiplied by columns.

    Parameters
    ----------
    coefficients, source, transform, onto, points
        See :func:`spline_gradients_at`.
    centre : ndarray, shape (3,)
        Centre of the moments, ``(x, y, z)`` in angstrom.
    columns : ndarray, shape (n, k)
        Numbers at the points.
    densities : ndarray of float32, shape (n,)
        One more column.

    Returns
    -------
    ndarray, shape (6, k + 1)
        Sums of the moments, the vector products of the positions relative to the centre, in voxels, with the
        derivatives, and of the derivatives.
    """
    sums = np.zeros((6, columns.shape[1] + 1))
    middle = (centre - np.array(onto.origin_angstrom)) / onto.voxel_size_angstrom
    add_moments(coefficients, points, _to_source(source, transform, onto), middle, columns, densities, sums)
    return sums


def spline_slopes(data: Volume, points: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the derivatives of the cubic spline through a map at some of its voxels, per voxel.

    Parameters
    ----------
    data : ndarray of float32, shape (z, y, x)
        Map.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` of the voxels.

    Returns
    -------
    ndarray of float32, shape (n, 3)
        Derivatives along ``x, y, z``.
    """
    slopes = np.empty((len(points), 3), dtype=np.float32)
    spline_gradients(spline_coefficients(data), points, identity(), slopes)
    return slopes


def _to_source(source: Grid, transform: ArrayLike, onto: Grid) -> Matrix:
    """Return matrices, shape (..., 3, 4), from indices of a grid to indices of the map that is transformed onto it."""
    pull = inverse(transform)
    origin = pull[..., :3] @ np.array(onto.origin_angstrom) + pull[..., 3]
    pull[..., :3] *= onto.voxel_size_angstrom
    pull[..., 3] = origin - source.origin_angstrom
    pull /= np.array(source.voxel_size_angstrom)[:, None]
    return pull


def smoothed(density_map: DensityMap, onto: Grid, *, sigma_angstrom: float, background: float = 0.0) -> DensityMap:
    """Smooth a map by a Gaussian and sample it on a grid that may be coarser, in one step.

    The Gaussian is isotropic, so smoothing commutes with rotation; it is positive, so densities stay positive; and it
    is separable, so three matrix products suffice.

    Parameters
    ----------
    density_map : DensityMap
        Map to smooth.
    onto : Grid
        Grid of the result.
    sigma_angstrom : float
        Standard deviation of the Gaussian. Below :data:`SMOOTHING_VOXELS` voxels of the map, aliasing is visible.
    background : float, optional
        Density of the background. It is subtracted inside the box, so that it is zero inside and outside.

    Returns
    -------
    DensityMap
        The smoothed map.
    """
    z, y, x = (_gaussian_matrix(density_map.grid, onto, axis, sigma_angstrom) for axis in range(3))
    data = density_map.data
    # The first product reduces the number of planes, and is done in blocks to keep temporaries small.
    planes: NDArray[np.float32] = np.zeros((onto.shape[0], *data.shape[1:]), dtype=np.float32)
    flat = planes.reshape(len(z), -1)
    with one_blas_thread():
        for start in range(0, len(data), PLANES):
            check_cancelled()
            block = data[start : start + PLANES]
            rows = _span(z[:, start : start + PLANES], 0)
            flat[rows] += z[rows, start : start + PLANES] @ block.reshape(len(block), -1)
        lines: NDArray[np.float32] = np.empty((len(planes), len(y), data.shape[2]), dtype=np.float32)
        for start in range(0, len(y), LINES):
            check_cancelled()
            rows = slice(start, start + LINES)
            columns = _span(y[rows], 1)
            np.matmul(y[rows, columns], planes[:, columns], out=lines[:, rows])
        del planes, flat
        values: NDArray[np.float32] = np.empty(onto.shape, dtype=np.float32)
        for start in range(0, len(x), LINES):
            check_cancelled()
            rows = slice(start, start + LINES)
            columns = _span(x[rows], 1)
            values[:, :, rows] = lines[:, :, columns] @ x[rows, columns].T
        if background:
            ones = (weights.sum(axis=1) for weights in (z, y, x))  # factors of a smoothed map of ones
            values -= np.float32(background) * np.multiply.outer(np.multiply.outer(next(ones), next(ones)), next(ones))
    return DensityMap(values, onto, density_map.name, density_map.labels)


def _span(weights: NDArray[np.float32], axis: int) -> slice:
    """Return the range along an axis of a matrix that holds all weights that are not zero."""
    indices = np.flatnonzero(np.any(weights != 0, axis=1 - axis))
    return slice(indices[0], indices[-1] + 1) if len(indices) else slice(0)


def _gaussian_matrix(source: Grid, target: Grid, axis: int, sigma_angstrom: float) -> NDArray[np.float32]:
    """Return the weights, shape (target voxels, source voxels), that smooth and sample along one axis."""
    distance = target.axis_angstrom(axis)[:, None] - source.axis_angstrom(axis)[None, :]
    scaled = distance / sigma_angstrom
    step = source.voxel_size_angstrom[2 - axis]
    weights = np.exp(-0.5 * scaled**2) * (step / (sigma_angstrom * np.sqrt(2 * np.pi)))
    return np.asarray(np.where(np.abs(scaled) < 5, weights, 0.0), dtype=np.float32)
