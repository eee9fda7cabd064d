"""The solver of Singer and Yang (2024), Algorithm 1, unchanged: slow, and the reference for the fast one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.hand import decide_hand, hand_name
from botalign.alignment.losses import l2, length_scale
from botalign.alignment.nelder_mead import nelder_mead
from botalign.alignment.outcome import Outcome
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate, TracePoint
from botalign.alignment.survey import Surveyed
from botalign.alignment.working_pair import MARGIN
from botalign.arrays import Matrix, Volume
from botalign.geometry import MIRROR, transform_about
from botalign.maps.fourier import fourier_crop, rotate_fourier
from botalign.maps.grid import Grid
from botalign.progress import Progress
from botalign.search import search
from botalign.search.steepest import steepest_descent
from botalign.transport import wavelet_transform

#: Side of the maps in the refinement (Section 4.2.2).
REFINED_SIDE = 32
#: How many candidates are reported, and by what angle they differ at least.
CANDIDATES, SEARCHED = 4, Tolerance(15.0)


def solve_by_paper(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Run Algorithm 1: PyWavelets, pymanopt, finufft, one descent per evaluation, Nelder-Mead at 32 voxels a side.

    The shift is that of the centres of the mass above the contour levels (Section 4.3). The masses of the maps are also
    those above the contour levels, since a map with mean zero has no other.
    """
    fixed, moving, options, hands = problem.fixed, problem.moving, problem.options, problem.hands
    total = len(hands) * (problem.evaluations + 1)
    side = 2 * max(fixed.radius_angstrom, moving.radius_angstrom)
    pair = [_centred(surveyed, side, options.size) for surveyed in (fixed, moving)]
    small = [fourier_crop(volume, min(REFINED_SIDE, options.size)) for volume in pair]
    loss = _loss(pair[0], pair[1], problem)

    def transform(linear: Matrix) -> Matrix:
        return transform_about(linear, moving.centre_angstrom, fixed.centre_angstrom)

    trace: list[TracePoint] = []
    groups: list[list[Candidate]] = []
    for mirrored in hands:
        flip = MIRROR if mirrored else np.eye(3)
        start, within_degrees = problem.start(mirrored)
        rotations, losses = [], []
        for evaluation in search(
            lambda rotation, flip=flip: loss(rotation @ flip),  # type: ignore[misc]
            evaluations=problem.evaluations,
            length_scale=length_scale(problem.options.loss),
            starts=1,
            descend=steepest_descent,
            initial=start[None],
            within_degrees=within_degrees,
            rng=problem.random(mirrored),
        ):
            rotations.append(evaluation.rotation)
            losses.append(evaluation.loss)
            trace.append(TracePoint(mirrored, evaluation.loss))
            yield Progress(
                "search", len(trace) + len(groups), total, hand=hand_name(mirrored), loss=evaluation.loss,
                best_loss=evaluation.best_loss, moving_to_fixed=transform(evaluation.best_rotation @ flip),
            )  # fmt: skip
        candidates = [
            Candidate(transform(rotations[i] @ flip), mirrored, losses[i], None)
            for i in distinct(rotations, losses, SEARCHED, count=CANDIDATES)
        ]
        if options.refine:
            refined, _ = nelder_mead(
                lambda linear: l2(rotate_fourier(small[1], linear), small[0]),
                candidates[0].moving_to_fixed[:, :3],
                tolerance_degrees=0.01,
                evaluations=600,
            )
            candidates[0] = replace(candidates[0], moving_to_fixed=transform(refined))
        groups.append(candidates)
        yield Progress("refine", len(trace) + len(groups), total, moving_to_fixed=candidates[0].moving_to_fixed)
    return _outcome(problem, groups, trace)


def _outcome(problem: AlignmentProblem, groups: list[list[Candidate]], trace: list[TracePoint]) -> Outcome:
    """Put the candidates of the better hand first, if that is asked for."""
    fit = problem.fit(max(problem.fixed.voxel_angstrom, problem.moving.voxel_angstrom))
    for group in groups:
        group[0] = replace(group[0], correlation=fit.correlation(group[0].moving_to_fixed))
    decision, answer = decide_hand(fit, [group[0] for group in groups], choose=problem.options.hand == "auto")
    ordered = [groups[answer], *(group for index, group in enumerate(groups) if index != answer)]
    return Outcome(tuple(candidate for group in ordered for candidate in group), tuple(trace), decision)


def _centred(surveyed: Surveyed, side_angstrom: float, size: int) -> Volume:
    """Return the density above the contour level, around its centre of mass, Fourier cropped to `size`, of mass 1."""
    side = max(size, int(np.ceil(side_angstrom / surveyed.voxel_angstrom)))
    voxel = side_angstrom / side * size / (size - 2 * MARGIN)
    grid = Grid.cube(side, voxel, surveyed.centre_angstrom)
    cropped = fourier_crop(surveyed.on(grid, sigma_angstrom=0.0, clipped=True), size)
    return cropped / np.float32(cropped.sum(dtype=np.float64))


def _loss(fixed: Volume, moving: Volume, problem: AlignmentProblem) -> Callable[[Matrix], float]:
    """Return the loss over orthogonal matrices."""
    options = problem.options
    if options.loss == "wemd":
        reference = wavelet_transform(fixed, wavelet=options.wavelet, scales=options.scales)

        def wemd(linear: Matrix) -> float:
            rotated = wavelet_transform(rotate_fourier(moving, linear), wavelet=options.wavelet, scales=options.scales)
            return float(np.abs(rotated - reference).sum())

        return wemd
    distance = options.loss if callable(options.loss) else l2
    return lambda linear: distance(rotate_fourier(moving, linear), fixed)
