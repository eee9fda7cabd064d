"""Which solver a problem needs: whole maps, a part in a whole, or the published algorithm."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from botalign.alignment.copies import solve_copies
from botalign.alignment.outcome import Outcome
from botalign.alignment.paper_solver import solve_by_paper
from botalign.alignment.part_solver import solve_by_part
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import CLEARLY_PART, Part
from botalign.alignment.search_solver import solve_by_search
from botalign.progress import WHOLE, Progress, part_of_work

#: Two molecules are whole if the volume of the smaller one is at least this fraction of the other's. Between it and
#: that of a clear part, both solvers are tried.
SIMILAR = 0.7
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
    if not options.chooses_part or problem.part_fraction >= SIMILAR:
        return Solution("search", None, (yield from solve_by_search(problem)))
    # Each of the two counts as half of the work.
    whole = yield from part_of_work(solve_by_search(problem), 0, WHOLE // 2)
    best = whole.candidates[0].moving_to_fixed
    part = yield from part_of_work(solve_by_part(problem, more_starts=(best,)), WHOLE // 2, WHOLE)
    whole, part = whole.of_two(), part.of_two()
    if _is_part(whole, part):
        return Solution("part", _part(problem, "noticed"), part)
    return Solution("search", None, whole)


def reason_for_part(problem: AlignmentProblem) -> str | None:
    """Return why one map is certainly searched for as a part of the other; None if it is not, or in doubt."""
    if problem.options.is_masked:
        return "mask"
    if problem.options.partial:
        return "requested"
    return "noticed" if problem.options.chooses_part and problem.part_fraction < CLEARLY_PART else None


def _part(problem: AlignmentProblem, reason: str) -> Part:
    if problem.part_is_moving:
        return Part.of("moving", problem.moving, problem.fixed, reason)
    return Part.of("fixed", problem.fixed, problem.moving, reason)


def _is_part(whole: Outcome, part: Outcome) -> bool:
    """Whether the result for a part is better supported than that for whole maps, where both were tried.

    Mass overlaps where edges do not. So of two results that are both called certain, that for the part is taken.
    """
    ranks = [VERDICTS.index(each.verdict or VERDICTS[0]) for each in (part, whole)]
    return ranks[0] > ranks[1] or part.verdict == "certain"
