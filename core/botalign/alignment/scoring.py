"""Scores of two maps at a given pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from botalign.alignment.masses import wemd_at
from botalign.alignment.shell_curve import shell_correlation
from botalign.alignment.survey import Surveyed, survey
from botalign.alignment.wording import resolution_text
from botalign.arrays import Matrix
from botalign.geometry import checked_transform, inverse
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import spline_at
from botalign.scores import ShellCorrelation, correlation, correlation_about_mean


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
            f"FSC 0.5: {resolution_text(scores.fsc_resolution_angstrom)}, WEMD {scores.wemd_angstrom:.4g} A>"
        )


def score(
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    contour_level_first: float | None = None,
    contour_level_second: float | None = None,
) -> Comparison:
    """Compare two maps where they are, or where a motion puts the second.

    Parameters
    ----------
    first, second : DensityMap
        The maps; boxes and voxel sizes may differ. The correlations count the voxels of `second` above its level.
    transform : array_like of shape (3, 4), optional
        A rigid motion in A that is made by `second` before, as ``moving_to_fixed`` of a result; none if not given.
    contour_level_first, contour_level_second : float, optional
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
    placed = checked_transform(transform)
    a, b = (
        survey(first, level=contour_level_first, role="first"),
        survey(second, level=contour_level_second, role="second"),
    )
    return compare(a, b, placed)


def compare(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> Comparison:
    """Score two surveyed maps, the second moved by `transform`."""
    points = np.ascontiguousarray(np.argwhere(moving.density.data > moving.level)[:, ::-1], dtype=np.int32)
    v = moving.density.data[tuple(points.T[::-1])]
    u = spline_at(fixed.coefficients, fixed.density.grid, inverse(transform), moving.density.grid, points)
    shells = shell_correlation(fixed, moving, transform)
    scores = Scores(
        correlation(u, v), correlation_about_mean(u, v), shells.resolution(0.5), wemd_at(fixed, moving, transform)
    )
    return Comparison(scores, shells)
