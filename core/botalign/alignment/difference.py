"""The difference of two maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, counted
from botalign.geometry import checked_transform, compose, inverse
from botalign.maps.contour import contour_level
from botalign.maps.density_map import DensityMap, expect_map
from botalign.maps.grid import Grid
from botalign.maps.resampling import resample
from botalign.scores import correlation_about_mean

#: Fewer voxels than this do not determine a scale.
_LEAST_VOXELS = 8


def difference(
    first: DensityMap, second: DensityMap, *, transform: ArrayLike | None = None, threads: int | None = None
) -> DensityMap:
    r"""Subtract a second map from a first, after bringing the second to the pose and scale of the first.

    With the first map :math:`u` and the second map :math:`v`, sampled at the voxels of the first, this is
    :math:`u - (a v + b)`. The numbers :math:`a` and :math:`b` minimise the sum of squares over the voxels above either
    contour level.

    Parameters
    ----------
    first, second : DensityMap
        The maps. Boxes and voxel sizes may differ.
    transform : array_like, shape (3, 4), optional
        Rigid or similarity transform of `second`, as ``moving_to_fixed`` of a result; by default the identity.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on it.

    Returns
    -------
    DensityMap
        Difference on the grid of `first`; zero where `second` has no voxels.

    Raises
    ------
    InputError
        If the maps do not overlap or do not resemble each other, or `transform` is not a similarity
        transform.

    Notes
    -----
    The maps are not filtered. If they differ in resolution, the difference contains the detail that only one of them
    has.

    Examples
    --------
    >>> import botalign
    >>> first = botalign.phantom(24, voxel_size_angstrom=5.0)
    >>> second = botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=30)
    >>> botalign.difference(first, second).name
    'phantom 0 - phantom 0'
    """
    expect_map(first, "first")
    expect_map(second, "second")
    pose = checked_transform(transform)
    u, v = first.data, resample(second, pose, first.grid, threads=threads).data
    common = _inside(first.grid, second.grid, pose)
    inside = common & ((u > contour_level(first)) | (v > contour_level(second)))
    names = f"difference of {first.name} and {second.name}"
    found = int(np.count_nonzero(inside))
    if found < _LEAST_VOXELS:
        raise InputError(
            f"{names}: {counted(found, 'voxel is', 'voxels are')} above a contour level and in both boxes, expected "
            f"{_LEAST_VOXELS} or more; align the maps first."
        )
    x, y = v[inside].astype(np.float64), u[inside].astype(np.float64)
    deviation = x - x.mean()
    spread = float(deviation @ deviation)
    a = float(deviation @ y) / spread if spread > 0 else 0.0
    if a <= 0:
        raise InputError(
            f"{names}: their correlation about the mean is {correlation_about_mean(x, y):.3f} in this pose, expected "
            "more than 0; align the maps first."
        )
    b = float(y.mean() - a * x.mean())
    result = np.where(common, u - (np.float32(a) * v + np.float32(b)), np.float32(0))
    return DensityMap(result, first.grid, name=f"{first.name} - {second.name}")


def _inside(grid: Grid, box: Grid, transform: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which voxels of a grid are inside a box after a transform of the box."""
    m = compose(inverse(box.index_to_physical), compose(inverse(transform), grid.index_to_physical))
    z, y, x = np.ogrid[tuple(slice(side) for side in grid.shape)]
    within = np.ones(grid.shape, dtype=np.bool_)
    for row, last in zip(m, np.array(box.shape[::-1]) - 1, strict=True):
        index = row[0] * x + row[1] * y + (row[2] * z + row[3])
        within &= (index >= -1e-6) & (index <= last + 1e-6)
    return within
