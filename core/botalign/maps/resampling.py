"""A map on another grid: moved by a rigid transform, or smoothed down to a coarser one."""

import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.geometry import compose, identity, inverse
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.maps.grid import Grid
from botalign.maps.interpolation import spline_values
from botalign.maps.splines import spline_coefficients
from botalign.threads import one_blas_thread

#: Standard deviation of the smoothing Gaussian in voxels of the coarser grid. Its response is 0.06 at that grid's
#: Nyquist frequency, and 0.002 at one and a half times it: what is folded back from there doesn't show.
SMOOTHING_VOXELS = 0.75
#: Voxels a side of the cubes that a map is resampled by.
CUBE = 32


def resample(density_map: DensityMap, transform: ArrayLike, onto: Grid, *, threads: int = 1) -> DensityMap:
    """Move a map by a transform and sample it on a grid, once, by cubic B-splines.

    Parameters
    ----------
    density_map : DensityMap
        The map to move.
    transform : array_like, shape (3, 4)
        ``x_new = transform[:, :3] @ x + transform[:, 3]`` in angstrom; its determinant may be -1.
    onto : Grid
        Where to sample. What lies outside the map's box is zero: nothing wraps round.
    threads : int, optional
        How many threads to use; the result doesn't depend on it.

    Returns
    -------
    DensityMap
        The moved map, with the name and the labels of the given one.

    Raises
    ------
    InputError
        If `density_map` is no map.
    """
    expect_map(density_map, "density_map")
    coefficients = spline_coefficients(density_map.data)
    out: NDArray[np.float32] = np.empty(onto.shape, dtype=np.float32)
    points = cache(grid_points)

    # By small cubes: what one of them needs of a large map stays in the processor's cache, whichever way it is turned.
    def fill(corner: tuple[int, ...]) -> None:
        cube = out[tuple(slice(start, start + CUBE) for start in corner)]
        part = onto.part(corner, cube.shape)
        cube[...] = spline_at(coefficients, density_map.grid, transform, part, points(cube.shape)).reshape(cube.shape)

    corners = itertools.product(*(range(0, side, CUBE) for side in onto.shape))
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for _ in pool.map(fill, corners):
            pass
    return DensityMap(out, onto, density_map.name, density_map.labels)


def average(maps: Iterable[DensityMap]) -> DensityMap:
    """Return the mean of maps that lie as they belong together, half maps for example.

    Parameters
    ----------
    maps : iterable of DensityMap
        The maps; a generator may make them one by one. On other grids they are sampled on that of the first.

    Returns
    -------
    DensityMap
        Their mean, on the grid of the first.

    Raises
    ------
    InputError
        If there are none, or one of them is no map.
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
        raise InputError(Setting("maps"), ": got none, expected at least one to take the mean of.")
    return DensityMap((total / len(names)).astype(np.float32), grid, f"the mean of {', '.join(names)}")


def grid_points(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return the indices ``(x, y, z)`` of all voxels of a grid of shape ``(z, y, x)``, as an array of shape (n, 3)."""
    return np.ascontiguousarray(np.indices(shape, dtype=np.int32).reshape(3, -1)[::-1].T)


def spline_at(
    coefficients: NDArray[np.float32], source: Grid, transform: ArrayLike, onto: Grid, points: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the densities of a moved map, given by its spline coefficients on a grid, at points of another grid.

    Parameters
    ----------
    coefficients : ndarray of float32, three longer than `source` on each side
        Cubic B-spline coefficients; see :func:`botalign.maps.splines.spline_coefficients`.
    source : Grid
        The grid they are on.
    transform : array_like, shape (3, 4)
        How the map is moved, in angstrom.
    onto : Grid
        The grid to sample on.
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` there.

    Returns
    -------
    ndarray of float32, shape (n,)
        The densities, zero outside the box of the map.
    """
    to_source = compose(inverse(source.index_to_physical), compose(inverse(transform), onto.index_to_physical))
    values = np.empty(len(points), dtype=np.float32)
    spline_values(coefficients, points, to_source, values)
    return values


def smoothed(density_map: DensityMap, onto: Grid, *, sigma_angstrom: float, background: float = 0.0) -> DensityMap:
    """Smooth a map by a Gaussian and sample it on a grid that may be coarser, in one step.

    The Gaussian is isotropic, so that smoothing commutes with rotation; positive, so that a density stays one;
    and separable, so that the step is three matrix products however large the map.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    onto : Grid
        Where to sample.
    sigma_angstrom : float
        Standard deviation of the Gaussian. Below :data:`SMOOTHING_VOXELS` voxels of the map, aliases show.
    background : float, optional
        What the map is outside its box. It is subtracted inside, so that the result is zero there.

    Returns
    -------
    DensityMap
        The smoothed map.
    """
    z, y, x = (_gaussian_matrix(density_map.grid, onto, axis, sigma_angstrom) for axis in range(3))
    data = density_map.data
    # The first product is over planes, so that no temporary is larger than the result's planes of the source.
    planes: NDArray[np.float32] = np.zeros((onto.shape[0], *data.shape[1:]), dtype=np.float32)
    flat = planes.reshape(len(z), -1)
    thickness = max(1, 2**22 // max(1, data[0].size))
    with one_blas_thread():
        for start in range(0, len(data), thickness):
            block = data[start : start + thickness]
            rows = np.flatnonzero(z[:, start : start + len(block)].any(axis=1))
            if len(rows):
                span = slice(rows[0], rows[-1] + 1)
                flat[span] += z[span, start : start + len(block)] @ block.reshape(len(block), -1)
        values = np.matmul(np.matmul(y, planes), x.T)
        if background:
            ones = (weights.sum(axis=1) for weights in (z, y, x))  # a map of ones, smoothed likewise
            values -= np.float32(background) * np.multiply.outer(np.multiply.outer(next(ones), next(ones)), next(ones))
    return DensityMap(values, onto, density_map.name, density_map.labels)


def _gaussian_matrix(source: Grid, target: Grid, axis: int, sigma_angstrom: float) -> NDArray[np.float32]:
    """Weights, shape (target voxels, source voxels), that smooth and sample along one axis."""
    distance = target.axis_angstrom(axis)[:, None] - source.axis_angstrom(axis)[None, :]
    scaled = distance / sigma_angstrom
    step = source.voxel_size_angstrom[2 - axis]
    weights = np.exp(-0.5 * scaled**2) * (step / (sigma_angstrom * np.sqrt(2 * np.pi)))
    return np.asarray(np.where(np.abs(scaled) < 5, weights, 0.0), dtype=np.float32)
