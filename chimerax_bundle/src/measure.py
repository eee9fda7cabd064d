"""What Fit in Map measures, by its own code: the correlation of two maps, and the values of a map at atoms."""

from dataclasses import dataclass

from chimerax.geometry import Place


@dataclass(frozen=True)
class MapCorrelation:
    """Correlation of a map with another map.

    Attributes
    ----------
    points : int
        Number of its grid points that are used: the displayed ones above its lowest level, or those that are not zero.
    centre : ndarray, shape (3,)
        Their centre in the scene.
    correlation, correlation_about_mean : float
        Correlation of its values there with those of the other map.
    """

    points: int
    centre: object
    correlation: float
    correlation_about_mean: float


@dataclass(frozen=True)
class AtomsInMap:
    """Values of a map at atoms.

    Attributes
    ----------
    count : int
        Number of atoms.
    average : float
        Average value at those inside the box of the map.
    outside : int or None
        Number of atoms at which the value is below the contour level; None if the map has no level.
    level : float or None
        The contour level: the lowest displayed one.
    """

    count: int
    average: float
    outside: int | None
    level: float | None

    @property
    def fraction_inside(self):
        """Fraction of the atoms inside the contour; None without a level."""
        return None if self.outside is None else 1 - self.outside / self.count


class MapPoints:
    """Grid points of a map, at its position in the scene, that its correlation with another map is computed from.

    Parameters
    ----------
    volume : Volume
        The map.
    envelope : bool
        Whether only grid points above the lowest level are used; otherwise all that are not zero.
    """

    def __init__(self, volume, *, envelope=True):
        from chimerax.map_fit.fitmap import map_points_and_weights

        self._points, self._weights = map_points_and_weights(volume, above_threshold=envelope, include_zeros=False)

    def correlation(self, fixed, moved=None):
        """Return the MapCorrelation with another map, after a movement in the scene; None without grid points."""
        from chimerax.map_fit.fitmap import overlap_and_correlation

        if not len(self._points):
            return None
        points = self._points if moved is None else moved * self._points
        values = fixed.interpolated_values(points, Place(), subregion=None, step=1)
        _, correlation, about_mean = overlap_and_correlation(self._weights, values)
        return MapCorrelation(len(points), points.mean(axis=0, dtype=float), correlation, about_mean)


def atoms_in_map(moving, fixed, moved=None):
    """Return the values of the map at the atoms, if one of the inputs is a map and the other is atoms, or None.

    Parameters
    ----------
    moving, fixed : MapInput or AtomsInput
        The inputs.
    moved : Place, optional
        Movement of the first in the scene.
    """
    from chimerax.map_fit.fitmap import average_map_value, points_outside_contour

    if moving.is_map == fixed.is_map:
        return None
    volume, atoms = (moving.model, fixed) if moving.is_map else (fixed.model, moving)
    points = atoms.scene_points()
    if moved is not None:
        points = (moved.inverse() if moving.is_map else moved) * points
    values, to_grid = volume.matrix_and_transform(Place(), subregion=None, step=1)
    average, _ = average_map_value(points, to_grid, values)
    outside, level = points_outside_contour(points, Place(), volume)
    return AtomsInMap(len(points), float(average), None if outside is None else int(outside), level)
