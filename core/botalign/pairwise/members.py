"""The maps of a set, each prepared once: surveyed for the searches, sampled on voxels that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.survey import Surveyed
from botalign.arrays import Matrix, Volume
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed
from botalign.maps.splines import spline_coefficients, spline_slopes

#: Voxels between the largest molecule's ball and the sides of the working box: room for what smoothing spreads, and for
#: centres of mass that a moved domain has drawn aside.
MARGIN = 3
#: Over how many voxels a map fades out at the surface of its ball.
FADE = 2.0
#: What the searches see of a map is sampled this many times finer than the working voxels, at the finest.
FINER = 2.0
#: Empty voxels about the molecule in what the searches see.
CLEARANCE = 8


@dataclass(frozen=True)
class Frame:
    """What the maps of a set have in common once they are prepared.

    Attributes
    ----------
    size : int
        Voxels a side of the working box.
    voxel_angstrom : float
        Their side.
    sigma_angstrom : float
        Standard deviation of the smoothing.
    contour : bool
        Whether only the density above the contour counts.
    unit_mass : bool
        Whether the maps are scaled so that the density above the contour adds up to 1.
    """

    size: int
    voxel_angstrom: float
    sigma_angstrom: float
    contour: bool
    unit_mass: bool


@dataclass(frozen=True, eq=False)
class Member:
    """A map at working size.

    Attributes
    ----------
    surveyed : Surveyed
        What the searches see of it.
    grid : Grid
        A cube about its centre of mass.
    samples : ndarray of float32, shape (size, size, size)
        Its densities there, less the background, or less the contour level where only what lies above counts: what is
        below zero is then still to be cut off. They fade out at the surface of the molecule's ball.
    clipped : bool
        Whether only what is above zero counts.
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
        """Cubic B-spline coefficients of the samples: they are smooth, where the densities cut off have kinks."""
        return spline_coefficients(self.samples)

    @cached_property
    def values(self) -> Volume:
        """The densities that count."""
        return self.cut(self.samples)

    def cut(self, values: Volume) -> Volume:
        """Cut off what doesn't count."""
        return np.maximum(values, np.float32(0)) if self.clipped else values


def frame_of(surveys: Sequence[Surveyed], *, size: int, contour: bool, unit_mass: bool) -> Frame:
    """Choose voxels in which each of the maps fits into a box of `size`, and a smoothing that all can be given."""
    voxel = 2 * max(each.radius_angstrom for each in surveys) / (size - 2 * MARGIN)
    sigma = max(SMOOTHING_VOXELS * voxel, *(each.least_sigma_angstrom for each in surveys))
    return Frame(size, voxel, sigma, contour, unit_mass)


def member(surveyed: Surveyed, frame: Frame) -> Member:
    """Sample a map in a frame."""
    voxel = frame.voxel_angstrom
    grid = Grid.cube(frame.size, voxel, surveyed.centre_angstrom)
    whole = surveyed.on(grid, sigma_angstrom=frame.sigma_angstrom)
    level = np.float32(surveyed.level_of(whole, voxel))
    samples = whole - level if frame.contour else whole
    distance = np.sqrt(_squared_distances(frame.size))
    inner = surveyed.radius_angstrom / voxel
    fade = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - inner) / FADE, 0, 1))
    samples = samples * fade.astype(np.float32)
    if frame.unit_mass:
        samples /= np.maximum((whole - level) * fade, 0).sum(dtype=np.float64)
    return Member(surveyed, grid, samples.astype(np.float32), frame.contour)


def ball_points(size: int) -> NDArray[np.int32]:
    """Return the indices ``(x, y, z)`` of the voxels in the largest ball of a cube, shape (n, 3)."""
    places = np.argwhere(_squared_distances(size) <= ((size - 1) / 2) ** 2)
    return np.ascontiguousarray(places[:, ::-1], dtype=np.int32)


def slopes(volume: Volume) -> Volume:
    """Return the derivatives of a map along ``x, y, z``, per voxel, shape (3, z, y, x)."""
    return np.stack([spline_slopes(volume, axis) for axis in (2, 1, 0)])


def no_finer_than_needed(surveyed: Surveyed, *, size: int) -> Surveyed:
    """Return what a set keeps of a large map, which as it is would fill the memory many times over."""
    voxel = 2 * surveyed.radius_angstrom / (size - 2 * MARGIN) / FINER
    if surveyed.voxel_angstrom >= voxel:
        return surveyed
    side = int(np.ceil(2 * surveyed.radius_angstrom / voxel)) + 2 * CLEARANCE
    grid, added = Grid.cube(side, voxel, surveyed.centre_angstrom), SMOOTHING_VOXELS * voxel
    density = smoothed(surveyed.density, grid, sigma_angstrom=added)
    return replace(surveyed, density=density, sigma_angstrom=float(np.hypot(surveyed.sigma_angstrom, added)))


def to_arrays(surveyed: Surveyed) -> dict[str, NDArray[Any]]:
    """Return what a surveyed map is made of, as arrays that can be kept in a file."""
    grid = surveyed.density.grid
    return {
        "density": surveyed.density.data,
        "grid": np.array([grid.voxel_size_angstrom, grid.origin_angstrom]),
        "centre": surveyed.centre_angstrom,
        "numbers": np.array([surveyed.sigma_angstrom, surveyed.volume_angstrom3, surveyed.radius_angstrom]),
    }


def from_arrays(arrays: dict[str, NDArray[Any]], name: str) -> Surveyed:
    """Return the surveyed map that :func:`to_arrays` took apart."""
    voxel, origin = arrays["grid"].tolist()
    data = arrays["density"]
    density = DensityMap(data, Grid(data.shape, tuple(voxel), tuple(origin)), name)
    sigma, volume, radius = arrays["numbers"].tolist()
    return Surveyed(density, sigma, volume, arrays["centre"], radius)


def _squared_distances(size: int) -> Matrix:
    axis = (np.arange(size) - (size - 1) / 2) ** 2
    return np.asarray(axis[:, None, None] + axis[:, None] + axis)
