"""The correlation of two maps as Fit in Map and ``measure correlation`` compute it, by their own code."""

from dataclasses import dataclass

from chimerax.geometry import Place


@dataclass(frozen=True)
class MapCorrelation:
    """Correlation of a map with another map, in their current poses.

    Attributes
    ----------
    points : int
        Number of its grid points that are used: the displayed ones above its lowest level.
    centre : ndarray, shape (3,)
        Their centre in the scene.
    correlation, correlation_about_mean : float
        Correlation of its values there with those of the other map.
    """

    points: int
    centre: object
    correlation: float
    correlation_about_mean: float


def correlation_of(moving, fixed, moved=None):
    """Return the correlation of a map, after a movement in the scene, with another map; None without grid points."""
    from chimerax.map_fit.fitmap import map_points_and_weights, overlap_and_correlation

    points, weights = map_points_and_weights(moving, above_threshold=True, include_zeros=False)
    if not len(points):
        return None
    points = points if moved is None else moved * points
    values = fixed.interpolated_values(points, Place(), subregion=None, step=1)
    _, correlation, about_mean = overlap_and_correlation(weights, values)
    return MapCorrelation(len(points), points.mean(axis=0, dtype=float), correlation, about_mean)
