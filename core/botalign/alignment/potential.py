"""Where transport is needed: which parts of a map lack mass, and which have too much, to be the other map."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from botalign.alignment.masses import WEMD_SIDE, common_masses
from botalign.alignment.survey import survey
from botalign.geometry import checked_transform
from botalign.maps.density_map import DensityMap
from botalign.options import whole_number
from botalign.transport import dual_potential


def potential(
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    contour_level_first: float | None = None,
    contour_level_second: float | None = None,
    size: int = WEMD_SIDE,
) -> DensityMap:
    r"""Map where mass would have to go to make one map the other, where they are or where a motion puts the second.

    The dual potential of the wavelet earth mover's distance between the densities above the contours, each of mass 1
    (Singer and Yang 2024, Section 6). Mass of the second goes up it: it is positive where the second lacks what the
    first has, negative where it has what the first lacks, and steep in between. It tells where, not how much: between
    maps that are the same but for noise it is as high, and only the distance is small.

    Parameters
    ----------
    first, second : DensityMap
        The maps; boxes and voxel sizes may differ.
    transform : array_like of shape (3, 4), optional
        A rigid motion in A that is made by `second` before, as ``moving_to_fixed`` of a result; none if not given.
    contour_level_first, contour_level_second : float, optional
        Contour levels; suggested ones if not given.
    size : int, optional
        Voxels a side. With the default one its sum over the voxels, weighted by the difference of the two masses, is
        ``wemd_angstrom`` of :func:`botalign.score`.

    Returns
    -------
    DensityMap
        The potential in A, in a cube about both molecules, in the coordinates of `first`. Its mean over the mass of
        both is zero. Like the distance, it is several times as large as that of the true earth mover's distance.

    Raises
    ------
    InputError
        As :func:`botalign.score` does, and if `size` is below 8 or above 256.
    """
    placed = checked_transform(transform)
    side = whole_number("size", size, 8, 256)
    a, b = (
        survey(first, level=contour_level_first, role="first"),
        survey(second, level=contour_level_second, role="second"),
    )
    grid, u, v = common_masses(a, b, placed, size=side)
    values = dual_potential(u, v, voxel_size=grid.voxel_size_angstrom[0])
    values -= 0.5 * np.einsum("kji,kji->", values, u.astype(np.float64) + v)
    return DensityMap(values.astype(np.float32), grid, f"potential of {second.name} on {first.name}")
