"""The way from two surveyed maps to a pose: search, refine, judge the hand."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.comparison import HandDecision, decide_hand, shell_correlation
from botalign.alignment.fitting import FitProblem
from botalign.alignment.losses import WorkingPair, distance_named, principal_rotations, working_pair
from botalign.alignment.options import Options
from botalign.alignment.preparation import Surveyed, common_sigma_angstrom
from botalign.alignment.refinement import distinct, finest_useful_voxel, fit_problem, nelder_mead, rotation_loss
from botalign.alignment.result import Candidate, TracePoint
from botalign.alignment.robust import RobustProblem
from botalign.alignment.shifts import ShiftedPair, shifted_pair
from botalign.alignment.symmetry import Symmetry, nearest_equivalent, symmetry_of
from botalign.alignment.uncertainty import Uncertainty, half_map_noise, uncertainty
from botalign.alignment.verdict import Judged, with_equals_marked
from botalign.geometry import (
    MIRROR,
    compose,
    geodesic_degrees,
    matrix_from_rotation_vector,
    transform_about,
    uniform_rotations,
)
from botalign.search import search
from botalign.threads import ahead

Matrix = NDArray[np.float64]
Volume = NDArray[np.float32]
Found = TypeVar("Found")

#: How many distinct candidates of a search are kept, and refined.
CANDIDATES = 6
#: Where the coarse fit stops, in degrees and voxels; the fine one goes on from there.
COARSE_TOLERANCE = 0.05
#: A candidate this many times as far from correlation 1 as the best one, before the coarse fit, is not fitted.
OUTCLASSED = 2.5
#: An answer of the search that correlates as well as this is an evident copy, and no second search is made.
EVIDENT = 0.9
#: How many rotations the second search looks at, in how many steps, and from how many of them it goes on.
EVERYWHERE, BLOCKS, BASINS = 1000, 40, 12
#: Candidates whose coarse correlation is this close to the best are told apart at fine sampling.
CLOSE = 0.02
#: How many of them at most.
RIVALS = 3
#: How far about the best pose the fit of the common part starts anew.
AROUND_DEGREES = 10.0
#: Poses less than this many degrees apart end in the same place.
SAME = 5.0
#: How many points of a map are enough to get near by, before the last fit takes all of them.
THINNED = 8_000
#: A coarse and a fine sampling further apart than this have one between them.
LARGEST_STEP = 2.5


@dataclass(frozen=True, eq=False)
class Progress:
    """How far an alignment has come.

    Attributes
    ----------
    stage : str
        ``"search"``, ``"search, mirrored"`` or ``"refine"``.
    done, total : int
        Steps done, and steps in all.
    loss, best_loss : float or None
        Loss of the last evaluation and the lowest so far, in the search.
    moving_to_fixed : ndarray, shape (3, 4)
        The best pose so far.
    """

    stage: str
    done: int
    total: int
    loss: float | None
    best_loss: float | None
    moving_to_fixed: Matrix


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method found.

    Attributes
    ----------
    candidates : tuple of Candidate
        Poses, the answer first.
    trace : tuple of TracePoint
        The evaluations of the search.
    hand : HandDecision or None
        The hand, if it was asked for.
    symmetry : Symmetry or None
        The fixed map's point group, if several poses fit equally well because of it.
    judged_by : Judged or None
        What the verdict is about, if the method gives one.
    uncertainty : Uncertainty or None
        Standard errors of the pose, if it was refined.
    """

    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    hand: HandDecision | None
    symmetry: Symmetry | None = None
    judged_by: Judged | None = None
    uncertainty: Uncertainty | None = None


def hands(options: Options) -> tuple[bool, ...]:
    """Return which hands to look at, the one to keep first: whether the moving map is mirrored in each."""
    kept = bool(np.linalg.det(options.start_matrix()[:, :3]) < 0)
    return (kept,) if options.hand == "keep" else (kept, not kept)


@dataclass(frozen=True, eq=False)
class _Hand:
    """What became of one hand: its candidates as searched and as refined, and the course of its search."""

    searched: list[Candidate]
    refined: list[Candidate]
    trace: list[TracePoint]


def start_of(options: Options, mirrored: bool) -> tuple[Matrix, float | None]:
    """Return where the search of a hand starts, and within how many degrees it stays.

    A start of the other hand says nothing about this one, which is searched everywhere, from the identity on.
    """
    if mirrored is not hands(options)[0]:
        return np.eye(3), None
    return options.start_matrix()[:, :3] @ (MIRROR if mirrored else np.eye(3)), options.local_degrees


def stream(options: Options, mirrored: bool) -> np.random.Generator:
    """Return the random numbers of one hand's search.

    What one hand finds doesn't depend on whether the other is looked at. And a pose that someone drew from the same
    seed to test the search with is not among its draws, as it would be with ``default_rng(seed)``.
    """
    return np.random.default_rng(np.random.SeedSequence(options.seed, spawn_key=(1 + mirrored,)))


def fast(fixed: Surveyed, moving: Surveyed, options: Options) -> Generator[Progress, None, Outcome]:
    """Search either hand that is asked for, refine the candidates, judge the hand at the finest sampling."""
    wanted = hands(options)
    refine = options.refine or len(wanted) > 1  # unrefined poses are too far off to tell the hand by
    pair = working_pair(fixed, moving, size=options.size)
    shifted = shifted_pair(fixed, moving)
    branches = [_one_hand(fixed, moving, pair, shifted, options, mirrored, refine) for mirrored in wanted]
    # A loss of the caller's own need not bear being called from two threads.
    if options.threads > 1 and len(branches) > 1 and isinstance(options.loss, str):
        branches[1] = ahead(branches[1])
    each = options.evaluations + (1 if refine else 0)
    total = len(wanted) * each + (1 + len(wanted) * BLOCKS if refine else 0)
    found: list[_Hand] = []
    try:
        for number, branch in enumerate(branches):
            found.append((yield from _renumbered(branch, number * each, total)))
    finally:
        for branch in branches:  # closed midway, the other hand's thread must end too
            branch.close()
    trace = tuple(point for hand in found for point in hand.trace)
    if not refine:
        return Outcome(tuple(found[0].searched), trace, None)
    if options.loss == "core" or max(hand.refined[0].quality for hand in found) < EVIDENT:
        for number, mirrored in enumerate(wanted):
            more = _second_search(fixed, moving, pair, shifted, options, mirrored)
            others = yield from _renumbered(more, len(wanted) * each + number * BLOCKS, total)
            found[number] = replace(found[number], refined=_apart(found[number].refined + others))
    if options.loss == "core":
        problem = _problem(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
        judged = _common(problem, [hand.refined for hand in found], options)
        for number, mirrored in enumerate(wanted):
            own = [candidate for candidate in judged if candidate.mirrored == mirrored]
            found[number] = replace(found[number], refined=own)
    problem, refined = _fine(fixed, moving, pair, [hand.refined for hand in found], options)
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
    sure = how_sure(problem, best, half_map_noises(problem, fixed, moving, options))
    return Outcome((*ordered, *others), trace, decision, symmetry, about, sure)


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


def _common(problem: FitProblem, hands_refined: list[list[Candidate]], options: Options) -> list[Candidate]:
    """Compare candidates of either hand at one scale, and look about the best: shares at different scales tell nothing.

    Between two domains that moved against each other lies a pose that is right for neither, at which a fit may stay.
    """
    around = []
    for best, *_ in hands_refined:
        for vector in np.radians(AROUND_DEGREES) * np.concatenate([np.eye(3), -np.eye(3)]):
            turn = transform_about(matrix_from_rotation_vector(vector), problem.centre, problem.centre)
            around.append(replace(best, moving_to_fixed=compose(turn, best.moving_to_fixed)))
    everyone = [candidate for refined in hands_refined for candidate in refined]
    return _apart(_solved(problem, everyone + around, options, tolerance=COARSE_TOLERANCE))


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
    chosen = _solved(problem, [replace(best, moving_to_fixed=nearest)], options)
    others = [
        candidate
        for candidate in candidates[1:]
        if not candidate.as_good
        or float(geodesic_degrees(candidate.moving_to_fixed[:, :3], chosen[0].moving_to_fixed[:, :3])) > SAME
    ]
    return chosen + others, symmetry


def _renumbered(branch: Generator[Progress, None, Found], before: int, total: int) -> Generator[Progress, None, Found]:
    """Hand on the progress of one search as part of the whole."""
    while True:
        try:
            step = next(branch)
        except StopIteration as stop:
            found: Found = stop.value
            return found
        yield replace(step, done=before + step.done, total=total)


def _one_hand(
    fixed: Surveyed,
    moving: Surveyed,
    pair: WorkingPair,
    shifted: ShiftedPair,
    options: Options,
    mirrored: bool,
    refine: bool,
) -> Generator[Progress, None, _Hand]:
    """Search one hand, and refine what was found at working size."""
    flip = MIRROR if mirrored else np.eye(3)
    distance, length_scale = distance_named(options.loss, pair, wavelet=options.wavelet, levels=options.levels)
    start, within_degrees = start_of(options, mirrored)
    initial = start[None]
    if options.start is None and within_degrees is None:
        initial = np.concatenate([initial, principal_rotations(pair, mirrored=mirrored) @ flip])
    rotations: list[Matrix] = []
    trace: list[TracePoint] = []
    total = options.evaluations + (1 if refine else 0)
    for evaluation in search(
        lambda rotation: distance(pair.rotated(rotation @ flip), pair.fixed),
        evaluations=options.evaluations,
        length_scale=length_scale,
        initial=initial,
        within_degrees=within_degrees,
        rng=stream(options, mirrored),
    ):
        rotations.append(evaluation.rotation)
        trace.append(TracePoint(mirrored, evaluation.loss))
        pose = pair.transform(evaluation.best_rotation @ flip)
        stage = "search, mirrored" if mirrored else "search"
        yield Progress(stage, len(trace), total, evaluation.loss, evaluation.best_loss, pose)
    losses = np.array([point.loss for point in trace])
    searched = [
        Candidate(pair.transform(rotations[i] @ flip), mirrored, float(losses[i]), None)
        for i in distinct(np.array(rotations), losses, count=CANDIDATES)
    ]
    if not refine:
        return _Hand(searched, searched, trace)
    refined = _coarse(fixed, moving, pair, shifted, searched, options)
    yield Progress("refine", total, total, None, None, refined[0].moving_to_fixed)
    return _Hand(searched, refined, trace)


def _second_search(
    fixed: Surveyed, moving: Surveyed, pair: WorkingPair, shifted: ShiftedPair, options: Options, mirrored: bool
) -> Generator[Progress, None, list[Candidate]]:
    """Look at one hand again, coarsely and everywhere, by L2 at the best shift of each rotation.

    The first search takes the centres of mass for granted, its loss weighs all details, and it looks where it has found
    something already. Where its answer is no evident copy, noise, a domain that moved or a symmetry that is nearly one
    may have led it astray.
    """
    rotations = uniform_rotations(EVERYWHERE) @ (MIRROR if mirrored else np.eye(3))
    rotations = rotations[[options.allows(linear) for linear in rotations]]
    losses: list[float] = []
    blocks = np.array_split(rotations, BLOCKS)
    for number, block in enumerate(blocks, start=1):
        losses += [shifted.best_shift(linear)[0] for linear in block]
        stage = "second search, mirrored" if mirrored else "second search"
        best = pair.transform(rotations[int(np.argmin(losses))]) if losses else options.start_matrix()
        yield Progress(stage, number, BLOCKS, None, None, best)
    near = [
        nelder_mead(lambda linear: shifted.best_shift(linear)[0], rotations[i])
        for i in distinct(rotations, np.array(losses), count=BASINS)
    ]
    near = [(linear, loss) for linear, loss in near if options.allows(linear)]
    if not near:
        return []
    ends = np.array([linear for linear, _ in near])
    found = [
        Candidate(shifted.best_shift(ends[i])[1], mirrored, near[i][1], None)
        for i in distinct(ends, np.array([loss for _, loss in near]), count=CANDIDATES)
    ]
    problem = _problem(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
    return _solved(problem, found, options, tolerance=COARSE_TOLERANCE)


def _coarse(
    fixed: Surveyed,
    moving: Surveyed,
    pair: WorkingPair,
    shifted: ShiftedPair,
    candidates: list[Candidate],
    options: Options,
) -> list[Candidate]:
    """Refine candidates at working size: over rotations first, then over rotation and shift. Best first."""
    loss = rotation_loss(pair)
    problem = _problem(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
    poses = []
    for candidate in candidates:
        linear, _ = nelder_mead(loss, candidate.moving_to_fixed[:, :3])
        if not options.allows(linear):
            linear = candidate.moving_to_fixed[:, :3]
        # The centres of mass are as good as the contours are; the correlation over all shifts needs neither.
        poses.append(replace(candidate, moving_to_fixed=shifted.best_shift(linear)[1]))
    poses = [replace(pose, correlation=problem.correlation(pose.moving_to_fixed)) for pose in poses]
    contenders, outclassed = poses, []
    if options.loss != "core":  # what has a part in common may correlate badly as a whole
        least = 1 - OUTCLASSED * (1 - max(pose.quality for pose in poses))
        contenders = [pose for pose in poses if pose.quality >= least]
        outclassed = [pose for pose in poses if pose.quality < least]
    start = options.start_matrix()
    placed = options.start is not None or options.local_degrees is not None
    if placed and (np.linalg.det(start[:, :3]) < 0) == candidates[0].mirrored:
        contenders.append(Candidate(start, candidates[0].mirrored, loss(start[:, :3]), None))
    return _apart(_solved(problem, contenders, options, tolerance=COARSE_TOLERANCE) + outclassed)


def _solved(
    problem: FitProblem, candidates: list[Candidate], options: Options, *, tolerance: float = 1e-3
) -> list[Candidate]:
    """Fit rotation and shift from each candidate, unless that leads too far from the start; best first."""
    poses = [candidate.moving_to_fixed for candidate in candidates]
    fits = problem.solve_each(poses, allowed=options.allows, tolerance=tolerance)
    fitted = [
        replace(candidate, moving_to_fixed=fit.transform, correlation=fit.correlation, share=fit.share)
        for candidate, fit in zip(candidates, fits, strict=True)
    ]
    return sorted(fitted, key=lambda candidate: -candidate.quality)


def _problem(fixed: Surveyed, moving: Surveyed, voxel_angstrom: float, options: Options) -> FitProblem:
    """Sample the maps for a fit of all there is, or of what they have in common."""
    problem = fit_problem(fixed, moving, voxel_angstrom=voxel_angstrom)
    return RobustProblem.of(problem) if options.loss == "core" else problem


def _apart(candidates: list[Candidate]) -> list[Candidate]:
    """Best first, each pose once: more than one way may have led to it."""
    poses = np.array([candidate.moving_to_fixed[:, :3] for candidate in candidates])
    scores = -np.array([candidate.quality for candidate in candidates])
    return [candidates[i] for i in distinct(poses, scores, count=len(candidates), separation_degrees=SAME)]


def _fine(
    fixed: Surveyed, moving: Surveyed, pair: WorkingPair, refined: list[list[Candidate]], options: Options
) -> tuple[FitProblem, list[list[Candidate]]]:
    """Refine the best candidates of each hand on, as finely as the maps have signal in common."""
    best = max((candidates[0] for candidates in refined), key=lambda candidate: candidate.quality)
    voxel = min(pair.voxel_angstrom, finest_useful_voxel(fixed, moving, best.moving_to_fixed))
    steps = [voxel]
    if pair.voxel_angstrom / voxel > LARGEST_STEP:
        steps.insert(0, float(np.sqrt(pair.voxel_angstrom * voxel)))
    least = best.quality - CLOSE
    results = refined
    for step in steps:
        problem = _problem(fixed, moving, step, options)
        results = [
            _polished(problem, candidates[:n], options) + candidates[n:]
            for candidates, n in ((candidates, _rivals(candidates, least)) for candidates in results)
        ]
    return problem, results


def _polished(problem: FitProblem, rivals: list[Candidate], options: Options) -> list[Candidate]:
    """Tell rivals apart at some of the points, then fit the best of them at all."""
    best, *others = _solved(problem.thinned(THINNED), rivals, options)
    return _solved(problem, [best], options) + others


def _rivals(candidates: list[Candidate], least: float) -> int:
    """Return how many of the first candidates may yet turn out the best."""
    close = sum(candidate.quality >= least for candidate in candidates[:RIVALS])
    return max(1, close)
