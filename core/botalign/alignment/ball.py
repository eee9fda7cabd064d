"""The voxels of a map in a soft ball around its molecule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

from botalign.arrays import Matrix, Volume
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
    z, y, x = (((grid.axis_angstrom(axis) - centre[2 - axis]) / voxel) ** 2 for axis in range(3))
    return Ball(*_voxels_of_ball(z, y, x, inner, outer), grid.shape)


@njit(cache=True, nogil=True)
def _voxels_of_ball(
    z: Matrix, y: Matrix, x: Matrix, inner: float, outer: float
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return the voxels of a soft ball, given the squares of their distances from its centre along each axis."""
    count = 0
    for k in range(len(z)):
        for j in range(len(y)):
            for i in range(len(x)):
                count += z[k] + y[j] + x[i] < outer * outer
    inside, weight = np.empty(count, dtype=np.int64), np.ones(count, dtype=np.float32)
    points = np.empty((count, 3), dtype=np.int32)
    n = 0
    for k in range(len(z)):
        for j in range(len(y)):
            for i in range(len(x)):
                squared = z[k] + y[j] + x[i]
                if squared >= outer * outer:
                    continue
                inside[n] = (k * len(y) + j) * len(x) + i
                points[n, 0], points[n, 1], points[n, 2] = i, j, k
                if squared > inner * inner:
                    beyond = min((np.sqrt(squared) - inner) / max(outer - inner, 1e-9), 1.0)
                    weight[n] = 0.5 + 0.5 * np.cos(np.pi * beyond)
                n += 1
    return inside, points, weight
