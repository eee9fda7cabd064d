"""Algorithm 1 of Singer and Yang (2024), to the letter: slow, and what the fast way is held against."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.comparison import decide_hand
from botalign.alignment.losses import LENGTH_SCALES, MARGIN, l2
from botalign.alignment.options import Options
from botalign.alignment.outcome import Outcome, Progress
from botalign.alignment.poses import Candidate, TracePoint
from botalign.alignment.preparation import Surveyed
from botalign.alignment.refinement import distinct, fit_problem, nelder_mead
from botalign.alignment.searches import hands, start_of, stream
from botalign.geometry import MIRROR, transform_about
from botalign.maps.fourier import fourier_crop, rotate_fourier
from botalign.maps.grid import Grid
from botalign.search import search
from botalign.search.steepest import steepest_descent
from botalign.transport import embed

Matrix = NDArray[np.float64]
Volume = NDArray[np.float32]

#: Side of the maps in the refinement (Section 4.2.2).
REFINED_SIDE = 32


def published(fixed: Surveyed, moving: Surveyed, options: Options) -> Generator[Progress, None, Outcome]:
    """Run Algorithm 1: PyWavelets, pymanopt, finufft, one descent an evaluation, Nelder-Mead at 32 voxels a side.

    The shift is that of the centres of the mass above the contours (Section 4.3). The mass of the maps is that above
    their contours too, since a map of mean zero has no other.
    """
    wanted = hands(options)
    total = len(wanted) * (options.evaluations + 1)
    pair = [_centred(surveyed, _side_angstrom(fixed, moving), options.size) for surveyed in (fixed, moving)]
    small = [fourier_crop(volume, min(REFINED_SIDE, options.size)) for volume in pair]
    trace: list[TracePoint] = []
    answers: list[list[Candidate]] = []
    for mirrored in wanted:
        flip = MIRROR if mirrored else np.eye(3)
        loss, length_scale = _loss(pair[0], pair[1], options)
        start, within_degrees = start_of(options, mirrored)
        rotations, losses = [], []
        for evaluation in search(
            lambda rotation, flip=flip, loss=loss: loss(rotation @ flip),  # type: ignore[misc]
            evaluations=options.evaluations,
            length_scale=length_scale,
            starts=1,
            descend=steepest_descent,
            initial=start[None],
            within_degrees=within_degrees,
            rng=stream(options, mirrored),
        ):
            rotations.append(evaluation.rotation)
            losses.append(evaluation.loss)
            trace.append(TracePoint(mirrored, evaluation.loss))
            pose = transform_about(evaluation.best_rotation @ flip, moving.centre_angstrom, fixed.centre_angstrom)
            stage = "search, mirrored" if mirrored else "search"
            done = len(trace) + len(answers)
            yield Progress(stage, done, total, evaluation.loss, evaluation.best_loss, pose)
        candidates = [
            Candidate(
                transform_about(rotations[i] @ flip, moving.centre_angstrom, fixed.centre_angstrom),
                mirrored, losses[i], None,
            )
            for i in distinct(np.array(rotations), np.array(losses), count=4)
        ]  # fmt: skip
        if options.refine:
            refined, _ = nelder_mead(
                lambda linear: l2(rotate_fourier(small[1], linear), small[0]),
                candidates[0].moving_to_fixed[:, :3],
                tolerance_degrees=0.01,
                evaluations=600,
            )
            candidates[0] = replace(
                candidates[0],
                moving_to_fixed=transform_about(refined, moving.centre_angstrom, fixed.centre_angstrom),
            )
        answers.append(candidates)
        done = len(trace) + len(answers)
        yield Progress("refine", done, total, None, None, candidates[0].moving_to_fixed)
    return _outcome(fixed, moving, answers, trace, options)


def _outcome(
    fixed: Surveyed, moving: Surveyed, answers: list[list[Candidate]], trace: list[TracePoint], options: Options
) -> Outcome:
    """Put the answer of the better hand first, if both were searched."""
    problem = fit_problem(fixed, moving, voxel_angstrom=max(fixed.voxel_angstrom, moving.voxel_angstrom))
    for candidates in answers:
        candidates[0] = replace(candidates[0], correlation=problem.correlation(candidates[0].moving_to_fixed))
    if len(answers) == 1:
        return Outcome(tuple(answers[0]), tuple(trace), None)
    best = {candidates[0].mirrored: candidates[0].moving_to_fixed for candidates in answers}
    hand = decide_hand(problem, best[False], best[True])
    if options.hand == "auto" and hand.decision == ("mirrored" if answers[1][0].mirrored else "as given"):
        answers.reverse()
    return Outcome((*answers[0], *answers[1]), tuple(trace), hand)


def _side_angstrom(fixed: Surveyed, moving: Surveyed) -> float:
    return 2 * max(fixed.radius_angstrom, moving.radius_angstrom)


def _centred(surveyed: Surveyed, side_angstrom: float, size: int) -> Volume:
    """Return the density above the contour, about its centre of mass, Fourier cropped to `size`, of mass 1."""
    side = max(size, int(np.ceil(side_angstrom / surveyed.voxel_angstrom)))
    voxel = side_angstrom / side * size / (size - 2 * MARGIN)
    grid = Grid.cube(side, voxel, surveyed.centre_angstrom)
    cropped = fourier_crop(surveyed.on(grid, sigma_angstrom=0.0, clipped=True), size)
    return cropped / np.float32(cropped.sum(dtype=np.float64))


def _loss(fixed: Volume, moving: Volume, options: Options) -> tuple[Callable[[Matrix], float], float]:
    """Return the loss over orthogonal matrices, and the length scale that goes with it."""
    if options.loss == "wemd":
        reference = embed(fixed, wavelet=options.wavelet, levels=options.levels)

        def wemd(linear: Matrix) -> float:
            turned = rotate_fourier(moving, linear)
            return float(np.abs(embed(turned, wavelet=options.wavelet, levels=options.levels) - reference).sum())

        return wemd, LENGTH_SCALES["wemd"]
    if callable(options.loss):
        distance = options.loss
        return lambda linear: distance(rotate_fourier(moving, linear), fixed), LENGTH_SCALES["wemd"]
    return lambda linear: l2(rotate_fourier(moving, linear), fixed), LENGTH_SCALES["l2"]
