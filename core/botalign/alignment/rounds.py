"""The search for whole maps, in rounds: it ends when the answer is certain, and no other pose can fit as well.

The first round evaluates the start and the rotations that superimpose the principal axes, later ones continue by
Bayesian optimisation, and the last one searches everywhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import replace

from botalign.alignment.candidates import apart
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.resembling import mirrored_poses, resembling_poses
from botalign.alignment.searches import (
    BLOCKS,
    HandSearch,
    SearchedHand,
    first_search,
    second_search,
    short_search,
)
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.progress import Progress, in_background, map_steps
from botalign.threads import thread_count

#: Evaluations after which the answer is judged again, besides those of the first round, and all.
SHORT = 50
#: The search ends early only if the maps match, and a wrong pose fits as well with a smaller probability than this.
EARLY = 1e-6
#: Before that is computed, the details must agree so well, as a fraction and as a score; see :class:`Details`.
WORTH_JUDGING = 0.6, 30.0


def search_hands(
    problem: AlignmentProblem, *, refine: bool, brief: bool = False
) -> Generator[Progress, None, tuple[list[SearchedHand], int]]:
    """Search each hand; return what was found for each, and how many steps the alignment has in all.

    The records count the steps of both hands and of all rounds together.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    refine : bool
        Whether to refine the candidates.
    brief : bool, optional
        Whether to fit the candidates of the last round as briefly as those of the others, for a caller that refines
        them itself.
    """
    hands = len(problem.hands)
    total = hands * problem.evaluations + (hands + 1 + hands * BLOCKS if refine else 0)
    done = itertools.count(1)
    steps = _searched(problem, refine=refine, brief=brief)
    found = yield from map_steps(steps, lambda step: replace(step, done=next(done), total=total))
    return found, total


def _searched(problem: AlignmentProblem, *, refine: bool, brief: bool) -> Generator[Progress, None, list[SearchedHand]]:
    """Search each hand until the answer is certain."""
    hands = [HandSearch(problem, mirrored) for mirrored in problem.hands]
    if refine and problem.stops_early:
        for count in (max(hand.initial for hand in hands), SHORT):
            found = yield from _each(problem, [short_search(hand, count) for hand in hands])
            settled = _settled(problem, found)
            if settled is not None:
                return settled
    if refine and brief:
        last = [short_search(hand, problem.evaluations) for hand in hands]
    else:
        last = [first_search(hand, refine=refine) for hand in hands]
    found = yield from _each(problem, last)
    if refine and not problem.criterion.is_evident([hand.refined[0] for hand in found]):
        for number, mirrored in enumerate(problem.hands):
            others = yield from second_search(problem, mirrored)
            found[number] = replace(found[number], refined=apart(found[number].refined + others))
    return found


def _each(
    problem: AlignmentProblem, branches: list[Generator[Progress, None, SearchedHand]]
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
        for branch in branches:
            found.append((yield from branch))
    finally:
        for branch in branches:  # if this is closed early, the thread of the other hand must end too
            branch.close()
    return found


def _settled(problem: AlignmentProblem, found: list[SearchedHand]) -> list[SearchedHand] | None:
    """Return the candidates, with all poses that may fit as well, if the answer is certain; otherwise None."""
    best = max((hand.refined[0] for hand in found), key=lambda candidate: candidate.quality)
    details = problem.details.at(best.moving_to_fixed)
    if details.agreement < WORTH_JUDGING[0] or details.score < WORTH_JUDGING[1]:
        return None
    added = mirrored_poses(problem, best) if len(found) > 1 else []
    others = [each for hand in found for each in hand.refined if each is not best]
    evidence = problem.evidence(best, others + added)
    # Further poses would not change what the outlines explain of this one.
    if evidence.chance > EARLY or evidence.probability >= LARGEST_PROBABILITY:
        return None
    added += resembling_poses(problem, best)
    return [
        replace(hand, refined=apart(hand.refined + [each for each in added if each.mirrored == mirrored]))
        for hand, mirrored in zip(found, problem.hands, strict=True)
    ]
