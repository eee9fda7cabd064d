"""The point group of a set of copies: the rotations that map the set onto itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from botalign.alignment.distinct import Tolerance
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.symmetry_frame import Frame, adjusted, nearest, rotation_between
from botalign.arrays import Matrix
from botalign.geometry import (
    apply_transform,
    axis_angle,
    compose,
    geodesic_degrees,
    inverse,
    orthonormal_basis,
    point_group,
    rotation_order,
    transform_about,
)

#: Axes closer to each other than this are one.
SAME_AXIS_DEGREES = 10.0
#: Poses of copies are related by a rotation up to so many degrees and radii of the part.
SYMMETRIC = (10.0, 0.3)


@dataclass(frozen=True, eq=False)
class SetSymmetry:
    """The point group of a set of copies.

    Attributes
    ----------
    symmetry : Symmetry
        The group, with its operations in the coordinates of the whole.
    angle_degrees, distance_angstrom : float
        Root mean square of the angles and the distances by which the copies differ from an exactly symmetric set.
    """

    symmetry: Symmetry
    angle_degrees: float
    distance_angstrom: float


@dataclass(frozen=True, eq=False)
class _Operation:
    """A rotation that maps the set onto itself, and for each copy the pose of the copy that it becomes."""

    linear: Matrix
    images: Matrix


def set_symmetry(
    poses: Sequence[Matrix], centre: Matrix, radius: float, *, of_part: Sequence[Matrix] = ()
) -> SetSymmetry | None:
    """Return the point group of a set of copies; None if no rotation maps the set onto itself.

    Parameters
    ----------
    poses : sequence of ndarray, shape (3, 4)
        Where the copies are.
    centre : ndarray, shape (3,)
        Centre of the part, in the coordinates of its map.
    radius : float
        Its radius.
    of_part : sequence of ndarray, shape (3, 4), optional
        Operations that map the part onto itself, other than the identity.
    """
    part = _Part(centre, radius, [np.eye(3, 4), *of_part])
    operations = [
        operation
        for pose in poses
        for each in part.own
        if (operation := _operation(compose(compose(pose, each), inverse(poses[0])), poses, part)) is not None
    ]
    axes = _axes(operations)
    name = _group_name(len(operations), [len(axis) + 1 for axis in axes])
    if name is None:
        return None
    rotations = point_group(name)
    # Every operation permutes the copies, so their mean stays where it is.
    middle = np.mean([apply_transform(pose, centre) for pose in poses], axis=0)
    frame = Frame(_orientation(rotations, operations, axes), middle)
    linears = [operation.linear for operation in operations]
    for _ in range(3):
        chosen = [_nearest_rotation(rotations, frame, linear) for linear in linears]
        fitted = [transform_about(linear, middle, middle) for linear in linears]
        frame = replace(adjusted(frame, chosen, fitted), centre_angstrom=middle)
    if _distance(rotations, operations, frame.rotation) > SYMMETRIC[0] ** 2:
        return None
    frame = nearest(rotations, frame)
    main = max(rotations, key=rotation_order)
    made = np.array([frame.operation(rotation) for rotation in rotations])
    symmetry = Symmetry(name, made, frame.rotation.T @ axis_angle(main)[0])
    return SetSymmetry(symmetry, *_misfit(symmetry, operations, poses, centre))


@dataclass(frozen=True, eq=False)
class _Part:
    """Centre and radius of the part, and the operations that map it onto itself."""

    centre: Matrix
    radius: float
    own: list[Matrix]

    @property
    def tolerance(self) -> Tolerance:
        """How similar two poses must be to be related."""
        return Tolerance(SYMMETRIC[0], SYMMETRIC[1] * self.radius, self.centre)

    def points(self, poses: Matrix) -> Matrix:
        """Return points that stand for placed copies: six on the surface of each, shape (n, 3)."""
        surface = self.centre + self.radius * np.concatenate([np.eye(3), -np.eye(3)])
        placed = np.einsum("nij,kj->nki", poses[:, :, :3], surface) + poses[:, None, :, 3]
        return np.asarray(placed.reshape(-1, 3))


def _operation(transform: Matrix, poses: Sequence[Matrix], part: _Part) -> _Operation | None:
    """Return the operation near a transform that maps each copy onto another one, if there is one.

    The transform has the errors of two copies, which grow with the distance from them. So it is first replaced by the
    best superposition of all copies onto those that they become.
    """
    images = np.array([compose(pose, each) for pose in poses for each in part.own])
    places, tolerance = images[:, :, :3] @ part.centre + images[:, :, 3], part.tolerance
    related = []
    for pose in poses:
        moved = compose(transform, pose)
        apart = np.linalg.norm(places - apply_transform(moved, part.centre), axis=1) / (SYMMETRIC[1] * part.radius)
        related.append(int(np.argmin(apart + geodesic_degrees(images[:, :, :3], moved[:, :3]) / tolerance.degrees)))
    if len({number // len(part.own) for number in related}) < len(poses):
        return None
    before, after = part.points(np.array(poses)), part.points(images[related])
    starts, ends = before.mean(axis=0), after.mean(axis=0)
    linear = Rotation.align_vectors(after - ends, before - starts)[0].as_matrix()
    mean = transform_about(linear, starts, ends)
    pairs = zip(related, poses, strict=True)
    if not all(tolerance.same(compose(mean, pose), images[number]) for number, pose in pairs):
        return None
    return _Operation(linear, images[related])


def _axes(operations: Sequence[_Operation]) -> list[list[_Operation]]:
    """Return the operations apart from the identity, those about one axis together, most operations first."""
    axes: list[list[_Operation]] = []
    for operation in operations:
        axis, angle = axis_angle(operation.linear)
        if angle < SAME_AXIS_DEGREES:
            continue
        for known in axes:
            if abs(float(axis @ axis_angle(known[0].linear)[0])) > np.cos(np.radians(SAME_AXIS_DEGREES)):
                known.append(operation)
                break
        else:
            axes.append([operation])
    return sorted(axes, key=lambda each: -len(each))


def _group_name(order: int, orders: Sequence[int]) -> str | None:
    """Return the symbol of the group with an order and axes of these orders; None if there is none but C1."""
    if not orders:
        return None
    highest = orders[0]
    if (len(orders), order) == (1, highest):
        return f"C{highest}"
    if order == 2 * highest:
        return f"D{highest}"
    return {(12, 3): "T", (24, 4): "O", (60, 5): "I"}.get((order, highest))


def _orientation(rotations: Matrix, operations: Sequence[_Operation], axes: list[list[_Operation]]) -> Matrix:
    """Return the rotation to the conventional axes: that by which the operations are nearest to those of the group."""
    order = max(rotation_order(each) for each in rotations)
    conventional = [(rotation_order(each), axis_angle(each)[0]) for each in rotations[1:]]
    main = next(axis for n, axis in conventional if n == order)
    first = axis_angle(axes[0][0].linear)[0]
    if len(axes) == 1:
        return min((rotation_between(sign * first, main) for sign in (1, -1)), key=lambda each: -float(np.trace(each)))
    second = axis_angle(axes[-1][0].linear)[0]
    tried = [
        orthonormal_basis(main, sign * other) @ orthonormal_basis(first, second).T
        for _, other in conventional
        for sign in (1, -1)
        if abs(float(other @ main)) < np.cos(np.radians(SAME_AXIS_DEGREES))
    ]
    return min(tried, key=lambda rotation: _distance(rotations, operations, rotation))


def _distance(rotations: Matrix, operations: Sequence[_Operation], orientation: Matrix) -> float:
    """Return the mean square of the angles between operations and the nearest rotations of a group."""
    group = orientation.T @ rotations @ orientation
    return float(np.mean([geodesic_degrees(group, each.linear).min() ** 2 for each in operations]))


def _nearest_rotation(rotations: Matrix, frame: Frame, linear: Matrix) -> Matrix:
    group = frame.rotation.T @ rotations @ frame.rotation
    nearest_one: Matrix = rotations[int(np.argmin(geodesic_degrees(group, linear)))]
    return nearest_one


def _misfit(
    symmetry: Symmetry, operations: Sequence[_Operation], poses: Sequence[Matrix], centre: Matrix
) -> tuple[float, float]:
    """Return by how much the copies differ from an exactly symmetric set, in degrees and angstrom."""
    angles, distances = [], []
    for operation in operations:
        exact = symmetry.operations[int(np.argmin(geodesic_degrees(symmetry.operations[:, :, :3], operation.linear)))]
        for image, pose in zip(operation.images, poses, strict=True):
            moved = compose(exact, pose)
            angles.append(float(geodesic_degrees(moved[:, :3], image[:, :3])))
            distances.append(float(np.linalg.norm(apply_transform(moved, centre) - apply_transform(image, centre))))
    # Both copies of a pair have an error, and a copy and itself none.
    share = 2 * (1 - 1 / len(operations))
    return float(np.sqrt(np.mean(np.square(angles)) / share)), float(np.sqrt(np.mean(np.square(distances)) / share))
