"""How many dimensions a set of points has, looked at closely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

#: Points looked at, how many of them with their neighbours, and which part of the points are neighbours.
_POINTS, _CENTRES, _NEIGHBOURS = 2000, 200, 0.1
#: The last axis counts for nothing if its variance is less than this part of the first's.
FLAT = 0.2


@dataclass(frozen=True)
class DimensionTrial:
    """What a map into d' dimensions came to.

    Attributes
    ----------
    dimensions : int
        d'.
    stress : float
        Kruskal's stress of the map on the subset.
    thickness : float
        Variance along the last local principal axis over that along the first; the median over places.
    """

    dimensions: int
    stress: float
    thickness: float

    @property
    def flat(self) -> bool:
        """Whether the last dimension counts for nothing."""
        return self.thickness < FLAT


def local_thickness(points: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Return how thick a set of points is along the last of its local principal axes.

    About each of some points the principal axes of its neighbours, a tenth of all, are taken. Where the points fill
    a space of lower dimension, bent as it may be, next to nothing is left for the last axis (Additional Ideas of Levy).

    Parameters
    ----------
    points : ndarray, shape (n, d')
        The points. Of many, some are drawn.
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    float
        Variance along the last axis over that along the first, the median over the places; 1 in one dimension. 0 if all
        points are the same.
    """
    if len(points) > _POINTS:
        points = points[rng.choice(len(points), _POINTS, replace=False)]
    count, dimensions = points.shape
    neighbours = min(count, max(int(_NEIGHBOURS * count), 3 * dimensions + 1))
    centres = points if count <= _CENTRES else points[rng.choice(count, _CENTRES, replace=False)]
    near = points[cKDTree(points).query(centres, neighbours)[1].reshape(len(centres), -1)]
    near = near - near.mean(axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(near.swapaxes(1, 2) @ near)
    some = variances[:, -1] > 0
    shares = np.maximum(variances[some, 0], 0) / variances[some, -1]
    return float(np.median(shares)) if some.any() else 0.0
