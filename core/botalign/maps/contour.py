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

    The background is the most frequent density. Its noise lies on either side of it, the molecule above it: so the
    squared density above it, less that of the noise, is the molecule's. The level encloses 98% of that, and is at
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
    values = _sample(density_map.data)
    background = _most_frequent(values)
    above = np.sort(values[values > background] - np.float32(background))[::-1]
    below = np.float32(background) - values[values < background]
    if not len(above):
        return float(values.max())
    # The median of the deficits is 0.674 standard deviations of a normal background, and no few deep holes move it.
    spread = float(np.median(below)) / 0.674 if len(below) else 0.0
    energy = np.cumsum(above.astype(np.float64) ** 2)
    molecule = energy[-1] - len(below) * spread**2
    excess = above[np.searchsorted(energy, ENCLOSED * molecule)] if molecule > 0 else 0.0
    # Whatever the histogram looks like, a handful of voxels stays above.
    fewest = min(500, max(1, len(values) // 50))
    return float(min(background + max(excess, CLEARANCE * spread), np.partition(values, -fewest - 1)[-fewest - 1]))


def _sample(data: NDArray[np.float32], most: int = 2**20) -> NDArray[np.float32]:
    """Return at most about a million densities, evenly spread: enough for a histogram of any map."""
    stride = max(1, int(np.ceil((data.size / most) ** (1 / 3))))
    return data[::stride, ::stride, ::stride].ravel()


def _most_frequent(values: NDArray[np.float32]) -> float:
    """Most frequent density: that of a mask or an empty margin, to the last bit, or the peak of the histogram."""
    if np.count_nonzero(values == values[0]) > 0.05 * len(values):  # a corner of the box lies in the margin
        return float(values[0])
    few = values[:: max(1, len(values) // 2**17)]
    low, high = np.percentile(few, [0.5, 99.5])
    if high <= low:
        return float(np.median(few))
    histogram, edges = np.histogram(values, bins=400, range=(low, high))
    peak = int(np.convolve(histogram, np.ones(5), mode="same").argmax())
    return float((edges[peak] + edges[peak + 1]) / 2)
