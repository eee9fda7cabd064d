"""The alignment of two maps: the rooms tied together."""

from __future__ import annotations

import platform
import time
from collections.abc import Generator
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.alignment.comparison import compare
from botalign.alignment.losses import Distance
from botalign.alignment.masking import masked
from botalign.alignment.options import Options
from botalign.alignment.outcome import Progress
from botalign.alignment.paper import published
from botalign.alignment.partial import find_part
from botalign.alignment.pipeline import fast
from botalign.alignment.poses import MapReference
from botalign.alignment.preparation import Surveyed, survey
from botalign.alignment.result import Alignment
from botalign.alignment.verdict import verdict
from botalign.arguments import options_from
from botalign.errors import InputError
from botalign.geometry import identity
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.steps import exhaust
from botalign.threads import one_blas_thread

Matrix = NDArray[np.float64]

#: Boxes may differ in size by less than this factor; beyond, the voxel size of one of them is most likely wrong.
LARGEST_RATIO = 10.0


def align(
    fixed: DensityMap,
    moving: DensityMap,
    *,
    loss: str | Distance = "wemd",
    hand: str = "check",
    size: int = 32,
    evaluations: int = 200,
    refine: bool = True,
    preset: str | None = None,
    start: Alignment | ArrayLike | None = None,
    local_degrees: float | None = None,
    level_fixed: float | None = None,
    level_moving: float | None = None,
    mask_fixed: DensityMap | None = None,
    mask_moving: DensityMap | None = None,
    partial: bool = False,
    half_maps_fixed: tuple[DensityMap, DensityMap] | None = None,
    half_maps_moving: tuple[DensityMap, DensityMap] | None = None,
    wavelet: str = "sym3",
    levels: int = 6,
    seed: int = 0,
    threads: int = 1,
) -> Alignment:
    """Put one map on another, from any starting pose.

    Bayesian optimisation of the wavelet earth mover's distance over rotations (Algorithm 1 of Singer and Yang 2024),
    then local refinement of rotation and shift.

    Parameters
    ----------
    fixed, moving : DensityMap
        The map that stays and the map to be moved. Boxes, voxel sizes and origins may differ.
    loss : {"wemd", "l2", "core"} or callable, optional
        What the search minimises. With ``"core"`` the WEMD finds candidates, and a robust loss, which leaves out what
        moved, decides between them and refines: for two conformations. A callable takes the rotated moving map and the
        fixed one, arrays ``[z, y, x]`` of mass 1 and shape ``(size, size, size)``, and returns a number that isn't
        negative.
    hand : {"check", "auto", "keep"}, optional
        ``"check"`` also tries the mirror image and reports which hand is right, ``"auto"`` takes the right one,
        ``"keep"`` doesn't look.
    size : int, optional
        Voxels a side that the search works with.
    evaluations : int, optional
        How often the search evaluates the loss, for each hand.
    refine : bool, optional
        Whether to refine what the search found.
    preset : {"paper"}, optional
        Run Algorithm 1 to the letter instead: slow, and what the fast way is held against.
    start : Alignment or array_like of shape (3, 4), optional
        A motion to start from. By default the search starts from the identity and from the four ways to put the
        principal axes of one molecule onto those of the other.
    local_degrees : float, optional
        Search only within this angle of the start, or of the present pose.
    level_fixed, level_moving : float, optional
        Contour levels; suggested ones if not given.
    mask_fixed, mask_moving : DensityMap, optional
        What of either map is to be aligned: 1 there, 0 elsewhere, on any grid in the map's own space. With one of them
        only, what it holds is looked for as a part of the other map.
    partial : bool, optional
        Whether the smaller molecule is to be looked for as a part of the larger one. Then all rotations and shifts are
        looked at, by the correlation within the part; `seed` does not matter, and without `local_degrees` `start` says
        no more than which hand to keep. Another `loss`, `size`, `evaluations`, `wavelet`, `levels` or `preset` than by
        default, half maps, and no refinement are refused.
    half_maps_fixed, half_maps_moving : tuple of two DensityMap, optional
        Half maps of both maps, for their noise: the standard errors of the pose are then due to noise alone, where
        without them all counts that the maps don't have in common.
    wavelet : str, optional
        Wavelet of the WEMD.
    levels : int, optional
        Scales of the WEMD.
    seed : int, optional
        Seed of the search: the same seed gives the same bits.
    threads : int, optional
        How many threads to use; the result doesn't depend on it.

    Returns
    -------
    Alignment
        The motion, its scores, the hand.

    Raises
    ------
    InputError
        If a map is none or holds nothing to align, the boxes differ tenfold in size, an option is out of range, or two
        contradict each other.

    See Also
    --------
    align_steps : The same, step by step.
    """
    chosen = Options(
        loss=loss, hand=hand, size=size, evaluations=evaluations, refine=refine, preset=preset, start=start,
        local_degrees=local_degrees, level_fixed=level_fixed, level_moving=level_moving, mask_fixed=mask_fixed,
        mask_moving=mask_moving, partial=partial, half_maps_fixed=half_maps_fixed, half_maps_moving=half_maps_moving,
        wavelet=wavelet, levels=levels, seed=seed, threads=threads,
    )  # fmt: skip
    return exhaust(_steps(fixed, moving, chosen))


def align_steps(fixed: DensityMap, moving: DensityMap, **options: Any) -> Generator[Progress, None, Alignment]:
    """Put one map on another, a step at a time; parameters, result and errors as for :func:`align`.

    Closing the generator between two steps cancels the work. Options that can't be used are refused at the call.

    Yields
    ------
    Progress
        After each evaluation of the search and each step of the refinement.

    Returns
    -------
    Alignment
        As the value of ``StopIteration``.
    """
    return _steps(fixed, moving, options_from(Options, options, "align_steps"))


def _steps(fixed: DensityMap, moving: DensityMap, chosen: Options) -> Generator[Progress, None, Alignment]:
    """Survey the maps, find the pose, score it."""
    began = time.perf_counter()
    expect_map(fixed, "fixed")
    expect_map(moving, "moving")
    _check_sizes(fixed, moving)
    for whole, halves in ((fixed, chosen.half_maps_fixed), (moving, chosen.half_maps_moving)):
        _check_halves(whole, halves)
    a = survey(masked(fixed, chosen.mask_fixed), level=chosen.level_fixed, role="fixed")
    b = survey(masked(moving, chosen.mask_moving), level=chosen.level_moving, role="moving")
    _check_radii(a, b, fixed.name, moving.name)
    method = find_part if chosen.is_partial else fast
    if chosen.preset == "paper":
        method = published
    # Held from step to step: to set it anew for each of many small products would take longer than they do.
    with one_blas_thread():
        outcome = yield from method(a, b, chosen)
        best = outcome.candidates[0]
        before, after = compare(a, b, identity()), compare(a, b, best.moving_to_fixed)
    judged = outcome.judged_by
    decided = None if judged is None else verdict(judged, outcome.candidates, outcome.symmetry)
    return Alignment(
        moving_to_fixed=best.moving_to_fixed,
        mirrored=best.mirrored,
        fixed=MapReference(fixed.name, fixed.grid),
        moving=MapReference(moving.name, moving.grid),
        before=before.scores,
        after=after.scores,
        shells_before=before.shells,
        shells_after=after.shells,
        hand=outcome.hand,
        verdict=decided,
        symmetry=outcome.symmetry,
        uncertainty=outcome.uncertainty,
        candidates=outcome.candidates,
        trace=outcome.trace,
        parameters=chosen.as_parameters(),
        seed=chosen.seed,
        versions=_versions(),
        seconds=time.perf_counter() - began,
    )


def _check_sizes(fixed: DensityMap, moving: DensityMap) -> None:
    """Refuse boxes that can't hold the same molecule."""
    a, b = float(fixed.grid.size_angstrom.max()), float(moving.grid.size_angstrom.max())
    if max(a, b) >= LARGEST_RATIO * min(a, b):
        raise InputError(
            f"fixed map {fixed.name} is {a:.4g} A wide and moving map {moving.name} {b:.4g} A, expected sizes within a "
            f"factor of {LARGEST_RATIO:g}; is the voxel size of one of them wrong?"
        )


def _check_halves(whole: DensityMap, halves: tuple[DensityMap, DensityMap] | None) -> None:
    """Refuse a map given as a half of itself: the difference of the halves would not be their noise."""
    for half in halves or ():
        if half.grid == whole.grid and np.array_equal(half.data, whole.data):
            raise InputError(
                f"half maps: {half.name} is the same as {whole.name}, the whole map, expected a half of it; give that."
            )


def _check_radii(fixed: Surveyed, moving: Surveyed, fixed_name: str, moving_name: str) -> None:
    """Refuse molecules that can't be the same."""
    a, b = fixed.radius_angstrom, moving.radius_angstrom
    if max(a, b) >= LARGEST_RATIO * min(a, b):
        raise InputError(
            f"above its contour, fixed map {fixed_name} is {2 * a:.4g} A wide, moving map {moving_name} {2 * b:.4g} A, "
            f"expected sizes within a factor of {LARGEST_RATIO:g}; give other levels."
        )


def _versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    packages = ("botalign", "numpy", "scipy", "numba", "PyWavelets", "pymanopt", "finufft")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in packages}
