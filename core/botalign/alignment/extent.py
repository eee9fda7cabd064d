"""The molecule in a map: its volume, its centre, and the ball around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.arrays import Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.errors import InputError
from botalign.maps.contour import level_above
from botalign.maps.density_map import DensityMap

#: A connected region with less than this fraction of the mass of the largest one is a speck of noise, not a part of the
#: molecule: in a clear map, and in one so noisy that no sampling makes it clear.
LEAST_PART, LEAST_PART_IN_NOISE = 0.02, 0.1
#: Fraction of the mass above the contour level that counts as the molecule; the rest may be specks of noise.
ENCLOSED_MASS = 0.999
#: One voxel of so many is used to guess a level.
SAMPLED = 31


@dataclass(frozen=True, eq=False)
class Extent:
    """Volume above the contour level, centre of the mass there, radius of the ball that contains it, and its voxels."""

    volume_angstrom3: float
    centre_angstrom: NDArray[np.float64]
    radius_angstrom: float
    inside: NDArray[np.int64]


def extent_of(
    density_map: DensityMap, volume: float | None, where: str, *, clear: bool, noise: float | None = None
) -> Extent:
    """Return the extent of the mass above the suggested contour level, or above that which encloses `volume`.

    The standard deviation of the noise is computed if it is not given.
    """
    grid = density_map.grid
    voxel = grid.voxel_size_angstrom[0]
    if volume is None:
        level = level_above(density_map.data, 0.0, noise)
    else:
        level = level_enclosing(density_map.data, volume / voxel**3)
    above = density_map.data > level
    parts, count = ndimage.label(above)
    if not count:
        raise InputError(f"{where}: no density above its background; is its contrast inverted?")
    inside = np.flatnonzero(above)
    mass = density_map.data.ravel()[inside].astype(np.float64) - level
    # Specks of noise, however many, are not part of the molecule.
    part = parts.ravel()[inside]
    masses = np.bincount(part, weights=mass)
    kept = masses[part] >= (LEAST_PART if clear else LEAST_PART_IN_NOISE) * masses.max()
    inside, mass = inside[kept], mass[kept]
    places = np.array(grid.origin_angstrom) + voxel * np.stack(np.unravel_index(inside, grid.shape)[::-1], axis=1)
    centre = np.einsum("n,nd->d", mass, places) / mass.sum()
    squared = ((places - centre) ** 2).sum(axis=1)
    radius = float(np.sqrt(_enclosing(squared, mass, ENCLOSED_MASS))) + voxel / 2
    return Extent(len(inside) * voxel**3, centre, radius, inside)


def _enclosing(values: Matrix, mass: Matrix, fraction: float) -> float:
    """Return the smallest of some values such that values up to it have a fraction of the mass."""
    left = (1 - fraction) * float(mass.sum())
    # Only the largest values need to be sorted.
    count = len(values)
    for share in (0.05, 1.0):
        first = count - max(1, int(share * count))
        largest = np.argpartition(values, first)[first:] if first else np.arange(count)
        largest = largest[np.argsort(-values[largest], kind="stable")]
        beyond = np.cumsum(mass[largest])
        if beyond[-1] > left:
            break
    return float(values[largest[min(len(largest) - 1, int(np.searchsorted(beyond, left, side="right")))]])


def level_enclosing(data: Volume, voxels: float) -> float:
    """Return the level that encloses a number of voxels, at least a few."""
    check_cancelled()
    values = data.ravel()
    above = min(values.size - 1, max(8, round(voxels)))
    # Every n-th voxel shows below which density the level certainly is not, which leaves few voxels to partition.
    few = values[::SAMPLED]
    least = 2 * (above // SAMPLED) + 16
    if least < few.size:
        high = values[values >= np.partition(few, -least)[-least]]
        if high.size > above:
            values = high
    return float(np.partition(values, -above - 1)[-above - 1])
