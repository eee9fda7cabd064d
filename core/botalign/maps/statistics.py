"""Summary statistics of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from botalign.arrays import Statistics
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid


@dataclass(frozen=True)
class MapInfo:
    """Summary of a map.

    Attributes
    ----------
    name : str
        Name of the map.
    grid : Grid
        Grid of the map.
    size_angstrom : tuple of float
        Sides ``(x, y, z)`` of the box.
    minimum, maximum, mean, standard_deviation : float
        Statistics of all densities.
    zero_fraction : float
        Fraction of the voxels that are exactly zero; it is large if the map was masked.
    labels : tuple of str
        Label lines of the file header.
    """

    name: str
    grid: Grid
    size_angstrom: tuple[float, float, float]
    minimum: float
    maximum: float
    mean: float
    standard_deviation: float
    zero_fraction: float
    labels: tuple[str, ...]


def describe(density_map: DensityMap) -> MapInfo:
    """Return a summary of a map."""
    data = density_map.data
    found = Statistics.of(data)
    x, y, z = (float(side) for side in density_map.grid.size_angstrom)
    return MapInfo(
        name=density_map.name,
        grid=density_map.grid,
        size_angstrom=(x, y, z),
        minimum=found.minimum,
        maximum=found.maximum,
        mean=found.mean,
        standard_deviation=found.deviation,
        zero_fraction=1 - float(np.count_nonzero(data)) / data.size,
        labels=density_map.labels,
    )
