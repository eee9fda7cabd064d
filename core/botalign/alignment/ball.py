"""The voxels of a map in a soft ball around its molecule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.arrays import Volume
from botalign.maps.grid import Grid


@dataclass(frozen=True, eq=False)
class Ball:
    """The voxels of a map in a soft ball around its molecule.

    Attributes
    ----------
    inside : ndarray of int, shape (n,)
        Their indices in the flattened map.
    points : ndarray of int32, shape (n, 3)
        Their indices ``(x, y, z)``.
    weight : ndarray, shape (n,)
        From 1 inside the molecule's ball to 0 four voxels beyond, along a cosine.
    shape : tuple of int
        Shape of the map.
    """

    inside: NDArray[np.int64]
    points: NDArray[np.int32]
    weight: NDArray[np.float32]
    shape: tuple[int, ...]

    def spectrum(self, values: Volume) -> NDArray[np.complex64]:
        """Return the half spectrum of a map with these densities in the ball, weighted, and zero elsewhere."""
        masked = np.zeros(self.shape, dtype=np.float32)
        masked.ravel()[self.inside] = values * self.weight
        return np.asarray(fft.rfftn(masked, workers=1))


def soft_ball(grid: Grid, centre: NDArray[np.float64], radius_angstrom: float) -> Ball:
    """Return the soft ball around a molecule on a grid of cubic voxels."""
    voxel = grid.voxel_size_angstrom[0]
    inner = radius_angstrom / voxel
    outer = min(inner + 4, (grid.shape[0] - 1) / 2)
    z, y, x = ((grid.axis_angstrom(axis) - centre[2 - axis]) / voxel for axis in range(3))
    squared = ((z**2)[:, None, None] + (y**2)[None, :, None] + x**2).ravel()
    inside = np.flatnonzero(squared < outer**2)
    weight = np.ones(len(inside), dtype=np.float32)
    beyond = np.flatnonzero(squared[inside] > inner**2)
    distance = np.sqrt(squared[inside[beyond]])
    weight[beyond] = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - inner) / max(outer - inner, 1e-9), 0, 1))
    points = np.empty((len(inside), 3), dtype=np.int32)
    for axis, indices in enumerate(np.unravel_index(inside, grid.shape)[::-1]):
        points[:, axis] = indices
    return Ball(inside, points, weight, grid.shape)
