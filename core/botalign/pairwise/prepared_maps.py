"""The maps of a set prepared for alignment: surveyed for the searches, and sampled with the same voxel size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.sampled import coarsened
from botalign.alignment.survey import Surveyed
from botalign.arrays import Matrix, Volume
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS
from botalign.maps.splines import spline_coefficients

#: Voxels between the ball of the largest molecule and the faces of the box, for the smoothing and for centres of mass
#: that a moving domain shifts.
MARGIN = 3
#: Width in voxels of the soft edge of the ball outside which a map is set to zero.
FADE = 2.0
#: The searches see a map with voxels smaller than those of the box by this factor at most.
FINER = 2.0


@dataclass(frozen=True)
class SamplingBox:
    """The box, voxel size and scaling that the prepared maps of a set share.

    Attributes
    ----------
    size : int
        Side of the box in voxels.
    voxel_angstrom : float
        Side of a voxel.
    sigma_angstrom : float
        Standard deviation of the smoothing.
    contour : bool
        Whether only the density above the contour level is compared.
    unit_mass : bool
        Whether each map is divided by the sum of its density above the contour level.
    """

    size: int
    voxel_angstrom: float
    sigma_angstrom: float
    contour: bool
    unit_mass: bool


@dataclass(frozen=True, eq=False)
class PreparedMap:
    """A map sampled in the box.

    Attributes
    ----------
    surveyed : Surveyed
        Map that the searches see.
    grid : Grid
        Cube around the centre of mass.
    samples : ndarray of float32, shape (size, size, size)
        Densities on the grid minus the background or, if only the density above the contour level is compared, minus
        this level; negative densities are then not clipped yet. They fade to zero outside the ball of the molecule.
    clipped : bool
        Whether negative densities are set to zero for the comparison.
    """

    surveyed: Surveyed
    grid: Grid
    samples: Volume
    clipped: bool

    @property
    def centre(self) -> Matrix:
        """Centre of the cube, shape (3,), in angstrom."""
        return self.surveyed.centre_angstrom

    @cached_property
    def coefficients(self) -> Volume:
        """Cubic B-spline coefficients of the samples before clipping, which makes kinks."""
        return spline_coefficients(self.samples)

    @cached_property
    def values(self) -> Volume:
        """Densities to compare."""
        return self.clip(self.samples)

    def clip(self, values: Volume) -> Volume:
        """Set negative densities to zero, if only the density above the contour level is compared."""
        return np.maximum(values, np.float32(0)) if self.clipped else values


def sampling_box(surveys: Sequence[Surveyed], *, size: int, contour: bool, unit_mass: bool) -> SamplingBox:
    """Return a box of `size` voxels per side that holds each of the maps, and a smoothing possible for all of them."""
    voxel = 2 * max(each.radius_angstrom for each in surveys) / (size - 2 * MARGIN)
    sigma = max(SMOOTHING_VOXELS * voxel, *(each.least_sigma_angstrom for each in surveys))
    return SamplingBox(size, voxel, sigma, contour, unit_mass)


def prepare_map(surveyed: Surveyed, box: SamplingBox) -> PreparedMap:
    """Sample a map in the box."""
    voxel = box.voxel_angstrom
    grid = Grid.cube(box.size, voxel, surveyed.centre_angstrom)
    whole = surveyed.on(grid, sigma_angstrom=box.sigma_angstrom)
    level = np.float32(surveyed.level_of(whole, voxel))
    samples = whole - level if box.contour else whole
    distance = np.sqrt(_squared_distances(box.size))
    inner = surveyed.radius_angstrom / voxel
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - inner) / FADE, 0, 1))
    samples = samples * fade.astype(np.float32)
    if box.unit_mass:
        samples /= np.maximum((whole - level) * fade, 0).sum(dtype=np.float64)
    return PreparedMap(surveyed.normalised(), grid, samples.astype(np.float32), box.contour)


def ball_points(size: int) -> NDArray[np.int32]:
    """Return the indices ``(x, y, z)`` of the voxels in the largest ball of a cube, shape (n, 3)."""
    indices = np.argwhere(_squared_distances(size) <= ((size - 1) / 2) ** 2)
    return np.ascontiguousarray(indices[:, ::-1], dtype=np.int32)


def reduced(surveyed: Surveyed, *, size: int) -> Surveyed:
    """Return a map sampled no finer than the searches need, because many large maps do not fit into memory."""
    return coarsened(surveyed, 2 * surveyed.radius_angstrom / (size - 2 * MARGIN) / FINER)


def to_arrays(surveyed: Surveyed) -> dict[str, NDArray[Any]]:
    """Return a surveyed map as arrays, for a file."""
    grid = surveyed.density.grid
    return {
        "density": surveyed.density.data,
        "grid": np.array([grid.voxel_size_angstrom, grid.origin_angstrom]),
        "centre": surveyed.centre_angstrom,
        "numbers": np.array([surveyed.sigma_angstrom, surveyed.volume_angstrom3, surveyed.radius_angstrom]),
    }


def from_arrays(arrays: dict[str, NDArray[Any]], name: str) -> Surveyed:
    """Return the surveyed map from the arrays of :func:`to_arrays`."""
    voxel, origin = arrays["grid"].tolist()
    data = arrays["density"]
    density = DensityMap(data, Grid(data.shape, tuple(voxel), tuple(origin)), name)
    sigma, volume, radius = arrays["numbers"].tolist()
    return Surveyed(density, sigma, volume, arrays["centre"], radius)


def _squared_distances(size: int) -> Matrix:
    axis = (np.arange(size) - (size - 1) / 2) ** 2
    return np.asarray(axis[:, None, None] + axis[:, None] + axis)
