"""The contour level of a map: the density above which voxels belong to the molecule."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.maps.density_map import DensityMap

#: Fraction of the molecule's squared density that the suggested contour encloses.
ENCLOSED = 0.98
#: Least distance of the suggested contour level from the background, in standard deviations of the noise.
CLEARANCE = 3.0
#: The contour level is mostly at more than this fraction of the largest density.
HIGH = 0.05


def contour_level(density_map: DensityMap) -> float:
    """Suggest a contour level for a map.

    The background is the median density on the faces of the box. Noise is on both sides of the background, the
    molecule above it, so the squared density above the background minus that of the noise belongs to the molecule. The
    level encloses 98% of it, and is at least three standard deviations of the noise above the background.

    Parameters
    ----------
    density_map : DensityMap
        The map.

    Returns
    -------
    float
        Contour level, below the maximum of the map unless the map is constant.

    See Also
    --------
    align : Uses the suggested level where none is given.

    Notes
    -----
    The level does not depend on the size of the empty margin, on the mean of the map, or on a mask. It fails where the
    molecule reaches the faces of the box, and it separates the molecule from the solvent, not from a micelle or from
    other ordered density. Choose a contour level for such maps.

    Examples
    --------
    >>> import botalign
    >>> density_map = botalign.phantom(32, voxel_size_angstrom=4.0)
    >>> level = botalign.contour_level(density_map)
    >>> bool(0 < level < density_map.data.max())
    True
    """
    return level_above(density_map.data, background_level(density_map.data))


def background_level(data: NDArray[Any]) -> float:
    """Return the median density on the faces of the box, which the molecule does not reach."""
    faces = [data[0], data[-1], data[:, 0], data[:, -1], data[:, :, 0], data[:, :, -1]]
    return float(np.median(np.concatenate([face.ravel() for face in faces])))


def noise_deviation(data: NDArray[Any], background: float = 0.0) -> float:
    """Return the standard deviation of the noise of a map, given how far densities are below its background."""
    values = _sample(data)
    below = np.float32(background) - values[values < background]
    if not len(below):
        return 0.0
    # The median deficit of normal noise is 0.674 standard deviations, and a few deep holes do not change it.
    return float(np.median(below)) / 0.674


def level_above(data: NDArray[Any], background: float, noise: float | None = None) -> float:
    """Return the contour level of densities whose background is known, and maybe the standard deviation of their noise.

    See :func:`contour_level`.
    """
    values = _sample(data)
    above = values[values > background] - np.float32(background)
    if not len(above):
        return float(values.max())
    spread = noise_deviation(data, background) if noise is None else noise
    clearance, highest = CLEARANCE * spread, float(above.max())
    below = int(np.count_nonzero(values < background))
    molecule = float(np.square(above, dtype=np.float64).sum()) - below * spread**2
    # Some voxels stay above the level however strong the noise is, and so does the upper value of a binary mask.
    fewest = min(500, len(values) // 50, len(above) - 1)
    for least in (max(clearance, HIGH * highest), clearance, 0.0):  # mostly, only the highest densities must be sorted
        high = np.sort(above[above > least])[::-1]
        energy = np.cumsum(high.astype(np.float64) ** 2)
        if len(high) > fewest and (least <= clearance or energy[-1] > ENCLOSED * molecule):
            break
    index = int(np.searchsorted(energy, ENCLOSED * molecule)) if molecule > 0 else len(high)
    excess = float(high[index]) if index < len(high) else 0.0
    excess = min(max(excess, clearance), float(high[fewest]))
    return background + (excess if excess < highest else highest / 2)


def contrast(data: NDArray[np.float32], noise: float) -> float:
    """Return the maximum of a map with background zero, in standard deviations of its noise."""
    return float(data.max()) / noise if noise > 0 else float("inf")


def _sample(data: NDArray[Any], most: int = 2**20) -> NDArray[np.float32]:
    """Return about a million evenly spaced densities at most, which is enough for the statistics of any map."""
    stride = max(1, int(np.ceil((data.size / most) ** (1 / 3))))
    return data[::stride, ::stride, ::stride].astype(np.float32, copy=False).ravel()
