"""A map prepared for the fit: smoothed, cropped to its molecule, with a contour level and a centre of mass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.alignment.ball import Ball, soft_ball
from botalign.alignment.extent import Extent, extent_of, level_enclosing
from botalign.alignment.filament import filament_axis
from botalign.arrays import Volume, is_constant
from botalign.errors import InputError, counted
from botalign.maps.contour import background_level, contour_level, contrast, noise_deviation
from botalign.maps.density_map import DensityMap, expect_map
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed
from botalign.maps.splines import spline_coefficients

#: Sides in voxels of the box in which the molecule is first located; smaller ones are tried if the map is noisy.
SURVEY_SIDES = (48, 32, 24, 16)
#: A map is clear where its maximum is this many standard deviations of its noise.
CLEAR = 12.0
#: Largest side in voxels of any box of the fit, apart from a few more for a fast Fourier transform.
FINEST_SIDE = 128
#: Empty voxels around the molecule.
CLEARANCE_VOXELS = 8


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A map, smoothed and cropped to its molecule, no finer than the fit needs.

    Smoothing comes first because clipping at a contour level is not linear: a map and its rotated copy lose the same
    density only if both are smooth between their voxels.

    Attributes
    ----------
    density : DensityMap
        The smoothed densities in a cube around the molecule, with the background at zero.
    sigma_angstrom : float
        Standard deviation of the smoothing.
    volume_angstrom3 : float
        Volume of the molecule: that above the contour level. However the densities are smoothed, the contour that
        encloses this volume is that of the molecule.
    centre_angstrom : ndarray, shape (3,)
        Centre of the mass above the contour level, ``(x, y, z)``.
    radius_angstrom : float
        Radius of the ball around it that contains that mass.
    unit : float
        The densities are those of the map divided by this power of two.
    filament_axis : ndarray, shape (3,), optional
        The direction in which the molecule runs through the box; see :mod:`botalign.alignment.filament`.
    is_clear : bool
        Whether the molecule stands out from the noise so clearly that its volume can be relied on, or its contour level
        is given.
    """

    density: DensityMap
    sigma_angstrom: float
    volume_angstrom3: float
    centre_angstrom: NDArray[np.float64]
    radius_angstrom: float
    unit: float = 1.0
    filament_axis: NDArray[np.float64] | None = None
    is_clear: bool = True
    #: Kept by :func:`botalign.alignment.sampled.sampled`.
    samplings: dict[tuple[float, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def normalised(self) -> Surveyed:
        """Return the same map with a largest density from 0.5 to 1; see :func:`normalised`."""
        density, unit = normalised(self.density)
        return replace(self, density=density, unit=self.unit * unit)

    def scaled(self, factor: float) -> Surveyed:
        """Return the same densities with voxels that are larger by a factor, scaled about the centre of mass."""
        grid = self.density.grid.scaled(factor, self.centre_angstrom)
        scaled = replace(
            self,
            density=replace(self.density, grid=grid),
            sigma_angstrom=factor * self.sigma_angstrom,
            volume_angstrom3=factor**3 * self.volume_angstrom3,
            radius_angstrom=factor * self.radius_angstrom,
        )
        # The scale leaves the coefficients as they are.
        vars(scaled).update({name: value for name, value in vars(self).items() if name == "coefficients"})
        return scaled

    def in_unit(self, densities: Volume) -> Volume:
        """Return densities of the map in the unit of the surveyed ones."""
        return densities * np.float32(1 / self.unit)

    @cached_property
    def level(self) -> float:
        """Contour level of the densities."""
        return self.level_of(self.density.data, self.voxel_angstrom)

    def level_of(self, data: Volume, voxel_angstrom: float) -> float:
        """Return the contour level that encloses the volume of the molecule in densities on another grid."""
        return level_enclosing(data, self.volume_angstrom3 / voxel_angstrom**3)

    @cached_property
    def coefficients(self) -> Volume:
        """Cubic B-spline coefficients of the densities."""
        return spline_coefficients(self.density.data)

    @cached_property
    def ball(self) -> Ball:
        """The soft ball around the molecule."""
        return soft_ball(self.density.grid, self.centre_angstrom, self.radius_angstrom)

    @cached_property
    def spectrum(self) -> NDArray[np.complex64]:
        """Half spectrum of the densities in the ball."""
        return self.ball.spectrum(self.density.data.ravel()[self.ball.inside])

    @cached_property
    def molecule(self) -> tuple[NDArray[np.int32], Volume]:
        """Indices ``(x, y, z)`` of the voxels above the contour level, shape (n, 3), and their densities."""
        inside = np.nonzero(self.density.data > self.level)
        return np.stack(inside[::-1], axis=1).astype(np.int32), self.density.data[inside]

    @property
    def voxel_angstrom(self) -> float:
        """Side of a voxel."""
        return self.density.grid.voxel_size_angstrom[0]

    @property
    def least_sigma_angstrom(self) -> float:
        """Smallest smoothing that :meth:`on` can give: the variances of two Gaussians add up."""
        return float(np.hypot(self.sigma_angstrom, SMOOTHING_VOXELS * self.voxel_angstrom))

    def on(self, grid: Grid, *, sigma_angstrom: float, clipped: bool = False) -> Volume:
        """Sample on a grid, smoothed by a Gaussian of `sigma_angstrom` in total, or by the smallest possible one.

        With `clipped`, return only the density above the contour level, less that level.
        """
        total = max(sigma_angstrom, self.least_sigma_angstrom)
        values = smoothed(self.density, grid, sigma_angstrom=float(np.sqrt(total**2 - self.sigma_angstrom**2))).data
        if clipped:
            values -= np.float32(self.level_of(values, grid.voxel_size_angstrom[0]))
            np.maximum(values, 0, out=values)
        return values


def normalised(density_map: DensityMap) -> tuple[DensityMap, float]:
    """Return a map with a largest density from 0.5 to 1, and the power of two by which it was divided.

    Squares of very large or small densities exceed the range of single precision. Division by a power of two is exact,
    so nothing else changes.
    """
    largest = max(float(density_map.data.max()), -float(density_map.data.min()))
    exponent = int(np.clip(np.frexp(largest)[1], -125, 125))
    return density_map.with_data(density_map.data * np.float32(2.0**-exponent)), 2.0**exponent


def common_sigma_angstrom(first: Surveyed, second: Surveyed, voxel_angstrom: float) -> float:
    """Return the smoothing that voxels of a size need and both maps can be given, so that they lose the same detail."""
    return max(SMOOTHING_VOXELS * voxel_angstrom, first.least_sigma_angstrom, second.least_sigma_angstrom)


def survey(density_map: DensityMap, *, level: float | None = None, role: str | None = None) -> Surveyed:
    """Locate the molecule in a map.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    level : float, optional
        Contour level of the unsmoothed map. The contour of the smoothed map then encloses the same volume. By default
        :func:`botalign.contour_level` of the smoothed map.
    role : str, optional
        Name of the argument, for messages: ``fixed`` or ``moving``. By default messages start with the name of the map.

    Raises
    ------
    InputError
        If it is not a map, is constant, or has almost nothing above the contour level.
    """
    expect_map(density_map, role or "density_map")
    where = f"{role} map {density_map.name}" if role else density_map.name
    if is_constant(density_map.data):
        constant = float(density_map.data.flat[0])
        what = "zero" if constant == 0 else f"{constant:g}"
        raise InputError(f"{where}: all densities are {what}, so there is nothing to align; is it the right file?")
    volume = None
    if level is not None:
        above = int(np.count_nonzero(density_map.data > level))
        if above < 8:
            low, high = float(density_map.data.min()), float(density_map.data.max())
            raise InputError(
                f"{where}: {counted(above, 'voxel')} above the contour level {level:g}, expected 8 or more; densities "
                f"range from {low:g} to {high:g}, and {contour_level(density_map):.4g} is suggested."
            )
        volume = above * float(np.prod(density_map.grid.voxel_size_angstrom))
    background = background_level(density_map.data)
    finest = min(density_map.grid.voxel_size_angstrom)
    extent, rough = _outline(density_map, background, finest, volume, where)
    axis, blur = filament_axis(extent.inside, rough, density_map.grid), rough.voxel_size_angstrom[0]
    diameter = 2 * (extent.radius_angstrom + blur)
    voxel = max(finest, diameter / (FINEST_SIDE - 2 * CLEARANCE_VOXELS))
    # Space for the shell around the molecule that the fit also compares, and for further smoothing.
    side = diameter + 2 * CLEARANCE_VOXELS * voxel
    density, sigma = _cropped(density_map, background, extent.centre_angstrom, side, voxel)
    noise = noise_deviation(density.data)
    clear = contrast(density.data, noise) >= CLEAR
    if volume is not None or clear:
        extent = extent_of(density, volume, where, clear=clear, noise=noise)
    return Surveyed(
        density, sigma, extent.volume_angstrom3, extent.centre_angstrom, extent.radius_angstrom, filament_axis=axis,
        is_clear=volume is not None or clear,
    )  # fmt: skip


def _outline(
    density_map: DensityMap, background: float, finest: float, volume: float | None, where: str
) -> tuple[Extent, Grid]:
    """Locate the molecule in the whole box, as coarsely as needed for it to stand out; also return that grid."""
    grid = density_map.grid
    whole = float(grid.size_angstrom.max())
    for side in SURVEY_SIDES:
        voxel = max(finest, whole / side)
        rough, _ = _cropped(density_map, background, grid.centre_angstrom, whole, voxel)
        noise = noise_deviation(rough.data)
        clear = contrast(rough.data, noise) >= CLEAR
        if volume is not None or clear:
            break
    return extent_of(rough, volume, where, clear=clear, noise=noise), rough.grid


def _cropped(
    density_map: DensityMap,
    background: float,
    centre: NDArray[np.float64],
    side_angstrom: float,
    voxel_angstrom: float,
) -> tuple[DensityMap, float]:
    """Sample a cube around a centre, with the background at zero; also return the smoothing."""
    # A side with small prime factors, for later Fourier transforms.
    side = fft.next_fast_len(int(np.ceil(side_angstrom / voxel_angstrom)), real=True)
    grid = Grid.cube(side, voxel_angstrom, centre)
    sigma = SMOOTHING_VOXELS * max(voxel_angstrom, *density_map.grid.voxel_size_angstrom)
    return smoothed(density_map, grid, sigma_angstrom=sigma, background=background), sigma
