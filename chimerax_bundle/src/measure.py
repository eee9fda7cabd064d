"""How well two maps agree, as Fit in Map and ``measure correlation`` count it, by their own code."""

from dataclasses import dataclass

from chimerax.geometry import Place


@dataclass(frozen=True)
class Agreement:
    """How well a map agrees with another where it is.

    Attributes
    ----------
    points : int
        How many of its grid points are counted: of those shown, the ones above its lowest level.
    centre : ndarray, shape (3,)
        Their centre in the scene.
    correlation, correlation_about_mean : float
        The other map's values there against its own.
    """

    points: int
    centre: object
    correlation: float
    correlation_about_mean: float


def agreement(moving, fixed):
    """Measure how well a map agrees with another; None if nothing of it lies above its level."""
    from chimerax.map_fit.fitmap import map_points_and_weights, overlap_and_correlation

    points, weights = map_points_and_weights(moving, above_threshold=True, include_zeros=False)
    if not len(points):
        return None
    values = fixed.interpolated_values(points, Place(), subregion=None, step=None)
    _, correlation, about_mean = overlap_and_correlation(weights, values)
    return Agreement(len(points), points.mean(axis=0, dtype=float), correlation, about_mean)
