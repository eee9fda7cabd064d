"""The solver for whole maps: search each hand, refine the candidates, decide the hand at the finest sampling."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from botalign.alignment.candidates import apart, fine, regrouped, solved
from botalign.alignment.equivalents import among_equivalents, with_equivalents
from botalign.alignment.hand import decide_hand
from botalign.alignment.outcome import Outcome
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.searches import BLOCKS, SearchedHand, first_search, second_search
from botalign.alignment.verdict import mark_equals, verdict
from botalign.progress import Progress, in_background, map_steps
from botalign.threads import thread_count

Found = TypeVar("Found")


def solve_by_search(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Align two whole maps."""
    hands, total = yield from search_hands(problem)
    trace = tuple(point for hand in hands for point in hand.trace)
    if not _is_refined(problem):
        return Outcome(tuple(hands[0].searched), trace)
    fit, groups = fine(problem, regrouped(problem, [hand.refined for hand in hands]))
    decision, answer = decide_hand(fit, [group[0] for group in groups], choose=problem.chooses_hand)
    ordered, symmetry = hands[answer].searched, None
    if problem.options.refine:
        ordered, symmetry = among_equivalents(
            mark_equals(fit, groups[answer]), problem.symmetry, fit, start=problem.options.start_transform(),
            refit=lambda candidate: solved(problem, fit, [candidate])[0],
        )  # fmt: skip
    others = [candidate for index, group in enumerate(groups) if index != answer for candidate in group]
    best = ordered[0].moving_to_fixed
    yield Progress("refine", total, total, moving_to_fixed=best)
    if not problem.options.refine:
        return Outcome((*ordered, *others), trace, decision)
    candidates = (*ordered, *others)
    decided = verdict(problem.evidence(fit, best), candidates)
    candidates = with_equivalents(candidates, symmetry)
    return Outcome(candidates, trace, decision, symmetry, decided, problem.uncertainty(fit, best))


def search_hands(problem: AlignmentProblem) -> Generator[Progress, None, tuple[list[SearchedHand], int]]:
    """Search each hand; return what was found for each, and how many steps the alignment has in all."""
    options, hands, refine = problem.options, problem.hands, _is_refined(problem)
    branches = [first_search(problem, mirrored, refine=refine) for mirrored in hands]
    # A loss of the caller may not be safe to call from two threads.
    if thread_count(options.threads, most=2) > 1 and len(branches) > 1 and isinstance(options.loss, str):
        problem.prepare_for_threads(refine=refine)
        branches[1] = in_background(branches[1])
    each = problem.evaluations + (1 if refine else 0)
    total = len(hands) * each + (1 + len(hands) * BLOCKS if refine else 0)
    found: list[SearchedHand] = []
    try:
        for number, branch in enumerate(branches):
            found.append((yield from _renumbered(branch, number * each, total)))
    finally:
        for branch in branches:  # if this is closed early, the thread of the other hand must end too
            branch.close()
    if refine and not problem.criterion.is_evident([hand.refined[0] for hand in found]):
        for number, mirrored in enumerate(hands):
            more = second_search(problem, mirrored)
            others = yield from _renumbered(more, len(hands) * each + number * BLOCKS, total)
            found[number] = replace(found[number], refined=apart(found[number].refined + others))
    return found, total


def _is_refined(problem: AlignmentProblem) -> bool:
    """Whether candidates are refined: on request, or because unrefined poses are too inaccurate to decide the hand."""
    return problem.options.refine or len(problem.hands) > 1


def _renumbered(branch: Generator[Progress, None, Found], before: int, total: int) -> Generator[Progress, None, Found]:
    """Count the steps of one search as steps of the whole alignment."""
    return map_steps(branch, lambda step: replace(step, done=before + step.done, total=total))
