"""How much of the power of a map is signal: what two copies with its noise would agree in.

Noise is measured where it is known to be alone: in the difference of half maps, otherwise outside the molecule, where
the box of the map has noise. If the solvent is masked, there is none. But noise reaches the finest frequencies, and the
signal of a molecule fades: so the power that is left in the finest shells is taken for white noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from botalign.alignment.half_maps import half_map_noise
from botalign.alignment.survey import Surveyed
from botalign.arrays import Matrix, Volume
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.scores import ShellCorrelation, shell_power

#: Noise is measured this many standard deviations of the smoothing inside the faces of the box.
FACES = 2.0
#: The finest shells, as fractions of the Nyquist frequency: beyond, smoothing leaves too little.
FINEST = 0.5, 0.9


@dataclass(frozen=True, eq=False)
class SignalFraction:
    """The fraction of the power of a map that is signal, by frequency.

    Attributes
    ----------
    frequency_per_angstrom : ndarray, shape (shells,)
        Frequencies of the shells of the surveyed map.
    fraction : ndarray, shape (shells,)
        The fraction there, 0 to 1.
    """

    frequency_per_angstrom: Matrix
    fraction: Matrix

    @property
    def curve(self) -> ShellCorrelation:
        """The Fourier shell correlation of two maps with the same signal and independent noise, as strong as this."""
        return ShellCorrelation(self.frequency_per_angstrom, self.fraction)

    def at(self, frequency_per_angstrom: Matrix) -> Matrix:
        """Return the fraction at other frequencies."""
        return np.interp(frequency_per_angstrom, self.frequency_per_angstrom, self.fraction)


def signal_fraction(
    surveyed: Surveyed, box: Grid, halves: tuple[DensityMap, DensityMap] | None = None
) -> SignalFraction:
    """Estimate the fraction of the power in the ball of the molecule that is signal.

    Parameters
    ----------
    surveyed : Surveyed
        The map.
    box : Grid
        Grid of the map as given. Outside it there is no noise.
    halves : tuple of two DensityMap, optional
        Half maps of the map.
    """
    grid = surveyed.density.grid
    side, voxel = grid.shape[0], surveyed.voxel_angstrom
    inside = float(np.square(surveyed.ball.weight, dtype=np.float64).sum())
    total = shell_power(surveyed.spectrum, side) / inside
    frequency = np.arange(1, len(total) + 1) / (side * voxel)
    if halves is not None:
        ball = surveyed.ball
        values = half_map_noise(*halves, grid, sigma_angstrom=surveyed.sigma_angstrom).ravel()[ball.inside]
        noise = shell_power(ball.spectrum(surveyed.in_unit(values)), side) / inside
    else:
        noise = _outside(surveyed, box)
        noise += _white(total - noise, frequency, surveyed)
    return SignalFraction(frequency, np.clip(1 - noise / np.maximum(total, 1e-300), 0, 1))


def _outside(surveyed: Surveyed, box: Grid) -> Matrix:
    """Return the power outside the molecule, by shell and voxel; zero if the box ends there."""
    density, ball = surveyed.density, surveyed.ball
    outside = _inside_box(surveyed, box).ravel()
    outside[ball.inside] *= 1 - ball.weight
    voxels = float(outside @ outside)
    if not voxels:
        return np.zeros(density.grid.shape[0] // 2 - 1)
    values = density.data.ravel() * outside
    values -= outside * np.float32(values.sum(dtype=np.float64) / outside.sum(dtype=np.float64))
    side = density.grid.shape[0]
    return shell_power(fft.rfftn(values.reshape(density.grid.shape), workers=1), side) / voxels


def _white(left: Matrix, frequency: Matrix, surveyed: Surveyed) -> Matrix:
    """Return the power of the strongest white noise, smoothed as the map is, that no fine shell contradicts."""
    response = np.exp(-np.square(2 * np.pi * surveyed.sigma_angstrom * frequency)) * frequency**2
    nyquist = 1 / (2 * surveyed.voxel_angstrom)
    fine = (frequency > FINEST[0] * nyquist) & (frequency < FINEST[1] * nyquist)
    if not fine.any():
        return np.zeros(len(left))
    return max(float((left[fine] / response[fine]).min()), 0.0) * response


def _inside_box(surveyed: Surveyed, box: Grid) -> Volume:
    """Return 1 at the voxels that are in the box of the map, away from its faces, where smoothing loses noise."""
    margin = FACES * surveyed.sigma_angstrom
    origin, size = np.array(box.origin_angstrom), box.size_angstrom
    kept = []
    for axis in range(3):
        along, low = surveyed.density.grid.axis_angstrom(axis), origin[2 - axis]
        kept.append((along > low + margin) & (along < low + size[2 - axis] - margin))
    z, y, x = kept
    return np.asarray(z[:, None, None] & y[:, None] & x, dtype=np.float32)
