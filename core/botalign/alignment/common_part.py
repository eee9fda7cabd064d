"""The part in which two aligned maps agree."""

from __future__ import annotations

import numpy as np

from botalign.alignment.agreement_weights import averaged_weights
from botalign.alignment.masking import mask_on
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.result import Alignment
from botalign.alignment.robust import RobustProblem
from botalign.errors import InputError, Setting
from botalign.geometry import identity
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample

#: Standard deviation in voxels of the Gaussian that averages the weights. Even where two maps differ, their densities
#: cross somewhere, and a single voxel there would count as agreement.
AVERAGED_VOXELS = 1.5


def common_part(
    fixed: DensityMap,
    moving: DensityMap,
    alignment: Alignment,
    *,
    mask_fixed: DensityMap | None = None,
    mask_moving: DensityMap | None = None,
) -> DensityMap:
    """Return the weights of the part in which two aligned maps agree; for results of the loss ``"core"``.

    Parameters
    ----------
    fixed, moving : DensityMap
        The maps that were aligned.
    alignment : Alignment
        The result. It keeps only the names and the grids of the maps.
    mask_fixed, mask_moving : DensityMap, optional
        The masks of the alignment.

    Returns
    -------
    DensityMap
        Weights on the grid of the fixed map: 1 where the maps agree, 0 where they differ and outside the molecule of
        the fixed map or its mask.

    Raises
    ------
    InputError
        If the alignment used a mask that is not given, and as :func:`botalign.align` for maps that it cannot use.

    See Also
    --------
    botalign.align : Its option `loss` explains what counts as agreement.

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(32, voxel_size_angstrom=4.0)
    >>> moving = botalign.phantom(32, voxel_size_angstrom=4.0, hinge_degrees=40)
    >>> result = botalign.align(fixed, moving, loss="core", hand="keep")
    >>> weights = botalign.common_part(fixed, moving, result)
    >>> weights.grid == fixed.grid
    True
    """
    for role, reference, mask in (("fixed", alignment.fixed, mask_fixed), ("moving", alignment.moving, mask_moving)):
        if reference.mask is not None and mask is None:
            raise InputError(
                Setting(f"mask_{role}"), f": the alignment used the mask {reference.mask}; give the same mask here."
            )
    options = AlignmentOptions(
        loss="core", contour_level_fixed=alignment.fixed.contour_level,
        contour_level_moving=alignment.moving.contour_level, mask_fixed=mask_fixed, mask_moving=mask_moving,
    )  # fmt: skip
    problem = AlignmentProblem.of(fixed, moving, options)
    transform = alignment.moving_to_fixed
    fit = problem.fit(problem.finest_useful_voxel(transform))
    assert isinstance(fit, RobustProblem)
    points = tuple(fit.points.T[::-1])
    inside = np.zeros(fit.fixed_grid.shape, dtype=np.float32)
    inside[points] = averaged_weights(fit, transform, AVERAGED_VOXELS)[points]
    weights = resample(DensityMap(inside, fit.fixed_grid, "common part"), identity(), fixed.grid)
    values = np.clip(weights.data, 0, 1)
    if mask_fixed is not None:  # the fit compares a few voxels beyond the contour, also where the mask cuts
        values *= mask_on(mask_fixed, fixed.grid)
    return weights.with_data(values)
