"""The way from two surveyed maps to a pose: search, refine, judge the hand."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.comparison import HandDecision, decide_hand
from botalign.alignment.fitting import FitProblem
from botalign.alignment.losses import WorkingPair, distance_named, working_pair
from botalign.alignment.options import Options
from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import distinct, finest_useful_voxel, fit_problem, nelder_mead, rotation_loss
from botalign.alignment.result import Candidate, TracePoint
from botalign.search import search

Matrix = NDArray[np.float64]

MIRROR = np.diag([1.0, 1.0, -1.0])
#: How many distinct candidates of a search are kept, and refined.
CANDIDATES = 4
#: Candidates whose coarse correlation is this close to the best are told apart at fine sampling.
CLOSE = 0.02
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
    """

    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...]
    hand: HandDecision | None


def hands(options: Options) -> tuple[bool, ...]:
    """Return which hands to look at, the one to keep first: whether the moving map is mirrored in each."""
    kept = bool(np.linalg.det(options.start_matrix()[:, :3]) < 0)
    return (kept,) if options.hand == "keep" else (kept, not kept)


def fast(fixed: Surveyed, moving: Surveyed, options: Options) -> Generator[Progress, None, Outcome]:
    """Search either hand that is asked for, refine the candidates, judge the hand at the finest sampling."""
    pair = working_pair(fixed, moving, size=options.size)
    rng = np.random.default_rng(options.seed)
    wanted = hands(options)
    refine = options.refine or len(wanted) > 1  # unrefined poses are too far off to tell the hand by
    total = len(wanted) * options.evaluations + (1 + len(wanted) if refine else 0)
    trace: list[TracePoint] = []
    searched: list[list[Candidate]] = []
    for mirrored in wanted:
        candidates = yield from _search(pair, options, mirrored, rng, trace, total)
        searched.append(candidates)
    if not refine:
        return Outcome(tuple(searched[0]), tuple(trace), None)
    refined = []
    for number, candidates in enumerate(searched, start=1):
        refined.append(_coarse(fixed, moving, pair, candidates, options))
        yield Progress("refine", len(trace) + number, total, None, None, refined[-1][0].moving_to_fixed)
    problem, refined = _fine(fixed, moving, pair, refined)
    hand, answer = None, 0
    if len(wanted) > 1:
        as_given, mirrored_too = (refined[wanted.index(mirror)][0].moving_to_fixed for mirror in (False, True))
        hand = decide_hand(problem, as_given, mirrored_too)
        if options.hand == "auto" and hand.decision != "undetermined":
            answer = wanted.index(hand.decision == "mirrored")
    ordered = (refined if options.refine else searched)[answer]
    others = [candidate for index, candidates in enumerate(refined) if index != answer for candidate in candidates]
    yield Progress("refine", total, total, None, None, ordered[0].moving_to_fixed)
    return Outcome((*ordered, *others), tuple(trace), hand)


def _search(
    pair: WorkingPair, options: Options, mirrored: bool, rng: np.random.Generator, trace: list[TracePoint], total: int
) -> Generator[Progress, None, list[Candidate]]:
    """Search one hand; return its distinct candidates, the lowest loss first."""
    flip = MIRROR if mirrored else np.eye(3)
    distance, length_scale = distance_named(options.loss, pair, wavelet=options.wavelet, levels=options.levels)
    start = options.start_matrix()[:, :3]
    # A start of the other hand says nothing about this one, whose search begins at the identity.
    initial = start @ flip if np.linalg.det(start @ flip) > 0 else np.eye(3)
    rotations, losses = [], []
    for evaluation in search(
        lambda rotation: distance(pair.rotated(rotation @ flip), pair.fixed),
        evaluations=options.evaluations,
        length_scale=length_scale,
        initial=initial[None],
        within_degrees=options.local_degrees,
        rng=rng,
    ):
        rotations.append(evaluation.rotation)
        losses.append(evaluation.loss)
        trace.append(TracePoint(mirrored, evaluation.loss))
        yield Progress(
            "search, mirrored" if mirrored else "search", len(trace), total, evaluation.loss, evaluation.best_loss,
            pair.transform(evaluation.best_rotation @ flip),
        )  # fmt: skip
    chosen = distinct(np.array(rotations), np.array(losses), count=CANDIDATES)
    return [Candidate(pair.transform(rotations[i] @ flip), mirrored, losses[i], None) for i in chosen]


def _coarse(
    fixed: Surveyed, moving: Surveyed, pair: WorkingPair, candidates: list[Candidate], options: Options
) -> list[Candidate]:
    """Refine candidates at working size: over rotations first, then over rotation and shift. Best correlation first."""
    loss = rotation_loss(pair)
    problem = fit_problem(fixed, moving, voxel_angstrom=pair.voxel_angstrom)
    poses = [
        replace(candidate, moving_to_fixed=pair.transform(nelder_mead(loss, candidate.moving_to_fixed[:, :3])[0]))
        for candidate in candidates
    ]
    start = options.start_matrix()
    if options.start is not None and (np.linalg.det(start[:, :3]) < 0) == candidates[0].mirrored:
        poses.append(Candidate(start, candidates[0].mirrored, loss(start[:, :3]), None))
    return _solved(problem, poses)


def _solved(problem: FitProblem, candidates: list[Candidate]) -> list[Candidate]:
    """Fit rotation and shift from each candidate; best correlation first."""
    fits = []
    for candidate in candidates:
        transform, correlation = problem.solve(candidate.moving_to_fixed)
        fits.append(replace(candidate, moving_to_fixed=transform, correlation=correlation))
    return sorted(fits, key=lambda fit: -(fit.correlation or 0.0))


def _fine(
    fixed: Surveyed, moving: Surveyed, pair: WorkingPair, refined: list[list[Candidate]]
) -> tuple[FitProblem, list[list[Candidate]]]:
    """Refine the best candidates of each hand on, as finely as the maps have signal in common."""
    best = max((candidates[0] for candidates in refined), key=lambda candidate: candidate.correlation or 0.0)
    voxel = min(pair.voxel_angstrom, finest_useful_voxel(fixed, moving, best.moving_to_fixed))
    steps = [voxel]
    if pair.voxel_angstrom / voxel > LARGEST_STEP:
        steps.insert(0, float(np.sqrt(pair.voxel_angstrom * voxel)))
    results = refined
    for step in steps:
        problem = fit_problem(fixed, moving, voxel_angstrom=step)
        results = [
            _solved(problem, _close(candidates)) + [c for c in candidates if c not in _close(candidates)]
            for candidates in results
        ]
    return problem, results


def _close(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates that coarse correlation can't tell from the best, poses found twice left out."""
    least = (candidates[0].correlation or 0.0) - CLOSE
    rivals = [candidate for candidate in candidates if (candidate.correlation or 0.0) >= least]
    poses = np.array([candidate.moving_to_fixed[:, :3] for candidate in rivals])
    kept = distinct(poses, np.arange(len(rivals), dtype=float), count=CANDIDATES, separation_degrees=5.0)
    return [rivals[index] for index in kept]
