"""The alignment of two maps."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from functools import partial

from numpy.typing import ArrayLike

from botalign.alignment.chain_fits import fits_at_pose, fits_of_copies
from botalign.alignment.inputs import maps_of
from botalign.alignment.losses import Distance
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import MapReference
from botalign.alignment.result import Alignment
from botalign.alignment.scoring import compare
from botalign.alignment.solving import Solution, solve
from botalign.alignment.versions import versions
from botalign.geometry import compose, identity, scaling
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.options import options_from
from botalign.progress import Progress, exhaust, map_steps
from botalign.threads import one_blas_thread, run_in_threads, thread_count


def align(
    fixed: DensityMap | Model,
    moving: DensityMap | Model,
    *,
    loss: str | Distance = "wemd",
    hand: str = "check",
    scale: str = "check",
    size: int = 32,
    evaluations: int | None = None,
    refine: bool = True,
    preset: str | None = None,
    start: Alignment | ArrayLike | None = None,
    rotate: bool = True,
    shift: bool = True,
    local_degrees: float | None = None,
    contour_level_fixed: float | None = None,
    contour_level_moving: float | None = None,
    mask_fixed: DensityMap | None = None,
    mask_moving: DensityMap | None = None,
    partial: bool | None = None,
    resolution: float | None = None,
    copies: int | str | None = None,
    half_maps_fixed: tuple[DensityMap, DensityMap] | None = None,
    half_maps_moving: tuple[DensityMap, DensityMap] | None = None,
    wavelet: str = "sym3",
    scales: int = 6,
    seed: int = 0,
    threads: int | None = None,
) -> Alignment:
    """Align one map or atomic model to another, from any starting pose.

    A search over rotations by Bayesian optimisation of the wavelet earth mover's distance, then local refinement of
    rotation and shift.

    Parameters
    ----------
    fixed, moving : DensityMap or Model
        The map that stays and the map that moves. Boxes, voxel sizes and origins may differ. An atomic model is
        compared by its simulated map, and needs `resolution`; it is never mirrored.
    loss : {"wemd", "l2", "core"} or callable, optional
        Loss that the search minimises. ``"core"`` is for two conformations: the search minimises the WEMD, and a robust
        loss, which leaves out what moved, ranks and refines the candidates. A callable takes the rotated moving map and
        the fixed map, arrays ``[z, y, x]`` of mass 1 and shape ``(size, size, size)``, and returns a number of at least
        0.
    hand : {"check", "auto", "keep"}, optional
        ``"check"`` also searches with the mirrored map and reports which hand fits better, ``"auto"`` uses the better
        hand, ``"keep"`` does not test the other hand.
    scale : {"check", "fit", "keep"}, optional
        ``"check"`` also estimates by which factor the moving map should be larger, because the voxel size of one of the
        maps may be wrong; ``"fit"`` scales the moving map by this factor, so that the transform is a similarity;
        ``"keep"`` does not test it. Atomic models are never scaled, and only whole maps are: for parts, ``"check"``
        reports which voxel size would be right.
    size : int, optional
        Side in voxels of the box used by the search.
    evaluations : int, optional
        Evaluations of the loss in the search, for each hand. By default the search ends when the answer is certain and
        no other pose can fit as well, or after 200.
    refine : bool, optional
        Whether to refine the candidates of the search.
    preset : {"paper"}, optional
        ``"paper"`` runs the published algorithm unchanged. It is slow, and the reference for the fast solver.
    start : Alignment or array_like of shape (3, 4), optional
        Transform to start from. By default the search starts from the identity and from the four rotations that
        superimpose the principal axes of the two molecules.
    rotate : bool, optional
        Whether to search over rotations. If not, the moving map keeps the rotation of the start, and only its shift is
        found; the hand is not tested.
    shift : bool, optional
        Whether to fit the shift. If not, the moving map rotates about its centre of mass, which stays where the start
        puts it.
    local_degrees : float, optional
        Search only within this angle of the start, or of the current pose if there is no start.
    contour_level_fixed, contour_level_moving : float, optional
        Contour levels. By default they are suggested by :func:`botalign.contour_level` of the smoothed maps.
    mask_fixed, mask_moving : DensityMap, optional
        Masks of the parts to align: 1 inside, 0 outside, on any grid in the coordinates of the map. With a mask for one
        map only, the masked region is searched for as a part of the other map.
    partial : bool, optional
        Whether one map shows a part of the other, which is then searched for over all rotations and shifts, by the
        edges inside the part. By default this is decided: if the volume of the smaller molecule is less than half that
        of the larger one (30% if noise makes the volumes uncertain), it is a part; up to 70%, both are tried, and up to
        95%, a part is tried if the whole maps do not match well; the better-supported result is returned. For a part,
        `seed` has no effect, and without `local_degrees` the start is one of the candidates; it is the result if it is
        within the error of the best pose. `preset`, half maps, ``refine=False``, and values of `loss`, `size`,
        `evaluations`, `wavelet` and `scales` other than the defaults are for whole maps only.
    resolution : float, optional
        Resolution in angstrom of the map that an atomic model is aligned with.
    copies : int or "auto", optional
        Place so many copies of the moving map, which is a part of the fixed one, or ``"auto"`` to place all that are
        above the noise. They are refined together, and are the attribute `copies` of the result. Fewer are placed if
        fewer fit. What holds for `partial` holds here too.
    half_maps_fixed, half_maps_moving : tuple of two DensityMap, optional
        Half maps of both maps. The standard errors are then due to noise alone; without them every difference between
        the maps counts as noise.
    wavelet : str, optional
        Wavelet of the WEMD.
    scales : int, optional
        Scales of the WEMD.
    seed : int, optional
        Seed of the search: the same seed gives the same result, bit for bit.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on it.

    Returns
    -------
    Alignment
        The transform, its scores, the hand, and the verdict.

    Raises
    ------
    InputError
        If an input is neither a DensityMap nor a Model or is empty, the sizes of the two differ tenfold, an option is
        out of range or missing, two options contradict each other, or copies of the larger molecule are asked for.

    See Also
    --------
    align_steps : The same, as a generator.
    score : Compare two maps without moving them.

    Notes
    -----
    Whole molecules are compared above their contour levels. Two conformations with a large movement need
    ``loss="core"``. A part fails where it has no edges at the resolution of the maps: a small domain at 20 A. The
    verdict of the result reports whether the alignment is certain.

    References
    ----------
    .. [1] A. Singer and R. Yang, "Alignment of density maps in Wasserstein distance", Biological Imaging 4 (2024), e5.

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(32, voxel_size_angstrom=4.0)
    >>> moving = botalign.phantom(32, voxel_size_angstrom=4.0, transform=[[0, -1, 0, 5], [1, 0, 0, 0], [0, 0, 1, 0]])
    >>> result = botalign.align(fixed, moving)
    >>> result.verdict
    'certain'
    >>> f"{result.angle_degrees:.1f}"
    '90.0'
    """
    return exhaust(align_steps(fixed, moving, options_from(AlignmentOptions, locals())))


def align_steps(
    fixed: DensityMap | Model, moving: DensityMap | Model, options: AlignmentOptions | None = None
) -> Generator[Progress, None, Alignment]:
    """Align one map to another in steps; result and errors are those of :func:`align`.

    Closing the generator between two steps cancels the alignment.

    Parameters
    ----------
    fixed, moving : DensityMap or Model
        The map that stays and the map that moves.
    options : AlignmentOptions, optional
        Options; by default those of :func:`align`.

    Returns
    -------
    Alignment
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each evaluation of the search and each step of the refinement. The stages are ``"search"``, ``"second
        search"``, ``"refine"``, and at the end ``"scores"``, before the scores are computed.

    See Also
    --------
    align : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(32, voxel_size_angstrom=4.0)
    >>> steps = botalign.align_steps(fixed, fixed, botalign.AlignmentOptions(evaluations=20))
    >>> step = next(steps)
    >>> step.stage, step.done
    ('search', 1)
    >>> steps.close()
    """
    options = options or AlignmentOptions()
    began = time.perf_counter()
    maps = maps_of(fixed, moving, options)
    models = (fixed if isinstance(fixed, Model) else None, moving if isinstance(moving, Model) else None)
    problem = AlignmentProblem.of(*maps, options, models=models)
    # Held from step to step: to set it again for each of many small products would take longer than they do.
    with one_blas_thread():
        solution = yield from _with_scores(solve(problem))
        outcome = solution.outcome
        best = outcome.candidates[0]
        scale, moving_map = outcome.scale, problem.moving
        candidates = outcome.candidates
        if scale is not None and scale.applied:
            moving_map = moving_map.scaled(scale.value)
            first = scaling(scale.value, moving_map.centre_angstrom)
            candidates = tuple(
                replace(each, moving_to_fixed=compose(each.moving_to_fixed, first)) for each in candidates
            )
        part = None if solution.part is None else ("fixed", "moving").index(solution.part.role)
        compared = ((problem.moving, identity()), (moving_map, best.moving_to_fixed))
        before, after = run_in_threads(
            [partial(compare, problem.fixed, each, pose, part=part) for each, pose in compared],
            thread_count(options.threads),
        )
        copies = None if outcome.copies is None else fits_of_copies(problem, outcome.copies)
        if copies is None:
            chains = fits_at_pose(problem, candidates[0].moving_to_fixed, of_part=part is not None)
        else:
            chains = copies.placed[0].chain_fits
    written = () if models[1] is None else models[1].written_chains
    return Alignment(
        method=solution.method,
        moving_to_fixed=candidates[0].moving_to_fixed,
        mirrored=best.mirrored,
        fixed=_reference(maps[0], fixed, options.contour_level_fixed, options.mask_fixed),
        moving=_reference(maps[1], moving, options.contour_level_moving, options.mask_moving),
        before=before.scores,
        after=after.scores,
        shells_before=before.shells,
        shells_after=after.shells,
        part=solution.part,
        hand=outcome.hand,
        verdict=outcome.verdict,
        probability=outcome.probability,
        at_limit=outcome.at_limit,
        symmetry=outcome.symmetry,
        uncertainty=outcome.uncertainty,
        scale=scale,
        candidates=candidates,
        copies=None if copies is None else copies.named(written),
        chain_fits=chains,
        trace=outcome.trace,
        parameters=options.as_parameters(),
        seed=options.seed,
        versions=versions(),
        seconds=time.perf_counter() - began,
    )


def _with_scores(steps: Generator[Progress, None, Solution]) -> Generator[Progress, None, Solution]:
    """Run a solver, and yield one more record for the scores."""
    last = Progress("search", 0, 1)

    def keep(step: Progress) -> Progress:
        nonlocal last
        last = step
        return step

    solution = yield from map_steps(steps, keep)
    yield replace(last, stage="scores", done=last.total, hand=None, loss=None)
    return solution


def _reference(
    density_map: DensityMap, given: DensityMap | Model, contour_level: float | None, mask: DensityMap | None
) -> MapReference:
    return MapReference(
        density_map.name, density_map.grid, contour_level=contour_level, mask=None if mask is None else mask.name,
        model=isinstance(given, Model), chains=given.chains if isinstance(given, Model) else (),
    )  # fmt: skip
