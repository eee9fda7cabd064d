"""The Fourier shell correlation of two surveyed maps at a pose."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume, dilated
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_at
from botalign.maps.splines import spline_coefficients
from botalign.scores import ShellCorrelation, correlate_shells

#: Standard deviation in voxels by which the contour of a part is softened.
SOFTENED = 2.0

#: The second map is smoothed if the voxels of the first one are larger by this factor.
COARSER = 1.2


def shell_correlation(
    fixed: Surveyed, moving: Surveyed, transform: Matrix, *, weights: Volume | None = None
) -> ShellCorrelation:
    """Return the Fourier shell correlation inside a soft ball around the molecule, on the grid of the fixed map.

    If `weights` are given, one for each voxel in the ball, both maps are multiplied by them.
    """
    grid = fixed.density.grid
    ball = fixed.ball
    coefficients, source = moving.coefficients, moving.density.grid
    coarser = max(fixed.voxel_angstrom, moving.voxel_angstrom)
    if fixed.voxel_angstrom > COARSER * moving.voxel_angstrom:  # its grid cannot hold all of the detail
        side = int(np.ceil(source.size_angstrom[0] / fixed.voxel_angstrom))
        source = Grid.cube(side, fixed.voxel_angstrom, moving.centre_angstrom)
        sigma = common_sigma_angstrom(fixed, moving, fixed.voxel_angstrom)
        coefficients = spline_coefficients(moving.on(source, sigma_angstrom=sigma))
    values, still = spline_at(coefficients, source, transform, grid, ball.points), fixed.spectrum
    if weights is not None:
        values *= weights
        still = ball.spectrum(fixed.density.data.ravel()[ball.inside] * weights)
    moved = ball.spectrum(values)
    curve = correlate_shells(still, moved, grid.shape[0], voxel_size_angstrom=fixed.voxel_angstrom)
    return common_shells(curve, coarser)


def common_shells(curve: ShellCorrelation, coarser_angstrom: float) -> ShellCorrelation:
    """Return the shells that both maps can hold, given the larger of their two voxel sizes."""
    held = max(1, np.count_nonzero(curve.frequency_per_angstrom <= 1 / (2 * coarser_angstrom)))
    return ShellCorrelation(curve.frequency_per_angstrom[:held], curve.correlation[:held])


def shell_correlation_inside(part: Surveyed, whole: Surveyed, transform: Matrix) -> ShellCorrelation:
    """Return the Fourier shell correlation inside the softened contour of a part, the whole moved by `transform`."""
    ball, density = part.ball, part.density
    mask = soft_contour(part).ravel()[ball.inside]
    # Detail that the voxels of the other map cannot hold is not common detail: both maps are smoothed alike.
    sigma = common_sigma_angstrom(part, whole, part.voxel_angstrom)
    grid = Grid.cube(
        int(np.ceil(2 * whole.radius_angstrom / part.voxel_angstrom)) + 8, part.voxel_angstrom, whole.centre_angstrom
    )
    coefficients = spline_coefficients(whole.on(grid, sigma_angstrom=sigma))
    u = part.on(density.grid, sigma_angstrom=sigma).ravel()[ball.inside]
    v = spline_at(coefficients, grid, transform, density.grid, ball.points)
    # About their means: otherwise the mask itself, the same for both, would correlate.
    first, second = (ball.spectrum((w - np.float32(mask @ w / mask.sum())) * mask) for w in (u, v))
    return correlate_shells(first, second, density.grid.shape[0], voxel_size_angstrom=part.voxel_angstrom)


def soft_contour(part: Surveyed) -> Volume:
    """Return the softened contour of a part on the grid of its densities: 1 inside, 0 outside."""
    contour = dilated(part.density.data > part.level, 1).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(contour, SOFTENED))
