"""Two maps compared at a given pose: the scores that are reported, and which hand is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.alignment.exports import resolution
from botalign.alignment.fitting import FitProblem, is_no_more_than_error
from botalign.alignment.preparation import Surveyed, common_sigma_angstrom, survey
from botalign.errors import InputError
from botalign.geometry import apply_transform, identity, inverse, is_rigid
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import grid_points, spline_at
from botalign.maps.splines import spline_coefficients
from botalign.scores import (
    ShellCorrelation,
    correlate_shells,
    correlation,
    correlation_about_mean,
)
from botalign.transport import WaveletDistance

Matrix = NDArray[np.float64]
Volume = NDArray[np.float32]

#: Voxels a side of the box in which the wavelet earth mover's distance of a result is measured.
WEMD_SIDE = 32


@dataclass(frozen=True)
class Scores:
    """How alike two maps are at one pose.

    Attributes
    ----------
    correlation : float
        Over the voxels of the moving map above its contour level, as Fit in Map of ChimeraX counts, but of the maps as
        they were prepared for the fit: smoothed, less the background.
    correlation_about_mean : float
        The same, of the deviations from the means.
    fsc_resolution_angstrom : float
        Where the Fourier shell correlation falls below 0.5; infinite if it is below from the start.
    wemd_angstrom : float
        Wavelet earth mover's distance of the densities above the contours, each scaled to mass 1. It grows as the
        earth mover's distance does, but is several times as large: eq. 14 fixes it only up to a constant.
    """

    correlation: float
    correlation_about_mean: float
    fsc_resolution_angstrom: float
    wemd_angstrom: float


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Scores of two maps, and the curve that one of them is read off.

    Attributes
    ----------
    scores : Scores
        The scores.
    shells : ShellCorrelation
        The Fourier shell correlation.
    """

    scores: Scores
    shells: ShellCorrelation

    def __repr__(self) -> str:
        """Return one line: the curve is long."""
        scores = self.scores
        return (
            f"<Comparison: correlation {scores.correlation:z.4f}, about the mean {scores.correlation_about_mean:z.4f}, "
            f"FSC 0.5: {resolution(scores.fsc_resolution_angstrom)}, WEMD {scores.wemd_angstrom:.4g} A>"
        )


@dataclass(frozen=True)
class HandDecision:
    """Which hand the moving map has, judged by the fixed one.

    Attributes
    ----------
    decision : str
        ``"as given"``, ``"mirrored"``, or ``"undetermined"`` where the margin is within its error.
    correlation_as_given, correlation_mirrored : float
        Correlations about the mean after the best fit of either hand, at the finest sampling of the fit.
    margin : float
        The first less the second.
    standard_error : float
        Of the margin, by the jackknife over blocks.
    """

    decision: str
    correlation_as_given: float
    correlation_mirrored: float
    margin: float
    standard_error: float


def score(
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    level_first: float | None = None,
    level_second: float | None = None,
) -> Comparison:
    """Compare two maps where they are, or where a motion puts the second.

    Parameters
    ----------
    first, second : DensityMap
        The maps; boxes and voxel sizes may differ. The correlations count the voxels of `second` above its level.
    transform : array_like of shape (3, 4), optional
        A rigid motion in A that is made by `second` before, as ``moving_to_fixed`` of a result; none if not given.
    level_first, level_second : float, optional
        Contour levels; suggested ones if not given.

    Returns
    -------
    Comparison
        Scores and Fourier shell correlation.

    Raises
    ------
    InputError
        As :func:`botalign.align` does for maps it can't use, and if `transform` is no rigid motion.
    """
    placed = rigid_motion(transform)
    a, b = survey(first, level=level_first, role="first"), survey(second, level=level_second, role="second")
    return compare(a, b, placed)


def rigid_motion(transform: ArrayLike | None) -> Matrix:
    """Return a motion that was given as a matrix, shape (3, 4), or the one that moves nothing.

    Raises
    ------
    InputError
        If the matrix is that of no rigid motion.
    """
    placed = identity() if transform is None else np.asarray(transform, dtype=np.float64)
    if not is_rigid(placed):
        raise InputError("transform: expected a 3x4 matrix of a rigid motion in A.")
    return placed


def compare(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> Comparison:
    """Score two surveyed maps, the second moved by `transform`."""
    points = np.ascontiguousarray(np.argwhere(moving.density.data > moving.level)[:, ::-1], dtype=np.int32)
    v = moving.density.data[tuple(points.T[::-1])]
    u = spline_at(fixed.coefficients, fixed.density.grid, inverse(transform), moving.density.grid, points)
    shells = shell_correlation(fixed, moving, transform)
    scores = Scores(
        correlation(u, v), correlation_about_mean(u, v), shells.resolution(0.5), _wemd(fixed, moving, transform)
    )
    return Comparison(scores, shells)


def shell_correlation(
    fixed: Surveyed, moving: Surveyed, transform: Matrix, *, weights: Volume | None = None
) -> ShellCorrelation:
    """Fourier shell correlation inside a soft ball about the fixed map's molecule, on the fixed map's grid.

    With `weights`, one for each voxel in the ball, both maps are multiplied by them.
    """
    grid = fixed.density.grid
    ball = fixed.ball
    coefficients, source = moving.coefficients, moving.density.grid
    coarser = max(fixed.voxel_angstrom, moving.voxel_angstrom)
    if fixed.voxel_angstrom > 1.2 * moving.voxel_angstrom:  # what the fixed map's grid can't hold must go first
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
    held = max(1, np.count_nonzero(curve.frequency_per_angstrom <= 1 / (2 * coarser)))  # by the coarser map as well
    return ShellCorrelation(curve.frequency_per_angstrom[:held], curve.correlation[:held])


def decide_hand(problem: FitProblem, as_given: Matrix, mirrored: Matrix) -> HandDecision:
    """Judge the hand from the best fit of either, at the voxels of `problem`."""
    margin, error = problem.margin(as_given, mirrored)
    decision = "as given" if margin > 0 else "mirrored"
    if is_no_more_than_error(abs(margin), error):
        decision = "undetermined"
    return HandDecision(decision, problem.correlation(as_given), problem.correlation(mirrored), margin, error)


def common_masses(
    fixed: Surveyed, moving: Surveyed, transform: Matrix, *, size: int = WEMD_SIDE
) -> tuple[Grid, Volume, Volume]:
    """Sample the densities above the contours, each of mass 1, in a box of `size` voxels that holds both molecules."""
    centres = np.array([fixed.centre_angstrom, apply_transform(transform, moving.centre_angstrom)])
    radii = np.array([fixed.radius_angstrom, moving.radius_angstrom])
    low, high = (centres - radii[:, None]).min(axis=0), (centres + radii[:, None]).max(axis=0)
    voxel = float((high - low).max()) / (size - 4)
    grid = Grid.cube(size, voxel, (low + high) / 2)
    sigma = common_sigma_angstrom(fixed, moving, voxel)
    masses = []
    for surveyed, pose in ((fixed, identity()), (moving, transform)):
        # Smoothed in its own pose first, since smoothing samples along the axes only.
        local = Grid.cube(int(np.ceil(2 * surveyed.radius_angstrom / voxel)) + 8, voxel, surveyed.centre_angstrom)
        smooth = surveyed.on(local, sigma_angstrom=sigma, clipped=True)
        values = spline_at(spline_coefficients(smooth), local, pose, grid, grid_points(grid.shape)).reshape(grid.shape)
        masses.append(values / np.float32(values.sum(dtype=np.float64)))
    return grid, masses[0], masses[1]


def _wemd(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Wavelet earth mover's distance of the densities above the contours."""
    grid, first, second = common_masses(fixed, moving, transform)
    return WaveletDistance(grid.shape, voxel_size=grid.voxel_size_angstrom[0])(first, second)
