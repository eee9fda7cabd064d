"""Projections of two superimposed maps along the axes, in two colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, identity
from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, resample, smoothed

#: Side in voxels of a preview; enough for an image a few centimetres wide.
SIDE = 128
#: Red, green and blue of the two maps. They add up to white, and colour-blind readers can distinguish them.
FIXED_COLOUR = (1.0, 0.56, 0.0)
MOVING_COLOUR = (0.0, 0.44, 1.0)
#: Colours of the parts in which two maps differ and agree. Mixed they are grey.
DIFFERS_COLOUR = (1.0, 0.2, 0.8)
AGREES_COLOUR = (0.1, 0.9, 0.3)
#: Weights between these two are drawn in a mixture of both colours.
_MIXED_WEIGHTS = (0.25, 0.75)
#: The planes of the three projections: horizontal axis, vertical axis, array axis that is summed over (0 is z).
PLANES = (("x", "y", 0), ("x", "z", 1), ("y", "z", 2))
#: Densities below this fraction of the maximum, and this percentage of the rest on either side, may be out of view.
_FAINT = 0.05
_SPECKS = 0.1
_MARGIN = 1.15
_BRIGHTEST_PERCENT = 99.7


@dataclass(frozen=True, eq=False)
class Overlay:
    """Projections of two superimposed maps.

    Attributes
    ----------
    images : tuple of ndarray, shape (vertical, horizontal, 3)
        An image for each of :data:`PLANES`, colours from 0 to 1.
    extents : tuple of tuple of float
        Left, right, bottom and top of each image in angstrom.
    """

    images: tuple[NDArray[np.float64], ...]
    extents: tuple[tuple[float, float, float, float], ...]


def preview(density_map: DensityMap) -> DensityMap:
    """Return the density above the contour level on at most :data:`SIDE` voxels a side, for fast projection."""
    grid = density_map.grid
    longest = float(grid.size_angstrom.max())
    voxel = max(longest / SIDE, *grid.voxel_size_angstrom)
    shape = tuple(max(1, int(np.ceil(side / voxel))) for side in grid.size_angstrom[::-1])
    corner = grid.centre_angstrom - (np.array(shape[::-1]) - 1) / 2 * voxel
    coarse = Grid(shape, (voxel,) * 3, tuple(corner))  # type: ignore[arg-type]
    small = smoothed(density_map, coarse, sigma_angstrom=SMOOTHING_VOXELS * voxel)
    return small.with_data(np.maximum(small.data - np.float32(contour_level(small)), 0))


def view_box(maps: list[tuple[DensityMap, Matrix]]) -> Grid:
    """Return a cube that encloses the transformed previews, apart from distant specks of noise."""
    ends = []
    for shown, transform in maps:
        indices = np.argwhere(shown.data >= _FAINT * shown.data.max())[:, ::-1]
        points = apply_transform(compose(transform, shown.grid.index_to_physical), indices)
        ends.append(np.percentile(points, [_SPECKS, 100 - _SPECKS], axis=0))
    low, high = np.min(ends, axis=(0, 1)), np.max(ends, axis=(0, 1))
    side = _MARGIN * max(float((high - low).max()), 1e-3)
    return Grid.cube(SIDE, side / (SIDE - 1), (low + high) / 2)


def overlay(fixed: DensityMap, moving: DensityMap, transform: Matrix, box: Grid) -> Overlay:
    """Project the previews of the fixed map and of the transformed moving map inside a box."""
    volumes = (resample(fixed, identity(), box).data, resample(moving, transform, box).data)
    return _projected(volumes, (FIXED_COLOUR, MOVING_COLOUR), box, together=False)


def coloured_by(density_map: DensityMap, weights: DensityMap, box: Grid) -> Overlay:
    """Project a preview inside a box, coloured by weights from 0 (the maps differ) to 1 (they agree)."""
    volume, weight = (resample(shown, identity(), box).data for shown in (density_map, weights))
    volume, agreeing = np.maximum(volume, 0), _agreeing(weight)
    return _projected((volume * agreeing, volume * (1 - agreeing)), (AGREES_COLOUR, DIFFERS_COLOUR), box, together=True)


def weight_colours(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colours in which :func:`coloured_by` draws weights, shape (n, 3)."""
    agreeing = _agreeing(weights)[:, None]
    return np.asarray(agreeing * np.array(AGREES_COLOUR) + (1 - agreeing) * np.array(DIFFERS_COLOUR))


def _agreeing(weights: NDArray[Any]) -> NDArray[Any]:
    """Increase the contrast of weights, which are rarely close to 0 or 1 in real maps."""
    low, high = _MIXED_WEIGHTS
    return np.clip((weights - low) / (high - low), 0, 1)


def _projected(
    volumes: Sequence[NDArray[np.float32]], colours: Sequence[tuple[float, float, float]], box: Grid, *, together: bool
) -> Overlay:
    """Add the projections of volumes, each in its colour; scale the brightness of each, or of all together."""
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
    """Scale a projection to 0 to 1; an exponent below 1 makes thin parts visible."""
    clipped = np.maximum(projection.astype(np.float64), 0)
    shown = clipped[clipped > 0]
    top = float(np.percentile(shown, _BRIGHTEST_PERCENT)) if len(shown) else 1.0
    return np.asarray(np.minimum(clipped / top, 1) ** 0.7)
