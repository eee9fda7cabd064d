"""Both searches of one hand: by Bayesian optimisation over rotations, and coarsely everywhere, over all shifts."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.candidates import COARSE_TOLERANCE, THINNED, coarse, problem_of, solved
from botalign.alignment.losses import WorkingPair, distance_named, principal_rotations
from botalign.alignment.options import Options
from botalign.alignment.outcome import Progress
from botalign.alignment.poses import Candidate, TracePoint
from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import distinct, nelder_mead
from botalign.alignment.shifts import ShiftedPair
from botalign.geometry import MIRROR, uniform_rotations
from botalign.search import search

Matrix = NDArray[np.float64]

#: How many distinct candidates of a search are kept, and refined.
CANDIDATES = 6
#: How many rotations the second search looks at, in how many steps, and from how many of them it goes on.
EVERYWHERE, BLOCKS, BASINS = 1000, 40, 12


def hands(options: Options) -> tuple[bool, ...]:
    """Return which hands to look at, the one to keep first: whether the moving map is mirrored in each."""
    kept = bool(np.linalg.det(options.start_matrix()[:, :3]) < 0)
    return (kept,) if options.hand == "keep" else (kept, not kept)


@dataclass(frozen=True, eq=False)
class SearchedHand:
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


def search_hand(
    fixed: Surveyed,
    moving: Surveyed,
    pair: WorkingPair,
    shifted: ShiftedPair,
    options: Options,
    mirrored: bool,
    refine: bool,
) -> Generator[Progress, None, SearchedHand]:
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
        return SearchedHand(searched, searched, trace)
    refined = coarse(fixed, moving, pair, shifted, searched, options)
    yield Progress("refine", total, total, None, None, refined[0].moving_to_fixed)
    return SearchedHand(searched, refined, trace)


def second_search(
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
    problem = problem_of(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
    return solved(problem, found, options, tolerance=COARSE_TOLERANCE)
