"""The noise of two maps as a fit samples them, from their half maps."""

from __future__ import annotations

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Volume
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import smoothed


def half_map_noise(first: DensityMap, second: DensityMap, grid: Grid, *, sigma_angstrom: float) -> Volume:
    """Return the noise of a map: half the difference of its half maps, sampled as the fit samples the map.

    Parameters
    ----------
    first, second : DensityMap
        The half maps.
    grid : Grid
        ``fixed_grid`` or ``moving_grid`` of the problem.
    sigma_angstrom : float
        Smoothing of the maps in the problem.
    """
    difference = first.with_data((first.data - second.data) * np.float32(0.5))
    return smoothed(difference, grid, sigma_angstrom=sigma_angstrom).data


def noise_of_both(
    fixed: Surveyed, moving: Surveyed, options: AlignmentOptions, fit: FitProblem
) -> tuple[Volume, Volume] | None:
    """Return the noise of both maps on the grids of a fit, in the units of the surveyed densities.

    Parameters
    ----------
    fixed, moving : Surveyed
        The maps.
    options : AlignmentOptions
        Options, with the half maps of both maps; otherwise the noise is unknown, and None is returned.
    fit : FitProblem
        The fit.
    """
    if options.half_maps_fixed is None or options.half_maps_moving is None:
        return None
    sigma = common_sigma_angstrom(fixed, moving, fit.fixed_grid.voxel_size_angstrom[0])
    of_fixed = half_map_noise(*options.half_maps_fixed, fit.fixed_grid, sigma_angstrom=sigma)
    of_moving = half_map_noise(*options.half_maps_moving, fit.moving_grid, sigma_angstrom=sigma)
    return fixed.in_unit(of_fixed), moving.in_unit(of_moving)
