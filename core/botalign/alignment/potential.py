"""The dual potential of two maps: where one has more mass than the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from botalign.alignment.masses import WEMD_SIDE, common_masses, wemd_per_voxel
from botalign.alignment.survey import survey
from botalign.geometry import checked_transform
from botalign.maps.density_map import DensityMap
from botalign.options import whole_number
from botalign.transport import WaveletDistance, dual_potential


def potential(
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    contour_level_first: float | None = None,
    contour_level_second: float | None = None,
    size: int = WEMD_SIDE,
) -> DensityMap:
    r"""Compute the dual potential of two maps: where mass must move to turn one into the other.

    This is the dual potential of the wavelet earth mover's distance between the densities above the contour levels,
    each of mass 1 [1]_. It is positive where the second map lacks mass that the first has, negative where it has mass
    that the first lacks, and steep in between.

    Parameters
    ----------
    first, second : DensityMap
        The maps. Boxes and voxel sizes may differ.
    transform : array_like of shape (3, 4), optional
        Rigid or similarity transform of `second` in angstrom, as ``moving_to_fixed`` of a result; by default the
        identity.
    contour_level_first, contour_level_second : float, optional
        Contour levels; by default they are estimated from the maps.
    size : int, optional
        Side of the box in voxels. With the default, the sum of the potential over the voxels, weighted by the
        difference of the two masses, is ``wemd_angstrom`` of :func:`botalign.score`.

    Returns
    -------
    DensityMap
        Potential in angstrom, in a cube around both molecules, in the coordinates of `first`. Its mean over the mass of
        both is zero.

    Raises
    ------
    InputError
        As :func:`botalign.score`, and if `size` is below 8 or above 256.

    Notes
    -----
    The potential shows where the maps differ, not by how much: it is just as large for two noisy copies, and only their
    distance is small.

    References
    ----------
    .. [1] A. Singer and R. Yang, "Alignment of density maps in Wasserstein distance", Biological Imaging 4 (2024), e5,
       Section 6.

    Examples
    --------
    >>> import botalign
    >>> first = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> second = botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=30)
    >>> botalign.potential(first, second, size=24).data.shape
    (24, 24, 24)
    """
    pose = checked_transform(transform)
    side = whole_number("size", size, 8, 256)
    a, b = (
        survey(first, level=contour_level_first, role="first"),
        survey(second, level=contour_level_second, role="second"),
    )
    grid, u, v = common_masses(a, b, pose, size=side)
    # The unit of wemd_at: a copy shifted by a length has that distance.
    unit = wemd_per_voxel(WaveletDistance(grid.shape), u, v)
    values = dual_potential(u, v, voxel_size=grid.voxel_size_angstrom[0] / unit)
    values -= 0.5 * np.einsum("kji,kji->", values, u.astype(np.float64) + v)
    return DensityMap(values.astype(np.float32), grid, f"potential of {second.name} on {first.name}")
