"""The solver for whole maps: search each hand, refine the candidates, decide the hand at the finest sampling."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TypeVar

from botalign.alignment.candidates import fine, is_at_limit, regrouped, solved
from botalign.alignment.equivalents import among_equivalents, with_equivalents
from botalign.alignment.evidence import Evidence
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand, hand_name
from botalign.alignment.outcome import Outcome
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.rounds import search_hands
from botalign.alignment.scale import Scale
from botalign.alignment.scale_fit import Scaled, fit_scale, is_followed, is_measured
from botalign.alignment.uncertainty import Errors
from botalign.alignment.verdict import LARGEST_PROBABILITY, mark_equals, verdict
from botalign.progress import Progress

Found = TypeVar("Found")


def solve_by_search(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Align two whole maps."""
    hands, total = yield from search_hands(problem, refine=_is_refined(problem))
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
    all_poses = with_equivalents(candidates, symmetry)
    evidence, mirror_fits = _judged(problem, all_poses, others, decision)
    decided = verdict(
        evidence.probability, candidates, hand=decision, at_limit=is_at_limit(problem, fit, best),
        mirror_fits=mirror_fits,
    )  # fmt: skip
    errors = problem.errors(fit, best)
    scale = _checked_scale(problem, fit, all_poses, errors) if scaled is None else scaled.record(applied=True)
    return Outcome(all_poses, trace, decision, symmetry, decided, errors.pose, evidence.probability, scale)


def _judged(
    problem: AlignmentProblem,
    poses: Sequence[Candidate],
    others: Sequence[Candidate],
    decision: HandDecision | None,
) -> tuple[Evidence, bool]:
    """Return the evidence for a match, and whether it is one of the mirror image.

    Whether the maps match is judged by the hand that fits better, whichever the result has.
    """
    if decision is None or not others:
        return problem.evidence(poses[0], poses[1:]), False
    if decision.decision == hand_name(others[0].mirrored):
        best, *rest = others
        return problem.evidence(best, [*rest, *(replace(each, as_good=False) for each in poses)]), True
    undetermined = decision.decision == "undetermined"
    return problem.evidence(poses[0], poses[1:], equal=others[:1] if undetermined else []), False


def _at_fitted_scale(problem: AlignmentProblem, fit: FitProblem, groups: list[list[Candidate]]) -> Scaled | None:
    """Return the problem with the moving map at the scale that fits best, if that is to be applied."""
    if problem.options.scale != "fit":
        return None
    best = max((group[0] for group in groups), key=lambda candidate: candidate.quality).moving_to_fixed
    return fit_scale(problem, fit, best, problem.errors(fit, best))


def _checked_scale(
    problem: AlignmentProblem, fit: FitProblem, poses: Sequence[Candidate], errors: Errors
) -> Scale | None:
    """Return the scale of the moving map, if it is to be tested and the maps match at this scale."""
    if problem.options.scale != "check":
        return None
    if not is_followed(errors):
        return Scale(1 + errors.scale_step, errors.scale_error) if is_measured(errors) else None
    scaled = fit_scale(problem, fit, poses[0].moving_to_fixed, errors)
    if scaled is None:
        return None
    evidence = scaled.problem.evidence(replace(poses[0], moving_to_fixed=scaled.pose), poses[1:])
    return scaled.record() if evidence.probability < LARGEST_PROBABILITY else None


def _is_refined(problem: AlignmentProblem) -> bool:
    """Whether candidates are refined: on request, or because unrefined poses are too inaccurate to decide the hand."""
    return problem.options.refine or len(problem.hands) > 1
