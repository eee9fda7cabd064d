"""Poses that differ: which of many poses count as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, geodesic_degrees


@dataclass(frozen=True, eq=False)
class Tolerance:
    """How similar two poses must be to count as one.

    Attributes
    ----------
    degrees : float
        Largest angle between their rotations.
    angstrom : float or None
        Largest distance between the images of `point`; None if positions do not matter.
    point : ndarray, shape (3,), or None
        The point, in the coordinates that the poses transform.
    """

    degrees: float
    angstrom: float | None = None
    point: Matrix | None = None

    def same(self, first: Matrix, second: Matrix) -> bool:
        """Whether two poses, rotations or transforms, count as one."""
        return bool(self.same_as(first, second[None])[0])

    def same_as(self, pose: Matrix, others: Matrix) -> NDArray[np.bool_]:
        """Whether a pose and each of some others, shape (n, 3, 3) or (n, 3, 4), count as one."""
        near = np.ones(len(others), dtype=bool)
        if self.angstrom is not None and self.point is not None:
            there = others[:, :, :3] @ self.point + others[:, :, 3]
            near = np.linalg.norm(there - apply_transform(pose, self.point), axis=1) <= self.angstrom
        # Most poses of a part are elsewhere.
        near[near] = geodesic_degrees(pose[:, :3], others[near][:, :, :3]) < self.degrees
        return near


def distinct(
    poses: Sequence[Matrix] | Matrix,
    losses: Sequence[float] | Matrix,
    tolerance: Tolerance,
    *,
    count: int | None = None,
    operations: Matrix | None = None,
    of_moving: Matrix | None = None,
) -> list[int]:
    """Return the indices of the poses with the lowest losses that differ from each other.

    Parameters
    ----------
    poses : sequence of ndarray, shape (3, 3) or (3, 4)
        Rotations or transforms.
    losses : sequence of float
        Their losses.
    tolerance : Tolerance
        Poses within it count as one: that with the lowest loss.
    count : int, optional
        The largest number of poses to return; by default all.
    operations : ndarray, shape (m, 3, 4), optional
        Transforms that map what the poses lead to onto itself, the identity first: poses that they relate count as one.
    of_moving : ndarray, shape (k, 3, 4), optional
        Transforms that map what is moved onto itself, the identity first.

    Returns
    -------
    list of int
        Indices, lowest loss first.
    """
    chosen: list[int] = []
    each = (1 if operations is None else len(operations)) * (1 if of_moving is None else len(of_moving))
    most = len(poses) if count is None else min(count, len(poses))
    known = np.empty((each * most, *np.shape(poses)[1:]))
    for index in np.argsort(losses, kind="stable"):
        if len(chosen) == count:
            break
        end = each * len(chosen)
        if not tolerance.same_as(poses[index], known[:end]).any():
            known[end : end + each] = _equivalents(poses[index], operations, of_moving)
            chosen.append(int(index))
    return chosen


def _equivalents(pose: Matrix, operations: Matrix | None, of_moving: Matrix | None) -> Matrix:
    """Return the poses that are equivalent to a pose by both symmetries, shape (n, 3, 3) or (n, 3, 4)."""
    moved = pose[None] if of_moving is None else compose(pose, of_moving)
    if operations is None:
        return moved
    return compose(operations[:, None], moved).reshape(-1, *pose.shape)
