"""The point group of a set of copies: the rotations that map the set onto itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """A rotation that maps the set onto itself, and for each copy the transform to the copy that it becomes."""

    linear: Matrix
    transforms: list[Matrix]


def set_symmetry(
    poses: Sequence[Matrix], centre: Matrix, tolerance: Tolerance, *, of_part: Sequence[Matrix] = ()
) -> SetSymmetry | None:
    """Return the point group of a set of copies; None if no rotation maps the set onto itself.

    Parameters
    ----------
    poses : sequence of ndarray, shape (3, 4)
        Where the copies are.
    centre : ndarray, shape (3,)
        Centre of the part, in the coordinates of its map.
    tolerance : Tolerance
        How similar poses must be to count as one.
    of_part : sequence of ndarray, shape (3, 4), optional
        Operations that map the part onto itself, other than the identity.
    """
    own = [np.eye(3, 4), *of_part]
    operations = [
        operation
        for pose in poses
        for each in own
        if (operation := _operation(compose(compose(pose, each), inverse(poses[0])), poses, own, centre, tolerance))
        is not None
    ]
    axes = _axes(operations)
    name = _group_name(len(operations), [len(axis) + 1 for axis in axes])
    if name is None:
        return None
    rotations = point_group(name)
    middle = np.mean([apply_transform(pose, centre) for pose in poses], axis=0)
    frame = Frame(_orientation(rotations, operations, axes), middle)
    for _ in range(3):
        chosen = [_nearest_rotation(rotations, frame, operation.linear) for operation in operations]
        frame = adjusted(
            frame,
            [rotation for rotation, operation in zip(chosen, operations, strict=True) for _ in operation.transforms],
            [transform for operation in operations for transform in operation.transforms],
        )
    found = _distance(rotations, operations, frame.rotation)
    if found > tolerance.degrees**2:
        return None
    frame = nearest(rotations, frame)
    main = max(rotations, key=rotation_order)
    made = np.array([frame.operation(rotation) for rotation in rotations])
    symmetry = Symmetry(name, made, frame.rotation.T @ axis_angle(main)[0])
    return SetSymmetry(symmetry, *_misfit(symmetry, operations, [apply_transform(pose, centre) for pose in poses]))


def _operation(
    transform: Matrix, poses: Sequence[Matrix], own: list[Matrix], centre: Matrix, tolerance: Tolerance
) -> _Operation | None:
    """Return the operation near a transform that maps each copy onto another one, if there is one.

    The transform has the errors of two copies, which grow with the distance from them. So it is first replaced by the
    mean of the transforms between the copies that it relates.
    """
    images = [(number, compose(pose, each)) for number, pose in enumerate(poses) for each in own]
    radius = np.inf if tolerance.angstrom is None else tolerance.angstrom
    related = []
    for pose in poses:
        moved = compose(transform, pose)
        place = apply_transform(moved, centre)
        apart = [float(np.linalg.norm(apply_transform(image, centre) - place)) / radius for _, image in images]
        turned = [float(geodesic_degrees(image[:, :3], moved[:, :3])) / tolerance.degrees for _, image in images]
        related.append(images[int(np.argmin(np.add(apart, turned)))])
    if len({number for number, _ in related}) < len(poses):
        return None
    transforms = [compose(image, inverse(pose)) for (_, image), pose in zip(related, poses, strict=True)]
    linear = Rotation.from_matrix([each[:, :3] for each in transforms]).mean().as_matrix()
    before, after = (
        np.mean([apply_transform(each, centre) for each in some], axis=0)
        for some in (poses, [image for _, image in related])
    )
    mean = transform_about(linear, before, after)
    if not all(tolerance.same(compose(mean, pose), image) for pose, (_, image) in zip(poses, related, strict=True)):
        return None
    return _Operation(linear, transforms)


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


def _misfit(symmetry: Symmetry, operations: Sequence[_Operation], places: Sequence[Matrix]) -> tuple[float, float]:
    """Return by how much the copies differ from an exactly symmetric set, in degrees and angstrom."""
    angles, distances = [], []
    for operation in operations:
        exact = symmetry.operations[int(np.argmin(geodesic_degrees(symmetry.operations[:, :, :3], operation.linear)))]
        for transform, place in zip(operation.transforms, places, strict=True):
            angles.append(float(geodesic_degrees(exact[:, :3], transform[:, :3])))
            distances.append(float(np.linalg.norm(apply_transform(exact, place) - apply_transform(transform, place))))
    # Both copies of a pair have an error, and a copy and itself none.
    share = 2 * (1 - 1 / len(operations))
    return float(np.sqrt(np.mean(np.square(angles)) / share)), float(np.sqrt(np.mean(np.square(distances)) / share))
