"""The solver for whole maps: search each hand, refine the candidates, decide the hand at the finest sampling."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from botalign.alignment.candidates import SAME, THINNED, apart, fine, regrouped, solved
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import decide_hand
from botalign.alignment.outcome import Outcome
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.sampling import fit_problem
from botalign.alignment.scale import Scale
from botalign.alignment.scale_fit import Scaled, fit_scale, is_followed, is_measured
from botalign.alignment.searches import BLOCKS, SearchedHand, first_search, second_search
from botalign.alignment.symmetry import Symmetry, nearest_equivalent, symmetry_of
from botalign.alignment.uncertainty import Errors
from botalign.alignment.verdict import mark_equals, verdict
from botalign.arrays import Matrix
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
    scaled = _at_fitted_scale(problem, fit, groups)
    if scaled is not None:
        problem = scaled.problem
        fit, groups = fine(problem, groups)
    decision, answer = decide_hand(fit, [group[0] for group in groups], choose=problem.chooses_hand)
    ordered, symmetry = hands[answer].searched, None
    if problem.options.refine:
        ordered, symmetry = _explained(problem, fit, mark_equals(fit, groups[answer]))
    others = [candidate for index, group in enumerate(groups) if index != answer for candidate in group]
    best = ordered[0].moving_to_fixed
    yield Progress("refine", total, total, moving_to_fixed=best)
    if not problem.options.refine:
        return Outcome((*ordered, *others), trace, decision)
    candidates = (*ordered, *others)
    decided = verdict(problem.evidence(fit, best), candidates, symmetry)
    errors = problem.errors(fit, best)
    scale = _checked_scale(problem, fit, best, errors) if scaled is None else scaled.record(applied=True)
    return Outcome(candidates, trace, decision, symmetry, decided, errors.pose, scale)


def _at_fitted_scale(problem: AlignmentProblem, fit: FitProblem, groups: list[list[Candidate]]) -> Scaled | None:
    """Return the problem with the moving map at the scale that fits best, if that is to be applied."""
    if problem.options.scale != "fit":
        return None
    best = max((group[0] for group in groups), key=lambda candidate: candidate.quality).moving_to_fixed
    return fit_scale(problem, fit, best, problem.errors(fit, best))


def _checked_scale(problem: AlignmentProblem, fit: FitProblem, best: Matrix, errors: Errors) -> Scale | None:
    """Return the scale of the moving map, if it is to be tested and the maps match at this scale."""
    if problem.options.scale != "check":
        return None
    if not is_followed(errors):
        return Scale(1 + errors.scale_step, errors.scale_error) if is_measured(errors) else None
    scaled = fit_scale(problem, fit, best, errors)
    if scaled is None or not scaled.problem.evidence(scaled.fit, scaled.pose).signs:
        return None
    return scaled.record()


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


def _explained(
    problem: AlignmentProblem, fit: FitProblem, candidates: list[Candidate]
) -> tuple[list[Candidate], Symmetry | None]:
    """If the symmetry of the fixed map explains the poses that fit equally well, take the one nearest to the start."""
    equals = [candidate.moving_to_fixed for candidate in candidates if candidate.as_good]
    if not equals or problem.pivot is not None:  # about another centre, equivalent poses have other shifts
        return candidates, None
    best = candidates[0]
    voxel = fit.fixed_grid.voxel_size_angstrom[0]
    itself = fit_problem(problem.fixed, problem.fixed, voxel_angstrom=voxel).thinned(THINNED)
    symmetry = symmetry_of(itself, [best.moving_to_fixed, *equals], best.correlation or 0.0)
    if symmetry is None:
        return candidates, None
    nearest = nearest_equivalent(symmetry, best.moving_to_fixed, problem.options.start_transform())
    (chosen,) = solved(problem, fit, [replace(best, moving_to_fixed=nearest)])
    others = [
        candidate
        for candidate in candidates[1:]
        if not (candidate.as_good and SAME.same(candidate.moving_to_fixed, chosen.moving_to_fixed))
    ]
    return [chosen, *others], symmetry


def _renumbered(branch: Generator[Progress, None, Found], before: int, total: int) -> Generator[Progress, None, Found]:
    """Count the steps of one search as steps of the whole alignment."""
    return map_steps(branch, lambda step: replace(step, done=before + step.done, total=total))
