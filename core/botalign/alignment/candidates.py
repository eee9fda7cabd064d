"""Candidates of either hand: fitted, compared, taken on to the finest sampling."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.losses import WorkingPair
from botalign.alignment.options import Options
from botalign.alignment.poses import Candidate
from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import distinct, finest_useful_voxel, fit_problem, nelder_mead, rotation_loss
from botalign.alignment.robust import RobustProblem
from botalign.alignment.shifts import ShiftedPair
from botalign.geometry import compose, geodesic_degrees, matrix_from_rotation_vector, transform_about

#: Where the coarse fit stops, in degrees and voxels; the fine one goes on from there.
COARSE_TOLERANCE = 0.05
#: A candidate this many times as far from correlation 1 as the best one, before the coarse fit, is not fitted.
OUTCLASSED = 2.5
#: Candidates whose coarse correlation is this close to the best are told apart at fine sampling.
CLOSE = 0.02
#: How many of them at most.
RIVALS = 3
#: How far about the best pose the fit of the common part starts anew: beyond the reach of a fit, too.
AROUND_DEGREES = (10.0, 30.0)
#: Poses less than this many degrees apart end in the same place.
SAME = 5.0
#: How many points of a map are enough to get near by, before the last fit takes all of them.
THINNED = 8_000
#: A coarse and a fine sampling further apart than this have one between them.
LARGEST_STEP = 2.5


def problem_of(fixed: Surveyed, moving: Surveyed, voxel_angstrom: float, options: Options) -> FitProblem:
    """Sample the maps for a fit of all there is, or of what they have in common."""
    problem = fit_problem(fixed, moving, voxel_angstrom=voxel_angstrom)
    return RobustProblem.of(problem) if options.loss == "core" else problem


def solved(
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


def apart(candidates: list[Candidate]) -> list[Candidate]:
    """Best first, each pose once: more than one way may have led to it."""
    poses = np.array([candidate.moving_to_fixed[:, :3] for candidate in candidates])
    scores = -np.array([candidate.quality for candidate in candidates])
    return [candidates[i] for i in distinct(poses, scores, count=len(candidates), separation_degrees=SAME)]


def coarse(
    fixed: Surveyed,
    moving: Surveyed,
    pair: WorkingPair,
    shifted: ShiftedPair,
    candidates: list[Candidate],
    options: Options,
) -> list[Candidate]:
    """Refine candidates at working size: over rotations first, then over rotation and shift. Best first."""
    loss = rotation_loss(pair)
    problem = problem_of(fixed, moving, pair.voxel_angstrom, options).thinned(THINNED)
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
    return apart(solved(problem, contenders, options, tolerance=COARSE_TOLERANCE) + outclassed)


def common(problem: FitProblem, hands_refined: list[list[Candidate]], options: Options) -> list[Candidate]:
    """Compare candidates of either hand at one scale, and look about the best: shares at different scales tell nothing.

    Between two domains that moved against each other lies a pose that is right for neither, at which a fit may stay.
    """
    around = []
    for best, *_ in hands_refined:
        for angle, axis in itertools.product(np.radians(AROUND_DEGREES), np.concatenate([np.eye(3), -np.eye(3)])):
            turn = transform_about(matrix_from_rotation_vector(angle * axis), problem.centre, problem.centre)
            around.append(replace(best, moving_to_fixed=compose(turn, best.moving_to_fixed)))
    everyone = [candidate for refined in hands_refined for candidate in refined]
    return apart(solved(problem, everyone + around, options, tolerance=COARSE_TOLERANCE))


def fine(
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
        problem = problem_of(fixed, moving, step, options)
        results = [
            _polished(problem, candidates[:n], options) + candidates[n:]
            for candidates, n in ((candidates, _rivals(candidates, least)) for candidates in results)
        ]
    return problem, results


def _polished(problem: FitProblem, rivals: list[Candidate], options: Options) -> list[Candidate]:
    """Tell rivals apart at some of the points, then fit the best of them at all; who ends where it does is no rival."""
    best, *others = solved(problem.thinned(THINNED), rivals, options)
    (answer,) = solved(problem, [best], options)
    rotation = answer.moving_to_fixed[:, :3]
    return [answer] + [each for each in others if geodesic_degrees(rotation, each.moving_to_fixed[:, :3]) >= SAME]


def _rivals(candidates: list[Candidate], least: float) -> int:
    """Return how many of the first candidates may yet turn out the best."""
    close = sum(candidate.quality >= least for candidate in candidates[:RIVALS])
    return max(1, close)
