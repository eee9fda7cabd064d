"""What two maps look like over each other: sums along the axes, in two colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, identity
from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, resample, smoothed

#: Voxels a side that are enough for a picture of a few centimetres.
SIDE = 128
#: Red, green and blue of the two maps: told apart by colour-blind eyes too, and together white.
FIXED_COLOUR = (1.0, 0.56, 0.0)
MOVING_COLOUR = (0.0, 0.44, 1.0)
#: Where two maps differ.
DIFFERENT_COLOUR = (0.9, 0.1, 0.2)
#: The planes of the three projections: horizontal axis, vertical axis, array axis that is summed over (0 is z).
PLANES = (("x", "y", 0), ("x", "z", 1), ("y", "z", 2))
#: Densities below this part of the maximum, and this percentage of the rest on either side, need not be in view.
_FAINT = 0.05
_SPECKS = 0.1
_MARGIN = 1.15
_BRIGHTEST_PERCENT = 99.7


@dataclass(frozen=True, eq=False)
class Overlay:
    """Two maps over each other, projected.

    Attributes
    ----------
    images : tuple of ndarray, shape (vertical, horizontal, 3)
        A picture for each of :data:`PLANES`, colours from 0 to 1.
    extents : tuple of tuple of float
        Left, right, bottom and top of each in angstrom.
    """

    images: tuple[NDArray[np.float64], ...]
    extents: tuple[tuple[float, float, float, float], ...]


def preview(density_map: DensityMap) -> DensityMap:
    """Return the map above its contour on at most :data:`SIDE` voxels a side, quick to project however large it is."""
    grid = density_map.grid
    longest = float(grid.size_angstrom.max())
    voxel = max(longest / SIDE, *grid.voxel_size_angstrom)
    shape = tuple(max(1, int(np.ceil(side / voxel))) for side in grid.size_angstrom[::-1])
    corner = grid.centre_angstrom - (np.array(shape[::-1]) - 1) / 2 * voxel
    coarse = Grid(shape, (voxel,) * 3, tuple(corner))  # type: ignore[arg-type]
    small = smoothed(density_map, coarse, sigma_angstrom=SMOOTHING_VOXELS * voxel)
    return small.with_data(np.maximum(small.data - np.float32(contour_level(small)), 0))


def view_box(maps: list[tuple[DensityMap, Matrix]]) -> Grid:
    """Return a cube that holds what previews show, each moved by a transform; specks of noise far off don't count."""
    ends = []
    for shown, transform in maps:
        indices = np.argwhere(shown.data >= _FAINT * shown.data.max())[:, ::-1]
        points = apply_transform(compose(transform, shown.grid.index_to_physical), indices)
        ends.append(np.percentile(points, [_SPECKS, 100 - _SPECKS], axis=0))
    low, high = np.min(ends, axis=(0, 1)), np.max(ends, axis=(0, 1))
    side = _MARGIN * max(float((high - low).max()), 1e-3)
    return Grid.cube(SIDE, side / (SIDE - 1), (low + high) / 2)


def overlay(fixed: DensityMap, moving: DensityMap, transform: Matrix, box: Grid) -> Overlay:
    """Project the fixed map and the moved one, both previews, inside a box."""
    volumes = (resample(fixed, identity(), box).data, resample(moving, transform, box).data)
    return _projected(volumes, (FIXED_COLOUR, MOVING_COLOUR), box, together=False)


def coloured_by(density_map: DensityMap, weights: DensityMap, box: Grid) -> Overlay:
    """Project a preview inside a box: white where the weights are 1, of another colour where they are 0."""
    volume, share = (resample(shown, identity(), box).data for shown in (density_map, weights))
    return _projected(
        (np.maximum(volume, 0) * np.clip(share, 0, 1), np.maximum(volume, 0) * (1 - np.clip(share, 0, 1))),
        ((1.0, 1.0, 1.0), DIFFERENT_COLOUR),
        box,
        together=True,
    )


def _projected(
    volumes: Sequence[NDArray[np.float32]], colours: Sequence[tuple[float, float, float]], box: Grid, *, together: bool
) -> Overlay:
    """Add up the projections of volumes, each in its colour, each or all together as bright as the picture allows."""
    images, extents = [], []
    x, y, z = (box.axis_angstrom(axis) for axis in (2, 1, 0))
    along = {"x": x, "y": y, "z": z}
    half = box.voxel_size_angstrom[0] / 2
    for horizontal, vertical, axis in PLANES:
        image = np.zeros((SIDE, SIDE, 3))
        sums = [volume.sum(axis=axis) for volume in volumes]
        whole = np.sum(sums, axis=0)
        for part, colour in zip(sums, colours, strict=True):
            share = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
            brightness = _brightness(whole) * share if together else _brightness(part)
            image += brightness[:, :, None] * np.array(colour)
        images.append(np.clip(image, 0, 1))
        ends = (along[horizontal], along[vertical])
        extents.append(tuple(float(v) for line in ends for v in (line[0] - half, line[-1] + half)))
    return Overlay(tuple(images), tuple(extents))  # type: ignore[arg-type]


def _brightness(projection: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scale to 0 to 1; a root lifts the thin parts."""
    clipped = np.maximum(projection.astype(np.float64), 0)
    shown = clipped[clipped > 0]
    top = float(np.percentile(shown, _BRIGHTEST_PERCENT)) if len(shown) else 1.0
    return np.asarray(np.minimum(clipped / top, 1) ** 0.7)
