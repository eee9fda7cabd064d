"""The Fourier shell correlations of two maps, or of a map and a model, after their alignment."""

from __future__ import annotations

from botalign.alignment.inputs import maps_of
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.result import Alignment
from botalign.alignment.scoring import score
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.scores import ShellCurves, model_fit


def aligned_curves(
    alignment: Alignment,
    fixed: DensityMap | Model,
    moving: DensityMap | Model,
    options: AlignmentOptions | None = None,
) -> ShellCurves:
    """Return the Fourier shell correlations after an alignment, at the full sampling of the maps.

    Parameters
    ----------
    alignment : Alignment
        The result.
    fixed, moving : DensityMap or Model
        What was aligned.
    options : AlignmentOptions, optional
        The options of the alignment. Its masks, contour levels and resolution are used.

    Returns
    -------
    ShellCurves
        The curves that :func:`botalign.score` returns for two maps, and :func:`botalign.model_fit` for a map and a
        model.

    See Also
    --------
    score : Compares two maps at any pose.

    Examples
    --------
    >>> import botalign
    >>> first, second = (botalign.phantom(24, voxel_size_angstrom=5.0, noise=0.1, noise_seed=n) for n in (1, 2))
    >>> result = botalign.align(first, second, hand="keep")
    >>> curves = botalign.aligned_curves(result, first, second)
    >>> print(f"{curves.masked.resolution(0.143):.0f} A")
    20 A
    """
    options = options or AlignmentOptions()
    width = options.resolution
    if width is not None and not (alignment.mirrored or alignment.is_scaled):  # a model is never changed so
        if isinstance(moving, Model) and isinstance(fixed, DensityMap):
            return model_fit(fixed, alignment.apply(moving), width).curves
        if isinstance(fixed, Model) and isinstance(moving, DensityMap):
            return model_fit(moving, alignment.apply(fixed, inverse=True), width).curves
    first, second = maps_of(fixed, moving, options)
    return score(
        first, second, transform=alignment.moving_to_fixed, contour_level_first=options.contour_level_fixed,
        contour_level_second=options.contour_level_moving, mask_first=options.mask_fixed,
        mask_second=options.mask_moving, partial=alignment.part is not None,
    ).curves  # fmt: skip
