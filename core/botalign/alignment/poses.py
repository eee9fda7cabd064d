"""The distinct poses of a result: equivalent ones together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.alignment.records import Candidate, MapReference, Part
from botalign.alignment.symmetry import Symmetry
from botalign.arrays import Matrix
from botalign.geometry import apply_transform, geodesic_degrees, inverse, scale_factor

#: Poses with less than this fraction of the quality of the result are left out, such as a start without overlap.
POOR = 0.1
#: Poses of a part are equivalent if they differ by no more than this angle and a voxel, up to the symmetry.
PART_DEGREES = 3.0


@dataclass(frozen=True, eq=False)
class DistinctPose:
    """A pose of the moving map that differs from the other poses of a result.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    quality : float
        Value by which the candidates are ranked.
    as_good : bool
        Whether it fits as well as the result, within the error of the difference.
    group : int
        Number of its group, from 0. The poses of a group are equivalent: because of the symmetry of the fixed map, or
        because each is a place of the same part.
    angle_degrees, shift_angstrom : float
        Its distance from the result; the shift is that of the centre of the part, or of the moving map.
    """

    moving_to_fixed: Matrix
    quality: float
    as_good: bool
    group: int
    angle_degrees: float
    shift_angstrom: float


def distinct_poses(
    candidates: Sequence[Candidate],
    moving: MapReference,
    *,
    part: Part | None,
    symmetry: Symmetry | None,
    places: bool,
) -> tuple[DistinctPose, ...]:
    """Return the distinct poses among candidates, the result first; none of the other hand, and none far worse.

    Parameters
    ----------
    candidates : sequence of Candidate
        The candidates, the result first.
    moving : MapReference
        The moving map.
    part : Part or None
        The part, if one was searched for.
    symmetry : Symmetry or None
        Point group that makes poses equivalent to the result.
    places : bool
        Whether the candidates that fit as well as the result are places of the same part.
    """
    result, *others = (each for each in candidates if each.mirrored == candidates[0].mirrored)
    others = [each for each in others if each.correlation is None or each.quality > POOR * result.quality]
    groups = [[(pose, result) for pose in _equivalents(result.moving_to_fixed, symmetry)]]
    for other in others:
        pose = other.moving_to_fixed
        if any(is_equivalent(pose, group[0][0], symmetry, moving, part) for group in groups):
            continue
        if places and other.as_good:
            groups[0].append((pose, other))
        else:
            groups.append([(pose, other)])
    return tuple(
        DistinctPose(
            pose, each.quality, number == 0 or each.as_good, number,
            *pose_difference(result.moving_to_fixed, pose, moving, part),
        )
        for number, group in enumerate(groups)
        for pose, each in group
    )  # fmt: skip


def pose_difference(first: Matrix, second: Matrix, moving: MapReference, part: Part | None) -> tuple[float, float]:
    """Return the angle in degrees and the distance in angstrom between two poses of a map or a part."""
    centre = moving.grid.centre_angstrom if part is None else np.array(part.centre_angstrom)
    if part is not None and part.role == "fixed":
        first, second = inverse(first), inverse(second)  # the part is fixed, so its place is in the moving map
    apart = float(np.linalg.norm(apply_transform(first, centre) - apply_transform(second, centre)))
    factor = scale_factor(first)  # the poses of a result have the same
    return float(geodesic_degrees(first[:, :3] / factor, second[:, :3] / factor)), apart


def is_equivalent(
    pose: Matrix, other: Matrix, symmetry: Symmetry | None, moving: MapReference, part: Part | None
) -> bool:
    """Whether a symmetry makes two poses of a map equivalent; of a part, not only the rotations must agree."""
    if symmetry is None:
        return False
    if part is None:
        factor = scale_factor(pose)
        return symmetry.relates(pose / factor, other / factor)
    limits = PART_DEGREES, max(moving.grid.voxel_size_angstrom)
    differences = [pose_difference(pose, each, moving, part) for each in symmetry.equivalents(other)]
    return any(degrees < limits[0] and apart < limits[1] for degrees, apart in differences)


def unexplained(
    candidates: Sequence[Candidate], symmetry: Symmetry | None, moving: MapReference, part: Part | None
) -> list[Candidate]:
    """Return the candidates that no symmetry makes equivalent to the result, which is the first."""
    result, *others = candidates
    return [
        result,
        *(
            each
            for each in others
            if each.mirrored != result.mirrored
            or not is_equivalent(each.moving_to_fixed, result.moving_to_fixed, symmetry, moving, part)
        ),
    ]


def _equivalents(pose: Matrix, symmetry: Symmetry | None) -> list[Matrix]:
    """Return a pose, and then those that a symmetry makes equivalent."""
    return [pose] if symmetry is None else [pose, *symmetry.equivalents(pose)[1:]]
