"""Fourier shell correlations of two maps at their full sampling, with and without a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import fft

from botalign.alignment.shell_curve import COARSER, common_shells, soft_contour
from botalign.alignment.survey import Surveyed, normalised
from botalign.arrays import Matrix, Volume
from botalign.geometry import identity
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, resample, smoothed
from botalign.scores import ShellCorrelation, ShellCurves, correlate_shells
from botalign.threads import thread_count

#: Width of the soft edge of the sphere about a molecule, in voxels of its survey.
EDGE_VOXELS = 4
#: Sides of voxels within this relative difference are equal.
_EQUAL = 1e-4


def map_curves(
    maps: tuple[DensityMap, DensityMap],
    surveyed: tuple[Surveyed, Surveyed],
    transform: Matrix,
    *,
    masks: tuple[DensityMap | None, DensityMap | None] = (None, None),
    part: int | None = None,
) -> ShellCurves:
    """Return the Fourier shell correlations of two maps, the second moved, on the grid of the first.

    Parameters
    ----------
    maps : tuple of two DensityMap
        The maps, without their masks.
    surveyed : tuple of two Surveyed
        The same maps, surveyed with their masks.
    transform : ndarray, shape (3, 4)
        Transform of the second map.
    masks : tuple, optional
        A mask for each map, or one for both.
    part : int, optional
        Which of the two is a part of the other: 0 or 1. Without masks, only the inside of its contour is compared.

    Returns
    -------
    ShellCurves
        The curves. A map of a part has no unmasked curve: the rest of the whole would dominate it.
    """
    grid = _cube(maps[0].grid)
    first, second = _on(maps[0], identity(), grid), _on(maps[1], transform, grid)
    coarser = max(*maps[0].grid.voxel_size_angstrom, *maps[1].grid.voxel_size_angstrom) / (1 + _EQUAL)
    unmasked = None if part is not None else common_shells(_curve(first, second, grid), coarser)
    if masks != (None, None):
        weights = [
            None if mask is None else np.clip(_moved(mask, pose, grid), 0, 1)
            for mask, pose in zip(masks, (identity(), transform), strict=True)
        ]
        single = next(weight for weight in weights if weight is not None)
        for data, weight in zip((first, second), weights, strict=True):
            data *= single if weight is None else weight
    elif part is None:
        weight = _sphere(surveyed[0], grid)
        first *= weight
        second *= weight
    else:
        pose = (identity(), transform)[part]
        contour = surveyed[part].density.with_data(soft_contour(surveyed[part]))
        weight = np.clip(_moved(contour, pose, grid), 0, 1)
        for data in (first, second):
            # About the mean: otherwise the mask itself, the same for both, would correlate.
            data -= np.float32(np.vdot(weight, data) / max(float(weight.sum()), 1.0))
            data *= weight
    masked = common_shells(_curve(first, second, grid), coarser)
    return ShellCurves(masked, unmasked, mask_text(maps, masks, part))


def mask_text(
    maps: tuple[DensityMap, DensityMap], masks: tuple[DensityMap | None, DensityMap | None], part: int | None
) -> str:
    """Return what the mask of a comparison is, as text."""
    names = dict.fromkeys(Path(mask.name).name for mask in masks if mask is not None)
    if names:
        return " and ".join(names)
    if part is not None:
        return f"the soft contour of {Path(maps[part].name).name}"
    return f"a soft sphere about the molecule of {Path(maps[0].name).name}"


def _cube(grid: Grid) -> Grid:
    """Return the grid itself if it is a cube of cubic voxels, otherwise the smallest one that contains it."""
    voxel = min(grid.voxel_size_angstrom)
    if len(set(grid.shape)) == 1 and max(grid.voxel_size_angstrom) <= (1 + _EQUAL) * voxel:
        return grid
    side = fft.next_fast_len(int(np.ceil(float(grid.size_angstrom.max()) / voxel - _EQUAL)), real=True)
    # Whole voxels from the first one, so that cubic voxels keep their places.
    before = [(side - int(size / voxel)) // 2 * voxel for size in grid.size_angstrom]
    x, y, z = (origin - gap for origin, gap in zip(grid.origin_angstrom, before, strict=True))
    return Grid((side, side, side), (voxel,) * 3, (x, y, z))


def _on(density_map: DensityMap, transform: Matrix, grid: Grid) -> Volume:
    """Return the moved densities on a grid, with the background at zero and a largest density from 0.5 to 1."""
    background = background_level(density_map.data)
    voxel = grid.voxel_size_angstrom[0]
    if voxel > COARSER * min(density_map.grid.voxel_size_angstrom):  # the grid cannot hold all of the detail
        side = int(np.ceil(float(density_map.grid.size_angstrom.max()) / voxel))
        source = Grid.cube(side, voxel, density_map.grid.centre_angstrom)
        shown = smoothed(density_map, source, sigma_angstrom=SMOOTHING_VOXELS * voxel, background=background)
    else:
        shown = density_map.with_data(density_map.data - np.float32(background))
    return _moved(normalised(shown)[0], transform, grid)


def _moved(density_map: DensityMap, transform: Matrix, grid: Grid) -> Volume:
    """Return the moved densities on a grid; as they are if nothing changes."""
    if density_map.grid == grid and np.array_equal(transform, identity()):
        return density_map.data
    return resample(density_map, transform, grid).data


def _sphere(surveyed: Surveyed, grid: Grid) -> Volume:
    """Return weights of 1 in the sphere about a molecule, which fall to 0 outside."""
    squares = ((grid.axis_angstrom(axis) - centre) ** 2 for axis, centre in enumerate(surveyed.centre_angstrom[::-1]))
    z, y, x = (square.astype(np.float32) for square in squares)
    distance = np.sqrt(z[:, None, None] + y[:, None] + x)
    edge = EDGE_VOXELS * surveyed.voxel_angstrom
    beyond = np.clip((distance - np.float32(surveyed.radius_angstrom)) / np.float32(edge), 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.float32(np.pi) * beyond))


def _curve(first: Volume, second: Volume, grid: Grid) -> ShellCorrelation:
    """Return the Fourier shell correlation of two cubes."""
    workers = thread_count(None)
    a, b = (fft.rfftn(data, workers=workers) for data in (first, second))
    return correlate_shells(a, b, grid.shape[0], voxel_size_angstrom=grid.voxel_size_angstrom[0])
