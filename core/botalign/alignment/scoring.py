"""Scores of two maps at a given pose."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from botalign.alignment.map_curves import map_curves, mask_text
from botalign.alignment.masking import masked
from botalign.alignment.masses import wemd_at
from botalign.alignment.records import Part, is_clearly_part
from botalign.alignment.shell_curve import common_shells, shell_correlation, shell_correlation_inside
from botalign.alignment.survey import Surveyed, survey
from botalign.alignment.wording import resolution_text
from botalign.arrays import Matrix
from botalign.geometry import checked_transform, inverse
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import spline_at
from botalign.scores import ShellCorrelation, ShellCurves, correlation, correlation_about_mean

#: What the two maps of a comparison are called.
ROLES = ("first", "second")


@dataclass(frozen=True)
class Scores:
    """Scores of two maps at a pose.

    Attributes
    ----------
    correlation : float
        Correlation over the voxels of the moving map above its contour level, or of the part if one map is a part of
        the other. ChimeraX's Fit in Map uses the same formula; here the maps are smoothed and their background is
        subtracted.
    correlation_about_mean : float
        The same, for the deviations from the means.
    fsc_resolution_angstrom : float
        Resolution at which the Fourier shell correlation, inside the part if there is one, falls below 0.5; infinite
        if the first shell is below.
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
    """Scores of two maps, and their Fourier shell correlations.

    Attributes
    ----------
    scores : Scores
        The scores.
    curves : ShellCurves
        The Fourier shell correlations, with and without a mask.
    part : Part or None
        Which map was compared as a part of the other, ``"first"`` or ``"second"``; None if whole maps were compared.
    """

    scores: Scores
    curves: ShellCurves
    part: Part | None = None

    @property
    def shells(self) -> ShellCorrelation:
        """The Fourier shell correlation inside the mask."""
        return self.curves.masked

    def __repr__(self) -> str:
        """Return one line, without the curve."""
        scores = self.scores
        return (
            f"<Comparison: correlation {scores.correlation:z.4f}, about the mean {scores.correlation_about_mean:z.4f}, "
            f"FSC 0.5: {resolution_text(scores.fsc_resolution_angstrom)}, WEMD {scores.wemd_angstrom:.4g} A>"
        )


@dataclass(frozen=True, eq=False)
class FittedComparison:
    """Scores and Fourier shell correlation of two maps as an alignment samples them."""

    scores: Scores
    shells: ShellCorrelation


def score(
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    contour_level_first: float | None = None,
    contour_level_second: float | None = None,
    mask_first: DensityMap | None = None,
    mask_second: DensityMap | None = None,
    partial: bool | None = None,
    full_sampling: bool = True,
) -> Comparison:
    """Compare two maps without alignment, or after a transform of the second.

    Parameters
    ----------
    first, second : DensityMap
        The maps. Boxes and voxel sizes may differ. The correlations are over the voxels of `second` above its contour
        level, or of the part if one map shows a part of the other.
    transform : array_like of shape (3, 4), optional
        Rigid or similarity transform of `second` in angstrom, as ``moving_to_fixed`` of a result; by default the
        identity.
    contour_level_first, contour_level_second : float, optional
        Contour levels; by default they are estimated from the maps.
    mask_first, mask_second : DensityMap, optional
        Masks from 1 inside to 0 outside. Only what is inside is compared, as by an alignment with these masks. For the
        Fourier shell correlation, a map without a mask is given that of the other map.
    partial : bool, optional
        Whether one map shows a part of the other. By default, it does if there are no masks and the volume of its
        molecule is less than half that of the other (30% if noise makes the volumes uncertain).
    full_sampling : bool, optional
        Whether to use all voxels for the Fourier shell correlation. If not, it is that of an alignment, in which large
        molecules have larger voxels, and there is no curve without a mask; this is faster.

    Returns
    -------
    Comparison
        Scores, and the Fourier shell correlations.

    Raises
    ------
    InputError
        As :func:`botalign.align` for maps that it cannot use, and if `transform` is not a similarity transform.

    See Also
    --------
    difference : Subtract one map from the other.
    potential : Show where they differ.

    Notes
    -----
    The Fourier shell correlation is computed on the grid of `first`, up to the Nyquist frequency of the coarser map.
    Its mask is the given one; for a part its contour, softened; otherwise a soft sphere about the molecule of `first`.
    A tight mask raises the curve, because it is the same for both maps: the phases are not randomised to correct it.

    Examples
    --------
    >>> import botalign
    >>> first = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> second = botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=30)
    >>> botalign.score(first, first).scores.correlation > botalign.score(first, second).scores.correlation
    True
    """
    pose = checked_transform(transform)
    masks = (mask_first, mask_second)
    a, b = (
        survey(masked(first, mask_first), level=contour_level_first, role="first"),
        survey(masked(second, mask_second), level=contour_level_second, role="second"),
    )
    a, b = a.normalised(), b.normalised()
    part = _part((a, b), masks, partial)
    index = None if part is None else ROLES.index(part.role)
    if not full_sampling:
        fitted = compare(a, b, pose, part=index)
        curves = ShellCurves(fitted.shells, None, mask_text((first, second), masks, index))
        return Comparison(fitted.scores, curves, part)
    curves = map_curves((first, second), (a, b), pose, masks=masks, part=index)
    return Comparison(_scores(a, b, pose, curves.masked, index), curves, part)


def _part(
    surveyed: tuple[Surveyed, Surveyed],
    masks: tuple[DensityMap | None, DensityMap | None],
    partial: bool | None,
) -> Part | None:
    """Return which map is a part of the other: the only one with a mask, otherwise the smaller molecule."""
    if partial is False:
        return None
    index, reason = int(surveyed[1].volume_angstrom3 <= surveyed[0].volume_angstrom3), "requested"
    if (masks[0] is None) != (masks[1] is None):
        index, reason = int(masks[0] is None), "mask"
    elif partial is None:
        reason = "noticed"
    found = Part.of(ROLES[index], surveyed[index], surveyed[1 - index], reason)
    if reason == "noticed" and (masks != (None, None) or not is_clearly_part(*surveyed)):
        return None
    return found


def compare(fixed: Surveyed, moving: Surveyed, transform: Matrix, *, part: int | None = None) -> FittedComparison:
    """Compare two surveyed maps, the second moved; inside the part if the first (0) or the second (1) is one."""
    if part is None:
        shells = shell_correlation(fixed, moving, transform)
    else:
        inside, other, into = ((fixed, moving, transform), (moving, fixed, inverse(transform)))[part]
        coarser = max(fixed.voxel_angstrom, moving.voxel_angstrom)
        shells = common_shells(shell_correlation_inside(inside, other, into), coarser)
    return FittedComparison(_scores(fixed, moving, transform, shells, part), shells)


def _scores(fixed: Surveyed, moving: Surveyed, transform: Matrix, shells: ShellCorrelation, part: int | None) -> Scores:
    """Score two surveyed maps; the correlations are over the voxels of the moving map, or of the part."""
    over, other, pose = (fixed, moving, transform) if part == 0 else (moving, fixed, inverse(transform))
    points, v = over.molecule
    u = spline_at(other.coefficients, other.density.grid, pose, over.density.grid, points)
    return Scores(
        correlation(u, v), correlation_about_mean(u, v), shells.resolution(0.5), wemd_at(fixed, moving, transform)
    )
