"""Scores of two maps at a given pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from botalign.alignment.masking import masked
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
    """Scores of two maps at a pose.

    Attributes
    ----------
    correlation : float
        Correlation over the voxels of the moving map above its contour level. ChimeraX's Fit in Map uses the same
        formula; here the maps are smoothed and their background is subtracted.
    correlation_about_mean : float
        The same, for the deviations from the means.
    fsc_resolution_angstrom : float
        Resolution at which the Fourier shell correlation falls below 0.5; infinite if the first shell is below.
    wemd_angstrom : float
        Wavelet earth mover's distance between the densities above the contour levels, each scaled to mass 1, as a
        length: a copy of a map that is shifted by this length has the same distance from it.
    """

    correlation: float
    correlation_about_mean: float
    fsc_resolution_angstrom: float
    wemd_angstrom: float


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Scores of two maps, and their Fourier shell correlation.

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
        """Return one line, without the curve."""
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
    mask_first: DensityMap | None = None,
    mask_second: DensityMap | None = None,
) -> Comparison:
    """Compare two maps without alignment, or after a transform of the second.

    Parameters
    ----------
    first, second : DensityMap
        The maps. Boxes and voxel sizes may differ. The correlations are over the voxels of `second` above its contour
        level.
    transform : array_like of shape (3, 4), optional
        Rigid transform of `second` in angstrom, as ``moving_to_fixed`` of a result; by default the identity.
    contour_level_first, contour_level_second : float, optional
        Contour levels; by default they are estimated from the maps.
    mask_first, mask_second : DensityMap, optional
        Masks from 1 inside to 0 outside. Only what is inside is compared, as by an alignment with these masks.

    Returns
    -------
    Comparison
        Scores, and the Fourier shell correlation.

    Raises
    ------
    InputError
        As :func:`botalign.align` for maps that it cannot use, and if `transform` is not rigid.

    See Also
    --------
    difference : Subtract one map from the other.
    potential : Show where they differ.

    Examples
    --------
    >>> import botalign
    >>> first = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> second = botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=30)
    >>> botalign.score(first, first).scores.correlation > botalign.score(first, second).scores.correlation
    True
    """
    pose = checked_transform(transform)
    a, b = (
        survey(masked(first, mask_first), level=contour_level_first, role="first"),
        survey(masked(second, mask_second), level=contour_level_second, role="second"),
    )
    return compare(a.normalised(), b.normalised(), pose)


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
