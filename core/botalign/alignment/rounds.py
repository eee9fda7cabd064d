"""The search for whole maps, in rounds: it ends when the answer is certain, and no other pose can fit as well.

The first round evaluates the start and the rotations that superimpose the principal axes, later ones continue by
Bayesian optimisation, and the last one searches everywhere.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from botalign.alignment.candidates import COARSE_TOLERANCE, THINNED, apart, solved
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.searches import (
    BLOCKS,
    HandSearch,
    SearchedHand,
    first_search,
    second_search,
    short_search,
)
from botalign.arrays import Matrix
from botalign.geometry import compose, matrix_from_rotation_vector, transform_about
from botalign.progress import Progress, in_background, map_steps
from botalign.threads import thread_count

Found = TypeVar("Found")

#: Evaluations after which the answer is judged again, besides those of the first round, and all.
SHORT = 50
#: The search ends early only if unrelated maps would fit as well with a smaller probability than this.
EARLY = 1e-6
#: Before that is computed, the details must agree so well, as a fraction and as a score; see :class:`Details`.
WORTH_JUDGING = 0.6, 30.0
#: The other hand is not searched further unless the fixed map has a symmetry of this order. Then its principal axes do
#: not determine how a mirror image fits.
SYMMETRIC = 3
#: Rotations about axes by which the fixed map resembles itself so much may lead to other poses that fit as well. So
#: many axes are considered, and their orders up to a largest one.
RESEMBLING, AXES, HIGHEST = 0.5, 6, 12
#: Poses that are nearly as good as the best one are candidates.
NEARLY = 0.1


def search_hands(
    problem: AlignmentProblem, *, refine: bool
) -> Generator[Progress, None, tuple[list[SearchedHand], int]]:
    """Search each hand; return what was found for each, and how many steps the alignment has in all."""
    hands = [HandSearch(problem, mirrored) for mirrored in problem.hands]
    each = problem.evaluations + (1 if refine else 0)
    total = len(hands) * each + (1 + len(hands) * BLOCKS if refine else 0)
    if refine and problem.stops_early:
        for count in (max(hand.initial for hand in hands), SHORT):
            found = yield from _each(problem, [short_search(hand, count) for hand in hands], each, total)
            settled = _settled(problem, found, searched=count >= SHORT)
            if settled is not None:
                return settled, total
    found = yield from _each(problem, [first_search(hand, refine=refine) for hand in hands], each, total)
    if refine and not problem.criterion.is_evident([hand.refined[0] for hand in found]):
        for number, mirrored in enumerate(problem.hands):
            more = second_search(problem, mirrored)
            others = yield from _renumbered(more, len(hands) * each + number * BLOCKS, total)
            found[number] = replace(found[number], refined=apart(found[number].refined + others))
    return found, total


def _each(
    problem: AlignmentProblem, branches: list[Generator[Progress, None, SearchedHand]], each: int, total: int
) -> Generator[Progress, None, list[SearchedHand]]:
    """Search the hands, in two threads if there are two."""
    # A loss of the caller may not be safe to call from two threads.
    if (
        thread_count(problem.options.threads, most=2) > 1
        and len(branches) > 1
        and isinstance(problem.options.loss, str)
    ):
        problem.prepare_for_threads(refine=True)
        branches[1] = in_background(branches[1])
    found: list[SearchedHand] = []
    try:
        for number, branch in enumerate(branches):
            found.append((yield from _renumbered(branch, number * each, total)))
    finally:
        for branch in branches:  # if this is closed early, the thread of the other hand must end too
            branch.close()
    return found


def _settled(problem: AlignmentProblem, found: list[SearchedHand], *, searched: bool) -> list[SearchedHand] | None:
    """Return the candidates, with all poses that may fit as well, if the answer is certain; otherwise None."""
    best = max((hand.refined[0] for hand in found), key=lambda candidate: candidate.quality)
    details = problem.details.at(best.moving_to_fixed)
    if details.agreement < WORTH_JUDGING[0] or details.score < WORTH_JUDGING[1]:
        return None
    if len(found) > 1 and not searched and problem.symmetry is not None and problem.symmetry.order >= SYMMETRIC:
        return None
    others = [each for hand in found for each in hand.refined if each is not best]
    if problem.evidence(best, others).probability > EARLY:
        return None
    similar = _resembling(problem, best)
    return [
        replace(hand, refined=apart(hand.refined + [each for each in similar if each.mirrored == mirrored]))
        for hand, mirrored in zip(found, problem.hands, strict=True)
    ]


def _resembling(problem: AlignmentProblem, best: Candidate) -> list[Candidate]:
    """Return other poses that may fit as well as the best one: the fixed map may resemble itself there."""
    fit = problem.coarse_fit.thinned(THINNED)
    poses = list(problem.wrong_poses(best.moving_to_fixed))
    for axis in problem.fixed_itself.comparison.axes[:AXES]:
        if axis.similarity < RESEMBLING or axis.order > HIGHEST:
            continue
        for step in range(1, axis.order):
            turn = matrix_from_rotation_vector(2 * np.pi * step / axis.order * axis.direction)
            poses.append(compose(transform_about(turn, fit.centre, fit.centre), best.moving_to_fixed))
    near = [pose for pose in poses if _allowed(problem, pose) and fit.correlation(pose) > best.quality - 3 * NEARLY]
    candidates = [_candidate(problem, pose) for pose in near]
    fitted = solved(problem, fit, candidates, tolerance=COARSE_TOLERANCE)
    return [each for each in fitted if each.quality > best.quality - NEARLY] + fitted[:1]


def _allowed(problem: AlignmentProblem, pose: Matrix) -> bool:
    return bool(np.linalg.det(pose[:, :3]) < 0) in problem.hands and problem.allows(pose[:, :3])


def _candidate(problem: AlignmentProblem, pose: Matrix) -> Candidate:
    pair = problem.working_pair
    loss = problem.distance(pair.rotated(pose[:, :3]), pair.fixed)
    return Candidate(pose, bool(np.linalg.det(pose[:, :3]) < 0), float(loss), None)


def _renumbered(branch: Generator[Progress, None, Found], before: int, total: int) -> Generator[Progress, None, Found]:
    """Count the steps of one search as steps of the whole alignment."""
    return map_steps(branch, lambda step: replace(step, done=before + step.done, total=total))
