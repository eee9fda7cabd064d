"""The symmetry of a map, recognised if several poses fit equally well because of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.arrays import Matrix
from botalign.geometry import (
    axis_angle,
    compose,
    geodesic_degrees,
    group_symbol,
    identity,
    inverse,
    matrix_from_rotation_vector,
    transform_about,
)

#: Rotations closer to each other than this are one operation.
SAME_DEGREES = 10.0
#: After an operation the map correlates with itself at least as well as the other map does, less this tolerance.
TOLERANCE = 0.03
#: The largest point group of rotations, the icosahedral one, has this many operations.
MOST = 60
#: Factors by which the order of an axis is multiplied to test whether its true order is higher.
FACTORS = (2, 3, 5)


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A point group of rotations.

    Attributes
    ----------
    group : str
        Schoenflies symbol: ``"C4"``, ``"D7"``, ``"T"``, ``"O"`` or ``"I"``.
    operations : ndarray, shape (order, 3, 4)
        Transforms that map the fixed map onto itself, the identity first.
    axis : ndarray, shape (3,)
        Unit vector ``(x, y, z)`` along the axis of highest order, in the fixed map's coordinates.
    """

    group: str
    operations: Matrix
    axis: Matrix

    @property
    def order(self) -> int:
        """Number of operations."""
        return len(self.operations)

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


def symmetry_of(itself: FitProblem, poses: list[Matrix], least: float) -> Symmetry | None:
    """Find the point group that explains poses of the same quality.

    Parameters
    ----------
    itself : FitProblem
        The fixed map against itself.
    poses : list of ndarray, shape (3, 4)
        Poses of the moving map that fit equally well, the best one first.
    least : float
        Correlation at the best pose.

    Returns
    -------
    Symmetry or None
        The group, if the fixed map fits itself after each of its operations and these explain every pose.
    """
    search = _Closure(itself, least - TOLERANCE)
    back = inverse(poses[0])
    found = [search.confirmed(compose(pose, back)) for pose in poses[1:]]
    if not found or any(operation is None for operation in found):
        return None
    operations = search.closed([operation for operation in found if operation is not None])
    operations = search.extended(operations)
    if operations is None:
        return None
    orders = [_order(operation) for operation in operations]
    name = group_symbol(orders)
    if name is None:
        return None
    axis = axis_angle(operations[int(np.argmax(orders))][:, :3])[0]
    return Symmetry(name, np.array(operations), axis)


def nearest_equivalent(symmetry: Symmetry, pose: Matrix, start: Matrix) -> Matrix:
    """Return the equivalent pose whose rotation is closest to that of the start."""
    equivalents = [compose(operation, pose) for operation in symmetry.operations]
    return min(equivalents, key=lambda other: float(geodesic_degrees(other[:, :3], start[:, :3])))


@dataclass(frozen=True, eq=False)
class _Closure:
    """The closure of operations under multiplication, each confirmed on the map."""

    itself: FitProblem
    least: float

    def confirmed(self, operation: Matrix) -> Matrix | None:
        """Fit the map to itself from an operation; return None if the operation is not a symmetry."""
        fitted, correlation = self.itself.solve(operation)
        near = float(geodesic_degrees(fitted[:, :3], operation[:, :3])) < SAME_DEGREES
        return fitted if near and correlation >= self.least else None

    def closed(self, generators: list[Matrix]) -> list[Matrix] | None:
        """Return all products of the generators; None if there are too many or one is not a symmetry."""
        operations = [identity()]
        waiting = list(generators)
        while waiting:
            operation = waiting.pop()
            if any(float(geodesic_degrees(operation[:, :3], known[:, :3])) < SAME_DEGREES for known in operations):
                continue
            confirmed = self.confirmed(operation)
            if confirmed is None or len(operations) == MOST:
                return None
            operations.append(confirmed)
            waiting += [compose(confirmed, generator) for generator in generators]
        return operations

    def extended(self, operations: list[Matrix] | None) -> list[Matrix] | None:
        """Add operations that no pose showed: a higher order of the main axis, and twofold axes perpendicular to it."""
        if operations is None:
            return None
        orders = [_order(operation) for operation in operations]
        main = operations[int(np.argmax(orders))]
        axis, order = axis_angle(main[:, :3])[0], max(orders)
        more = [self._turned(axis, 360 / (order * factor)) for factor in FACTORS]
        if len(operations) == order:
            across = np.linalg.svd(axis[None])[2][1:]
            angles = np.radians(np.arange(0, 180 / order, 4.0))
            more += [self._turned(np.cos(a) * across[0] + np.sin(a) * across[1], 180.0) for a in angles]
        for operation in more:
            if self.itself.correlation(operation) < self.least - 0.2:
                continue
            confirmed = self.confirmed(operation)
            if confirmed is not None:
                larger = self.closed([*operations[1:], confirmed])
                if larger is not None and len(larger) > len(operations):
                    return self.extended(larger)
        return operations

    def _turned(self, axis: Matrix, degrees: float) -> Matrix:
        centre = self.itself.centre
        return transform_about(matrix_from_rotation_vector(np.radians(degrees) * axis), centre, centre)


def _order(operation: Matrix) -> int:
    """Return the order of an operation, at most 60; 0 if it has none."""
    angle = axis_angle(operation[:, :3])[1]
    if angle < SAME_DEGREES / 2:
        return 1
    return next((n for n in range(2, MOST + 1) if abs(n * angle - 360 * round(n * angle / 360)) < min(2.0 * n, 60)), 0)
