"""The symmetry of a map, and the poses that it makes equivalent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from botalign.alignment.distinct import Tolerance
from botalign.arrays import Matrix
from botalign.geometry import compose, geodesic_degrees, inverse
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample

#: Rotations closer to each other than this are equivalent.
EQUIVALENT = Tolerance(10.0)


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A point group of rotations.

    Attributes
    ----------
    group : str
        Schoenflies symbol: ``"C4"``, ``"D7"``, ``"T"``, ``"O"`` or ``"I"``.
    operations : ndarray, shape (order, 3, 4)
        Transforms that map the map onto itself, the identity first.
    axis : ndarray, shape (3,)
        Unit vector ``(x, y, z)`` along the axis of highest order.
    """

    group: str
    operations: Matrix
    axis: Matrix

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(self.operations)

    def moved(self, transform: Matrix) -> Symmetry:
        """Return the symmetry of the map after a transform."""
        back = inverse(transform)
        operations = compose(transform, compose(self.operations, back))
        return replace(self, operations=operations, axis=transform[:, :3] @ self.axis)

    def relates(self, first: Matrix, second: Matrix, tolerance: Tolerance = EQUIVALENT) -> bool:
        """Whether two poses onto the map are equivalent."""
        return bool(tolerance.same_as(first, self.equivalents(second)).any())

    def nearest(self, pose: Matrix, start: Matrix) -> Matrix:
        """Return the equivalent pose whose rotation is closest to that of the start."""
        equivalents = self.equivalents(pose)
        nearest: Matrix = equivalents[int(np.argmin(geodesic_degrees(equivalents[:, :, :3], start[:, :3])))]
        return nearest

    def equivalents(self, pose: Matrix) -> Matrix:
        """Return the poses equivalent to a pose onto the map, shape (order, 3, 4): first itself, up to rounding."""
        return compose(self.operations, pose)

    def to_dict(self) -> dict[str, Any]:
        """Return the content for a result file."""
        return {
            "group": self.group,
            "order": self.order,
            "axis": self.axis.tolist(),
            "operations": self.operations.tolist(),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Symmetry:
        """Return the symmetry from the content of a result file."""
        return cls(str(content["group"]), np.array(content["operations"], float), np.array(content["axis"], float))


def average_of(density_map: DensityMap, transforms: Matrix, *, threads: int | None = None) -> DensityMap:
    """Return the average of a map after each transform, shape (n, 3, 4), on its own grid.

    Outside its box, the map continues as background.
    """
    background = np.float32(background_level(density_map.data))
    shifted = density_map.with_data(density_map.data - background)
    total = np.zeros(density_map.grid.shape)
    for transform in transforms:
        total += resample(shifted, transform, density_map.grid, threads=threads).data
    return density_map.with_data((total / len(transforms)).astype(np.float32) + background)
