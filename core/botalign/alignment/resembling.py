"""Other poses that may fit as well as the best one, because the fixed map resembles itself or its mirror image there.

They are found from the fixed map alone. So a search that ends early hides none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botalign.alignment.candidates import THINNED, approached
from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.arrays import Matrix
from botalign.geometry import compose, is_mirror, matrix_from_rotation_vector, transform_about

#: Rotations about axes by which the fixed map resembles itself so much may lead to other poses that fit as well. So
#: many axes are considered, and their orders up to a largest one.
RESEMBLING, AXES, HIGHEST = 0.5, 6, 12
#: Poses that are nearly as good as the best one are candidates.
NEARLY = 0.1
#: About an axis of this order at least, the principal axes do not determine how a mirror image fits. Then reflections
#: are tried at so many degrees from each other, at so many points; so many of the best are fitted.
SYMMETRIC, STEP_DEGREES, POINTS, FITTED = 3, 6.0, 3_000, 3


def resembling_poses(problem: AlignmentProblem, best: Candidate) -> list[Candidate]:
    """Return other poses that fit nearly as well as the best one, as far as no symmetry makes them equivalent to it."""
    fit, pose = problem.coarse_fit.thinned(THINNED), best.moving_to_fixed
    itself = problem.fixed_itself
    poses = list(problem.wrong_poses(pose))
    for axis in itself.comparison.axes[:AXES]:
        if axis.similarity < RESEMBLING or axis.order > HIGHEST:
            continue
        for step in range(1, axis.order):
            turn = matrix_from_rotation_vector(2 * np.pi * step / axis.order * axis.direction)
            poses.append(compose(transform_about(turn, fit.centre, fit.centre), pose))
    if problem.symmetry is not None:
        poses = [each for each in poses if is_mirror(each) != best.mirrored or not problem.symmetry.relates(each, pose)]
    poses = [each for each in poses if _allowed(problem, each)]
    near = [poses[i] for i in np.flatnonzero(fit.correlations(poses) > best.quality - 3 * NEARLY)]
    fitted = approached(problem, fit, [_candidate(problem, each) for each in near])
    return [each for each in fitted if each.quality > best.quality - NEARLY]


def mirrored_poses(problem: AlignmentProblem, best: Candidate) -> list[Candidate]:
    """Return the poses of the other hand that superimpose the main axis of the fixed map, those that fit best.

    They are needed where this axis is one of a symmetry of order three or more, or nearly so. There are none otherwise.
    """
    axis, order = _main_axis(problem)
    if order < SYMMETRIC:
        return []
    fit, pose = problem.coarse_fit.thinned(THINNED), best.moving_to_fixed
    thinned = fit.thinned(POINTS)
    tried = [
        compose(transform_about(operation, fit.centre, fit.centre), pose) for operation in _reflections(axis, order)
    ]
    losses = -thinned.correlations(tried)
    chosen = distinct(tried, losses, Tolerance(2 * STEP_DEGREES), count=FITTED)
    return approached(problem, fit, [_candidate(problem, tried[i]) for i in chosen])


def _main_axis(problem: AlignmentProblem) -> tuple[Matrix, int]:
    """Return the axis of highest order of the fixed map, or about which it nearly has a symmetry, and the order."""
    itself = problem.fixed_itself
    if itself.symmetry is not None:
        along = [each for each in itself.symmetry.operations if _keeps(each[:, :3], itself.symmetry.axis)]
        return itself.symmetry.axis, len(along)
    near = [axis for axis in itself.comparison.axes if axis.similarity >= RESEMBLING and axis.order >= SYMMETRIC]
    return (near[0].direction, near[0].order) if near else (np.array([0.0, 0.0, 1.0]), 1)


def _keeps(rotation: Matrix, axis: Matrix) -> bool:
    return float(axis @ rotation @ axis) > 0.999


def _reflections(axis: Matrix, order: int) -> Sequence[Matrix]:
    """Return operations that mirror and keep an axis, or turn it round, up to rotations by 360 degrees over its order.

    Those that turn it round are rotations about it, and an inversion; the others are reflections in planes with it.
    """
    across = np.linalg.svd(axis[None])[2][1]  # a unit vector perpendicular to the axis
    angles = np.radians(np.arange(0.0, 360.0 / order, STEP_DEGREES))
    turns = [matrix_from_rotation_vector(angle * axis) for angle in angles]
    # A reflection in a plane, followed by a rotation about an axis in the plane, is one in a plane at half the angle.
    plane = np.eye(3) - 2 * np.outer(across, across)
    return [*(-turn for turn in turns), *(turn @ plane for turn in turns)]


def _allowed(problem: AlignmentProblem, pose: Matrix) -> bool:
    return is_mirror(pose) in problem.hands and problem.allows(pose[:, :3])


def _candidate(problem: AlignmentProblem, pose: Matrix) -> Candidate:
    pair = problem.working_pair
    loss = problem.distance(pair.rotated(pose[:, :3]), pair.fixed)
    return Candidate(pose, is_mirror(pose), float(loss), None)
