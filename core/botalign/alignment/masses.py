"""Two maps as masses in one box, and their wavelet earth mover's distance as a length."""

from __future__ import annotations

import numpy as np

from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.geometry import apply_transform, identity
from botalign.maps.grid import Grid
from botalign.maps.resampling import grid_points, spline_at
from botalign.maps.splines import spline_coefficients
from botalign.transport import WaveletDistance

#: Side in voxels of the box in which the wavelet earth mover's distance of a result is measured.
WEMD_SIDE = 32
#: Empty voxels on each side of the molecules in this box.
_MARGIN = 2
#: Shifts in voxels by which the unit of the distance is measured: along the axes and the diagonals.
_SHIFTS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1))


def common_masses(
    fixed: Surveyed, moving: Surveyed, transform: Matrix, *, size: int = WEMD_SIDE
) -> tuple[Grid, Volume, Volume]:
    """Sample the densities above the contour levels, each of mass 1, in one box that holds both molecules."""
    centres = np.array([fixed.centre_angstrom, apply_transform(transform, moving.centre_angstrom)])
    radii = np.array([fixed.radius_angstrom, moving.radius_angstrom])
    low, high = (centres - radii[:, None]).min(axis=0), (centres + radii[:, None]).max(axis=0)
    voxel = float((high - low).max()) / (size - 2 * _MARGIN)
    grid = Grid.cube(size, voxel, (low + high) / 2)
    sigma = common_sigma_angstrom(fixed, moving, voxel)
    masses = []
    for surveyed, pose in ((fixed, identity()), (moving, transform)):
        # Smoothed before it is moved, since smoothing works along the axes only.
        local = Grid.cube(int(np.ceil(2 * surveyed.radius_angstrom / voxel)) + 8, voxel, surveyed.centre_angstrom)
        smooth = surveyed.on(local, sigma_angstrom=sigma, clipped=True)
        values = spline_at(spline_coefficients(smooth), local, pose, grid, grid_points(grid.shape)).reshape(grid.shape)
        masses.append(values / np.float32(values.sum(dtype=np.float64)))
    return grid, masses[0], masses[1]


def wemd_at(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Return the wavelet earth mover's distance between the densities above the contour levels, as a length."""
    grid, first, second = common_masses(fixed, moving, transform)
    # In voxels, as wemd_per_voxel: the voxel size cancels.
    distance = WaveletDistance(grid.shape)
    return distance(first, second) / wemd_per_voxel(distance, first, second) * grid.voxel_size_angstrom[0]


def wemd_per_voxel(distance: WaveletDistance, first: Volume, second: Volume) -> float:
    """Return the mean distance of the mean of two masses from shifted copies of it, divided by the length of the shift.

    A shift has the earth mover's distance of its length. The wavelet sum is larger by a factor that hardly depends on
    the length. It depends a little on the direction, and on the shape of the mass. The masses must not touch the sides
    of their box.
    """
    mass = (first + second) / np.float32(2)
    ratios = [distance(mass, np.roll(mass, shift, (0, 1, 2))) / np.linalg.norm(shift) for shift in _SHIFTS]
    return float(np.mean(ratios))
