"""A map cut down to a mask, for the fit."""

from __future__ import annotations

import numpy as np

from botalign.errors import InputError
from botalign.geometry import identity
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample

#: How far outside 0 to 1 the values of a mask may lie: resampling rings.
TOLERANCE = 0.1


def masked(density_map: DensityMap, mask: DensityMap | None) -> DensityMap:
    """Return a map that is its background outside a mask; the map itself if there is none.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    mask : DensityMap or None
        From 1 inside to 0 outside, soft edges and all, on any grid in the same space; 0 outside its box.

    Raises
    ------
    InputError
        If the mask has other values, or holds nothing of the map.
    """
    if mask is None:
        return density_map
    low, high = float(mask.data.min()), float(mask.data.max())
    if low < -TOLERANCE or not 0.5 < high <= 1 + TOLERANCE:
        raise InputError(
            f"mask {mask.name}: its values go from {low:g} to {high:g}, expected 0 outside to 1 inside; is it a mask?"
        )
    shares = mask if mask.grid == density_map.grid else resample(mask, identity(), density_map.grid)
    weights = np.clip(shares.data, 0, 1)
    if np.count_nonzero(weights > 0.5) < 8:
        raise InputError(
            f"mask {mask.name}: it holds nothing of {density_map.name}, expected to overlap it; do they have the same "
            "origin?"
        )
    background = np.float32(background_level(density_map.data))
    return density_map.with_data(background + weights * (density_map.data - background))
