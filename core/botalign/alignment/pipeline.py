"""The way from two surveyed maps to a pose: search, refine, judge the hand."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.candidates import SAME, THINNED, apart, common, fine, problem_of, solved
from botalign.alignment.common_part import judged_in_common
from botalign.alignment.comparison import decide_hand, shell_correlation
from botalign.alignment.fitting import FitProblem
from botalign.alignment.losses import WorkingPair, working_pair
from botalign.alignment.options import Options
from botalign.alignment.outcome import Outcome, Progress
from botalign.alignment.poses import Candidate
from botalign.alignment.preparation import Surveyed, common_sigma_angstrom
from botalign.alignment.refinement import fit_problem
from botalign.alignment.robust import RobustProblem
from botalign.alignment.searches import BLOCKS, SearchedHand, hands, search_hand, second_search
from botalign.alignment.shifts import shifted_pair
from botalign.alignment.symmetry import Symmetry, nearest_equivalent, symmetry_of
from botalign.alignment.uncertainty import Uncertainty, half_map_noise, uncertainty
from botalign.alignment.verdict import Judged, with_equals_marked
from botalign.geometry import geodesic_degrees
from botalign.steps import retold
from botalign.threads import ahead

Matrix = NDArray[np.float64]
Volume = NDArray[np.float32]
Found = TypeVar("Found")

#: An answer of the search that correlates as well as this is an evident copy, and no second search is made.
EVIDENT = 0.9


def fast(fixed: Surveyed, moving: Surveyed, options: Options) -> Generator[Progress, None, Outcome]:
    """Search either hand that is asked for, refine the candidates, judge the hand at the finest sampling."""
    wanted = hands(options)
    refine = _is_refined(options)
    pair = working_pair(fixed, moving, size=options.size)
    found, total = yield from searched(fixed, moving, pair, options, wanted)
    trace = tuple(point for hand in found for point in hand.trace)
    if not refine:
        return Outcome(tuple(found[0].searched), trace, None)
    if options.loss == "core":
        problem = problem_of(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
        judged = common(problem, [hand.refined for hand in found], options)
        for number, mirrored in enumerate(wanted):
            own = [candidate for candidate in judged if candidate.mirrored == mirrored]
            found[number] = replace(found[number], refined=own)
    problem, refined = fine(fixed, moving, pair, [hand.refined for hand in found], options)
    decision, answer = None, 0
    if len(wanted) > 1:
        as_given, mirrored_too = (refined[wanted.index(mirror)][0].moving_to_fixed for mirror in (False, True))
        decision = decide_hand(problem, as_given, mirrored_too)
        if options.hand == "auto" and decision.decision != "undetermined":
            answer = wanted.index(decision.decision == "mirrored")
    symmetry = None
    ordered = found[answer].searched
    if options.refine:
        ordered = with_equals_marked(problem, refined[answer])
        ordered, symmetry = _explained(fixed, problem, ordered, options)
    others = [candidate for index, candidates in enumerate(refined) if index != answer for candidate in candidates]
    yield Progress("refine", total, total, None, None, ordered[0].moving_to_fixed)
    if not options.refine:
        return Outcome((*ordered, *others), trace, decision, symmetry)
    best = ordered[0].moving_to_fixed
    about = Judged(shell_correlation(fixed, moving, best), 2 * fixed.radius_angstrom)
    if isinstance(problem, RobustProblem):  # maps that match as a whole do so in part: noise shows in less of them
        about = max(about, judged_in_common(fixed, moving, problem, best), key=lambda judged: judged.signs)
    sure = how_sure(problem, best, half_map_noises(problem, fixed, moving, options))
    return Outcome((*ordered, *others), trace, decision, symmetry, about, sure)


def searched(
    fixed: Surveyed, moving: Surveyed, pair: WorkingPair, options: Options, wanted: tuple[bool, ...]
) -> Generator[Progress, None, tuple[list[SearchedHand], int]]:
    """Search each hand that is wanted; also return how many steps the alignment has in all."""
    refine = _is_refined(options)
    shifted = shifted_pair(fixed, moving)
    branches = [search_hand(fixed, moving, pair, shifted, options, mirrored, refine) for mirrored in wanted]
    # A loss of the caller's own need not bear being called from two threads.
    if options.threads > 1 and len(branches) > 1 and isinstance(options.loss, str):
        branches[1] = ahead(branches[1])
    each = options.evaluations + (1 if refine else 0)
    total = len(wanted) * each + (1 + len(wanted) * BLOCKS if refine else 0)
    found: list[SearchedHand] = []
    try:
        for number, branch in enumerate(branches):
            found.append((yield from _renumbered(branch, number * each, total)))
    finally:
        for branch in branches:  # closed midway, the other hand's thread must end too
            branch.close()
    if refine and (options.loss == "core" or max(hand.refined[0].quality for hand in found) < EVIDENT):
        for number, mirrored in enumerate(wanted):
            more = second_search(fixed, moving, pair, shifted, options, mirrored)
            others = yield from _renumbered(more, len(wanted) * each + number * BLOCKS, total)
            found[number] = replace(found[number], refined=apart(found[number].refined + others))
    return found, total


def _is_refined(options: Options) -> bool:
    return options.refine or len(hands(options)) > 1  # unrefined poses are too far off to tell the hand by


def how_sure(problem: FitProblem, transform: Matrix, noise: tuple[Volume, Volume] | None) -> Uncertainty:
    """Return the standard errors of a fitted pose, from what the maps have in common if that was fitted."""
    if isinstance(problem, RobustProblem):
        problem = problem.agreeing(transform)
    return uncertainty(problem, transform, noise=noise)


def half_map_noises(
    problem: FitProblem, fixed: Surveyed, moving: Surveyed, options: Options
) -> tuple[Volume, Volume] | None:
    """Return the noise of both maps as the fit samples them, if their half maps are given."""
    if options.half_maps_fixed is None or options.half_maps_moving is None:
        return None
    sigma = common_sigma_angstrom(fixed, moving, problem.fixed_grid.voxel_size_angstrom[0])
    of_fixed = half_map_noise(*options.half_maps_fixed, problem.fixed_grid, sigma_angstrom=sigma)
    return of_fixed, half_map_noise(*options.half_maps_moving, problem.moving_grid, sigma_angstrom=sigma)


def _explained(
    fixed: Surveyed, problem: FitProblem, candidates: list[Candidate], options: Options
) -> tuple[list[Candidate], Symmetry | None]:
    """If the fixed map's symmetry explains the poses that fit equally well, take the one nearest to the start."""
    equals = [candidate.moving_to_fixed for candidate in candidates if candidate.as_good]
    if not equals:
        return candidates, None
    best = candidates[0]
    itself = fit_problem(fixed, fixed, voxel_angstrom=problem.fixed_grid.voxel_size_angstrom[0]).thinned(THINNED)
    symmetry = symmetry_of(itself, [best.moving_to_fixed, *equals], best.correlation or 0.0)
    if symmetry is None:
        return candidates, None
    nearest = nearest_equivalent(symmetry, best.moving_to_fixed, options.start_matrix())
    chosen = solved(problem, [replace(best, moving_to_fixed=nearest)], options)
    others = [
        candidate
        for candidate in candidates[1:]
        if not candidate.as_good
        or float(geodesic_degrees(candidate.moving_to_fixed[:, :3], chosen[0].moving_to_fixed[:, :3])) > SAME
    ]
    return chosen + others, symmetry


def _renumbered(branch: Generator[Progress, None, Found], before: int, total: int) -> Generator[Progress, None, Found]:
    """Hand on the progress of one search as part of the whole."""
    return retold(branch, lambda step: replace(step, done=before + step.done, total=total))
