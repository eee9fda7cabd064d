"""The local dimension of a set of points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

#: Largest number of points that are used, number of their neighbourhoods, and fraction of the points in a
#: neighbourhood.
_POINTS, _CENTRES, _NEIGHBOURS = 2000, 200, 0.1
#: The last dimension is negligible if the thickness is below this.
FLAT = 0.2


@dataclass(frozen=True)
class DimensionTrial:
    """Result of a fit in d' dimensions.

    Attributes
    ----------
    dimensions : int
        Number of dimensions d'.
    stress : float
        Kruskal stress of the map on the subset.
    thickness : float
        Variance along the last local principal axis, divided by that along the first; median over neighbourhoods.
    """

    dimensions: int
    stress: float
    thickness: float

    @property
    def flat(self) -> bool:
        """Whether the last dimension is negligible."""
        return self.thickness < FLAT


def local_thickness(points: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Return the relative thickness of a set of points along the last of its local principal axes.

    The principal axes of neighbourhoods of a tenth of the points are computed. If the points lie in a space of lower
    dimension, even a curved one, the variance along the last axis is small (Additional Ideas of Levy).

    Parameters
    ----------
    points : ndarray, shape (n, d')
        Points. If there are many, a random sample of them is used.
    rng : numpy.random.Generator
        Random number generator.

    Returns
    -------
    float
        Variance along the last axis, divided by that along the first; median over neighbourhoods. It is 1 in one
        dimension, and 0 if all points are equal.
    """
    if len(points) > _POINTS:
        points = points[rng.choice(len(points), _POINTS, replace=False)]
    count, dimensions = points.shape
    neighbours = min(count, max(int(_NEIGHBOURS * count), 3 * dimensions + 1))
    centres = points if count <= _CENTRES else points[rng.choice(count, _CENTRES, replace=False)]
    nearby = points[cKDTree(points).query(centres, neighbours)[1].reshape(len(centres), -1)]
    nearby = nearby - nearby.mean(axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(nearby.swapaxes(1, 2) @ nearby)
    varied = variances[:, -1] > 0
    ratios = np.maximum(variances[varied, 0], 0) / variances[varied, -1]
    return float(np.median(ratios)) if varied.any() else 0.0
