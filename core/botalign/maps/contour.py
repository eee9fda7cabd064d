"""A contour level for a map: where the molecule ends and the background begins."""

import numpy as np
from numpy.typing import NDArray

from botalign.maps.density_map import DensityMap

#: Share of the molecule's squared density that the suggested contour encloses.
ENCLOSED = 0.98
#: How many standard deviations of the background the contour keeps away from it.
CLEARANCE = 3.0


def contour_level(density_map: DensityMap) -> float:
    """Suggest a contour level.

    The background is what lies on the faces of the box. Its noise lies on either side of it, the molecule above it: so
    the squared density above it, less that of the noise, is the molecule's. The level encloses 98% of that, and is at
    least three standard deviations of the noise above the background. It depends neither on how large the empty box
    is, nor on the mean of the map, which may be 0, nor on a mask.

    Parameters
    ----------
    density_map : DensityMap
        The map.

    Returns
    -------
    float
        A level, below the map's maximum unless the map is constant.
    """
    return level_above(density_map.data, background_level(density_map.data))


def background_level(data: NDArray[np.float32]) -> float:
    """Return the median density on the faces of the box, where the molecule isn't."""
    faces = [data[0], data[-1], data[:, 0], data[:, -1], data[:, :, 0], data[:, :, -1]]
    return float(np.median(np.concatenate([face.ravel() for face in faces])))


def level_above(data: NDArray[np.float32], background: float) -> float:
    """Return the contour level of densities whose background is known; see :func:`contour_level`."""
    values = _sample(data)
    above = np.sort(values[values > background] - np.float32(background))[::-1]
    below = np.float32(background) - values[values < background]
    if not len(above):
        return float(values.max())
    # The median of the deficits is 0.674 standard deviations of a normal background, and no few deep holes move it.
    spread = float(np.median(below)) / 0.674 if len(below) else 0.0
    energy = np.cumsum(above.astype(np.float64) ** 2)
    molecule = energy[-1] - len(below) * spread**2
    excess = above[np.searchsorted(energy, ENCLOSED * molecule)] if molecule > 0 else 0.0
    # However much noise there is, a handful of voxels stays above; and of a mask of two values, the upper one.
    fewest = min(500, len(values) // 50, len(above) - 1)
    excess = min(max(excess, CLEARANCE * spread), float(above[fewest]))
    highest = float(above[0])
    return background + (float(excess) if excess < highest else highest / 2)


def contrast(data: NDArray[np.float32]) -> float:
    """Return how many standard deviations of its noise the maximum of a map of background zero is."""
    below = -data[data < 0]
    spread = float(np.median(below)) / 0.674 if len(below) else 0.0
    return float(data.max()) / spread if spread > 0 else float("inf")


def _sample(data: NDArray[np.float32], most: int = 2**20) -> NDArray[np.float32]:
    """Return at most about a million densities, evenly spread: enough for the statistics of any map."""
    stride = max(1, int(np.ceil((data.size / most) ** (1 / 3))))
    return data[::stride, ::stride, ::stride].ravel()
