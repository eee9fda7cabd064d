"""Masks."""

from __future__ import annotations

import numpy as np

from botalign.arrays import Volume
from botalign.errors import InputError
from botalign.geometry import identity
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import resample

#: Values of a mask may exceed 0 to 1 by this much: resampling overshoots.
TOLERANCE = 0.1


def masked(density_map: DensityMap, mask: DensityMap | None) -> DensityMap:
    """Return a map with its background value outside a mask.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    mask : DensityMap or None
        Mask from 1 inside to 0 outside, on any grid in the coordinates of the map; outside its box it is 0. With None
        the map is returned unchanged.

    Raises
    ------
    InputError
        If the mask has other values, or does not overlap the map.
    """
    if mask is None:
        return density_map
    low, high = float(mask.data.min()), float(mask.data.max())
    if low < -TOLERANCE or not 0.5 < high <= 1 + TOLERANCE:
        raise InputError(
            f"mask {mask.name}: values from {low:g} to {high:g}, expected 0 outside to 1 inside; is it a mask?"
        )
    weights = mask_on(mask, density_map.grid)
    if np.count_nonzero(weights > 0.5) < 8:
        raise InputError(
            f"mask {mask.name}: no overlap with {density_map.name}, expected a mask of it; are the origins the same?"
        )
    background = np.float32(background_level(density_map.data))
    return density_map.with_data(background + weights * (density_map.data - background))


def mask_on(mask: DensityMap, grid: Grid) -> Volume:
    """Return a mask on a grid, with values from 0 to 1."""
    values = mask if mask.grid == grid else resample(mask, identity(), grid)
    return np.clip(values.data, 0, 1)
