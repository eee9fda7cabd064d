"""Which solver a problem needs: whole maps, a part in a whole, or the published algorithm."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from botalign.alignment.copies import solve_copies
from botalign.alignment.outcome import Outcome
from botalign.alignment.paper_solver import solve_by_paper
from botalign.alignment.part_solver import solve_by_part
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Part, is_clearly_part
from botalign.alignment.search_solver import solve_by_search
from botalign.progress import WHOLE, Progress, part_of_work

#: With a smaller volume than this fraction of the other's, a molecule may be a part: if it is not clearly one, both
#: solvers are tried. Up to the second fraction, a part is tried if the whole maps do not match well.
SIMILAR, NEARLY_WHOLE = 0.7, 0.95
#: Whole maps match well if the match is certain, and the standard error of the rotation is below this, in degrees: what
#: one of the maps lacks makes it large. Noise does so too, so it does not count if the maps are noisy.
ACCURATE = 0.3
#: The share of the work that the first of two solvers counts as: if both are tried, and if the second one may be.
BOTH, FIRST = WHOLE // 2, 9 * WHOLE // 10
VERDICTS = ("no match", "ambiguous", "certain")


@dataclass(frozen=True, eq=False)
class Solution:
    """The method that was used, the part if one was searched for, and what was found."""

    method: str
    part: Part | None
    outcome: Outcome


def solve(problem: AlignmentProblem) -> Generator[Progress, None, Solution]:
    """Choose a solver for a problem, and solve it."""
    options = problem.options
    if options.preset == "paper":
        return Solution("paper", None, (yield from solve_by_paper(problem)))
    if options.copies is not None:
        return Solution("copies", _part(problem, "requested"), (yield from solve_copies(problem)))
    reason = reason_for_part(problem)
    if reason is not None:
        return Solution("part", _part(problem, reason), (yield from solve_by_part(problem)))
    fraction = problem.part_fraction
    if not options.chooses_part or fraction >= NEARLY_WHOLE:
        return Solution("search", None, (yield from solve_by_search(problem)))
    share = BOTH if fraction < SIMILAR else FIRST
    whole = yield from part_of_work(solve_by_search(problem), 0, share)
    if fraction >= SIMILAR and _matches_well(problem, whole):
        return Solution("search", None, whole)
    best = whole.candidates[0].moving_to_fixed
    part = yield from part_of_work(solve_by_part(problem, more_starts=(best,)), share, WHOLE)
    # Of two results that are always both judged, each counts as half; a part that is tried later does not change the
    # evidence for the whole maps.
    whole, part = whole.of_two() if fraction < SIMILAR else whole, part.of_two()
    if _is_part(whole, part):
        return Solution("part", _part(problem, "noticed"), part)
    return Solution("search", None, whole)


def reason_for_part(problem: AlignmentProblem) -> str | None:
    """Return why one map is certainly searched for as a part of the other; None if it is not, or in doubt."""
    if problem.options.is_masked:
        return "mask"
    if problem.options.partial:
        return "requested"
    return "noticed" if problem.options.chooses_part and is_clearly_part(problem.fixed, problem.moving) else None


def _part(problem: AlignmentProblem, reason: str) -> Part:
    if problem.part_is_moving:
        return Part.of("moving", problem.moving, problem.fixed, reason)
    return Part.of("fixed", problem.fixed, problem.moving, reason)


def _matches_well(problem: AlignmentProblem, whole: Outcome) -> bool:
    """Whether whole maps match so well that none is searched for as a part."""
    if whole.verdict != "certain" or whole.uncertainty is None:
        return False
    are_clear = problem.fixed.is_clear and problem.moving.is_clear
    return not are_clear or whole.uncertainty.angle_degrees < ACCURATE


def _is_part(whole: Outcome, part: Outcome) -> bool:
    """Whether the result for a part is better supported than that for whole maps, where both were tried.

    If both are called certain, the one with the smaller standard error of the rotation is taken. Mass overlaps where
    edges do not, and then the differences between whole maps are large. But two noisy maps of one molecule may only
    seem to have different volumes, and the edges use less of what they have in common.
    """
    if part.verdict != whole.verdict:
        ranks = [VERDICTS.index(each.verdict or VERDICTS[0]) for each in (part, whole)]
        return ranks[0] > ranks[1]
    if part.verdict != "certain" or whole.uncertainty is None or part.uncertainty is None:
        return False
    return part.uncertainty.angle_degrees < whole.uncertainty.angle_degrees
