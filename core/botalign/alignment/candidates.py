"""Refinement of candidates: at the voxel size of the search, then as finely as the maps have signal in common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.fitting import TOLERANCE, FitProblem
from botalign.alignment.losses import l2
from botalign.alignment.nelder_mead import nelder_mead
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.arrays import Matrix
from botalign.geometry import is_mirror

#: Where the coarse fit stops, in degrees and voxels; the fine fit continues from there.
COARSE_TOLERANCE = 0.05
#: Candidates whose coarse quality is this close to the best one are refined further.
CLOSE = 0.02
#: How many of them at most.
REFINED = 3
#: A hand whose quality is lower than that of the best pose by more than this is fitted briefly, at some of the points.
OUTCLASSED = 0.1
#: Refined poses within this angle count as one.
SAME = Tolerance(5.0)
#: So many points of a map are enough to approach the best pose; the last fit uses all.
THINNED = 8_000
#: If the coarse and the fine voxel size differ by more than this factor, a fit between them is made.
LARGEST_STEP = 2.5


def solved(
    problem: AlignmentProblem, fit: FitProblem, candidates: list[Candidate], *, tolerance: float = TOLERANCE,
    exact: bool = True,
) -> list[Candidate]:  # fmt: skip
    """Fit rotation and shift of each candidate, unless that leads too far from the start; best first."""
    poses = [candidate.moving_to_fixed for candidate in candidates]
    fits = fit.solve_each(poses, allowed=problem.allows, tolerance=tolerance, exact=exact)
    fitted = [
        replace(candidate, moving_to_fixed=each.transform, correlation=each.correlation, share=each.share)
        for candidate, each in zip(candidates, fits, strict=True)
    ]
    return sorted(fitted, key=lambda candidate: -candidate.quality)


def approached(
    problem: AlignmentProblem, fit: FitProblem, candidates: list[Candidate], *, tolerance: float = COARSE_TOLERANCE
) -> list[Candidate]:
    """Fit many candidates briefly; see :func:`solved`."""
    return solved(problem, fit, candidates, tolerance=tolerance, exact=False)


def is_at_limit(problem: AlignmentProblem, fit: FitProblem, pose: Matrix) -> bool:
    """Whether a fit leads from a pose within the limit about the start to one beyond it."""
    if problem.options.local_degrees is None or not problem.options.rotate:
        return False
    return not problem.allows(fit.thinned(THINNED).solve(pose)[0][:, :3])


def apart(candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates best first, of those that converged to the same pose only the best."""
    poses = [candidate.moving_to_fixed for candidate in candidates]
    losses = [-candidate.quality for candidate in candidates]
    return [candidates[i] for i in distinct(poses, losses, SAME)]


def coarse(problem: AlignmentProblem, candidates: list[Candidate]) -> list[Candidate]:
    """Refine candidates of one hand at the voxel size of the search: first the rotation, then rotation and shift."""
    pair, fit, options = problem.working_pair, problem.coarse_fit.thinned(THINNED), problem.options

    def loss(linear: Matrix) -> float:
        return l2(pair.rotated(linear), pair.fixed)

    poses = []
    for candidate in candidates:
        linear = candidate.moving_to_fixed[:, :3]
        if options.rotate:
            nearby, _ = nelder_mead(loss, linear)
            linear = nearby if problem.allows(nearby) else linear
        # The centres of mass are only as good as the contour levels; the correlation over all shifts needs neither.
        poses.append(replace(candidate, moving_to_fixed=problem.best_shift(linear)[1]))
    poses = [replace(pose, correlation=fit.correlation(pose.moving_to_fixed)) for pose in poses]
    kept, dropped = problem.criterion.split(poses)
    kept += given(problem, candidates[0].mirrored)
    return apart(approached(problem, fit, kept) + dropped)


def given(problem: AlignmentProblem, mirrored: bool) -> list[Candidate]:
    """Return the start as a candidate of a hand, as it was given, if it was and has this hand."""
    options, pair = problem.options, problem.working_pair
    start = options.start_transform()
    has_start = options.start is not None or options.local_degrees is not None or not options.rotate
    if not has_start or is_mirror(start) != mirrored:
        return []
    return [Candidate(start, mirrored, l2(pair.rotated(start[:, :3]), pair.fixed), None)]


def regrouped(problem: AlignmentProblem, groups: list[list[Candidate]]) -> list[list[Candidate]]:
    """Fit the candidates of all hands together, and further starts that the criterion asks for; one group each hand.

    The fractions of candidates can only be compared if all were fitted together.
    """
    fit = problem.coarse_fit.thinned(THINNED)
    starts = [start for group in groups for start in problem.criterion.more_starts(fit, group[0])]
    if not starts:
        return groups
    candidates = [candidate for group in groups for candidate in group]
    judged = apart(approached(problem, fit, candidates + starts))
    return [[each for each in judged if each.mirrored == group[0].mirrored] for group in groups]


def fine(problem: AlignmentProblem, groups: list[list[Candidate]]) -> tuple[FitProblem, list[list[Candidate]]]:
    """Refine the best candidates of each hand further; return the last fit too."""
    coarse_voxel = problem.working_pair.voxel_angstrom
    best = _best(groups)
    voxel = min(coarse_voxel, problem.finest_useful_voxel(best.moving_to_fixed))
    if coarse_voxel / voxel > LARGEST_STEP:
        between = problem.fit(float(np.sqrt(coarse_voxel * voxel))).thinned(THINNED)
        groups = [approached(problem, between, near) + far for near, far in (_divided(group, best) for group in groups)]
        best = _best(groups)
    fit, fitted = problem.fit(voxel), []
    for group in groups:
        near, far = _divided(group, best)
        tolerance = TOLERANCE if _matters(group, groups, best) else COARSE_TOLERANCE
        fitted.append(solved(problem, fit.thinned(THINNED), near, tolerance=tolerance) + far)
    best = _best(fitted)
    polished = [_polished(problem, fit, group) if _matters(group, fitted, best) else group for group in fitted]
    return fit, [_without_copies(group) for group in polished]


def _best(groups: list[list[Candidate]]) -> Candidate:
    return max((group[0] for group in groups), key=lambda candidate: candidate.quality)


def _divided(group: list[Candidate], best: Candidate) -> tuple[list[Candidate], list[Candidate]]:
    """Return the candidates of a hand that are nearly as good as the best of all, at least one, and the others."""
    count = max(1, sum(each.quality >= best.quality - CLOSE for each in group[:REFINED]))
    return group[:count], group[count:]


def _matters(group: list[Candidate], groups: list[list[Candidate]], best: Candidate) -> bool:
    """Whether it matters where exactly a hand fits best: the result may have it."""
    return group is groups[0] or group[0].quality > best.quality - OUTCLASSED


def _polished(problem: AlignmentProblem, fit: FitProblem, candidates: list[Candidate]) -> list[Candidate]:
    """Fit the best candidate at all points."""
    best, *others = candidates
    return solved(problem, fit, [best]) + others


def _without_copies(candidates: list[Candidate]) -> list[Candidate]:
    """Drop candidates that converged to the same pose as the first one."""
    best, *others = candidates
    return [best] + [each for each in others if not SAME.same(best.moving_to_fixed, each.moving_to_fixed)]
