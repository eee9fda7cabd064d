"""The solver for whole maps: search each hand, refine the candidates, decide the hand at the finest sampling."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from botalign.alignment.candidates import fine, is_at_limit, regrouped, solved
from botalign.alignment.equivalents import among_equivalents, with_equivalents
from botalign.alignment.evidence import Evidence
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand, hand_name
from botalign.alignment.matching_resolution import at_matching_resolution
from botalign.alignment.outcome import Outcome
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.rounds import search_hands
from botalign.alignment.scale import Scale
from botalign.alignment.scale_fit import Scaled, fit_scale, is_followed, is_measured
from botalign.alignment.uncertainty import Errors
from botalign.alignment.verdict import LARGEST_PROBABILITY, mark_equals, verdict
from botalign.arrays import Matrix
from botalign.progress import Progress


@dataclass(frozen=True, eq=False)
class _Judged:
    """The pose by which it is judged whether the maps match.

    Attributes
    ----------
    best : Candidate
        The best candidate of the hand that fits better, whichever hand the result has.
    others : list of Candidate
        Other candidates of both hands.
    equal : list of Candidate
        Candidates that are not wrong either, beside those of the others that fit as well.
    other_hand : bool
        Whether the result has the other hand.
    """

    best: Candidate
    others: list[Candidate]
    equal: list[Candidate] = field(default_factory=list)
    other_hand: bool = False

    def evidence(self, problem: AlignmentProblem, pose: Matrix) -> Evidence:
        """Return the evidence for a match at a pose close to the best one."""
        return problem.evidence(replace(self.best, moving_to_fixed=pose), self.others, equal=self.equal)


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
    decision, answer = decide_hand(fit, [group[0] for group in groups], choose=problem.options.hand == "auto")
    ordered, symmetry = hands[answer].searched, None
    if problem.options.refine:
        ordered, symmetry = among_equivalents(
            groups[answer], problem.symmetry, fit, start=problem.options.start_transform(),
            refit=lambda candidate: solved(problem, fit, [candidate])[0],
        )  # fmt: skip
        ordered = mark_equals(fit, ordered)
    others = [candidate for index, group in enumerate(groups) if index != answer for candidate in group]
    best = ordered[0].moving_to_fixed
    yield Progress("refine", total, total, moving_to_fixed=best)
    if not problem.options.refine:
        return Outcome((*ordered, *others), trace, decision)
    candidates = (*ordered, *others)
    all_poses = with_equivalents(candidates, symmetry)
    judged = _judged(all_poses, others, decision)
    evidence = judged.evidence(problem, judged.best.moving_to_fixed)
    matches, at_limit = evidence.probability < LARGEST_PROBABILITY, is_at_limit(problem, fit, best)
    errors = problem.errors(fit, best)
    decided = verdict(
        matches, candidates, hand=decision, at_limit=at_limit, other_hand=judged.other_hand,
        undetermined=errors.pose.is_undetermined,
    )  # fmt: skip
    scale = scaled.record(applied=True) if scaled else _checked_scale(problem, fit, judged, errors, matches=matches)
    return Outcome(
        all_poses, trace, decision, symmetry, decided, errors.pose, evidence.probability, at_limit=at_limit,
        scale=scale,
    )  # fmt: skip


def _judged(poses: Sequence[Candidate], others: Sequence[Candidate], decision: HandDecision | None) -> _Judged:
    """Return by which pose it is judged whether the maps match.

    Parameters
    ----------
    poses, others : sequence of Candidate
        The candidates, the result first, and those of the other hand, the best first; the first ones have them too.
    decision : HandDecision or None
        The hand, if it was tested.
    """
    result, *rest = poses
    if decision is None or not others:
        return _Judged(result, rest)
    if decision.decision == hand_name(others[0].mirrored):
        others_of_both = [*others[1:], *(replace(each, as_good=False) for each in poses)]
        return _Judged(others[0], others_of_both, other_hand=True)
    return _Judged(result, rest, [*others[:1]] if decision.decision == "undetermined" else [])


def _at_fitted_scale(problem: AlignmentProblem, fit: FitProblem, groups: list[list[Candidate]]) -> Scaled | None:
    """Return the problem with the moving map at the scale that fits best, if that is to be applied."""
    if problem.options.scale != "fit":
        return None
    best = max((group[0] for group in groups), key=lambda candidate: candidate.quality).moving_to_fixed
    problem, fit, best = at_matching_resolution(problem, fit, best)
    return fit_scale(problem, fit, best, problem.errors(fit, best))


def _checked_scale(
    problem: AlignmentProblem, fit: FitProblem, judged: _Judged, errors: Errors, *, matches: bool
) -> Scale | None:
    """Return the scale of the moving map, if it is to be tested and the maps match at this scale.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    fit : FitProblem
        Its last fit.
    judged : _Judged
        The pose by which it is judged whether the maps match.
    errors : Errors
        The errors of the result.
    matches : bool
        Whether the maps match at scale 1.
    """
    if problem.options.scale != "check":
        return None
    pose = judged.best.moving_to_fixed
    if judged.other_hand:
        errors = problem.errors(fit, pose)
    if is_followed(errors) and problem.models != (None, None):
        # The model may only be blurred more or less than the map.
        problem, fit, pose = at_matching_resolution(problem, fit, pose)
        errors = problem.errors(fit, pose)
    if not is_followed(errors):
        return Scale(1 + errors.scale_step, errors.scale_error) if matches and is_measured(errors) else None
    scaled = fit_scale(problem, fit, pose, errors)
    if scaled is None or judged.evidence(scaled.problem, scaled.pose).probability >= LARGEST_PROBABILITY:
        return None
    return scaled.record()


def _is_refined(problem: AlignmentProblem) -> bool:
    """Whether candidates are refined: on request, or because unrefined poses are too inaccurate to decide the hand."""
    return problem.options.refine or len(problem.hands) > 1
