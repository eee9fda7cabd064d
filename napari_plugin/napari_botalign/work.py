"""Alignments off the GUI thread. Nothing here uses layers or widgets."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from botalign import (
    Alignment,
    AlignmentOptions,
    DensityMap,
    Grid,
    InputError,
    Progress,
    Scores,
    align_steps,
    resample,
    score,
)
from napari_botalign.background import in_batches
from napari_botalign.layers import MapLayer, Matrix, is_identity, is_mirrored


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask, and the transform to the coordinates of the map that it is for."""

    layer: MapLayer
    transform: Matrix

    def density(self, grid: Grid) -> DensityMap:
        """Return the mask on the grid of the map."""
        return resample(self.layer.density(), self.transform, grid)


@dataclass(frozen=True, eq=False)
class Pair:
    """A moving map, the transform to the fixed map that was displayed at the start, and the masks of both maps."""

    moving: MapLayer
    displayed: Matrix
    mask_fixed: Mask | None = None
    mask_moving: Mask | None = None


@dataclass(frozen=True, eq=False)
class Update:
    """What happened to a pair since the last update: steps, and at the end a result or an error."""

    number: int
    when: float = field(default_factory=time.perf_counter)
    steps: tuple[Progress, ...] = ()
    result: Alignment | None = None
    before: Scores | None = None
    error: Exception | None = None


@dataclass(eq=False)
class StopRequest:
    """Request from the GUI thread to stop the work: all of it, or that on some of the pairs."""

    everything: Event = field(default_factory=Event)
    numbers: set[int] = field(default_factory=set)

    def applies_to(self, number: int) -> bool:
        """Whether to stop the work on a pair."""
        return self.everything.is_set() or number in self.numbers


def alignments(
    fixed: MapLayer, pairs: Sequence[Pair], options: AlignmentOptions, stop: StopRequest
) -> Generator[Update, None, None]:
    """Align each moving map to the fixed one, and yield updates.

    Errors are yielded too, because napari shows a raised one with its traceback.
    """
    for number, pair in enumerate(pairs):
        if stop.applies_to(number):
            continue
        try:
            yield from _align_pair(number, fixed, pair, options, stop)
        except Exception as error:
            yield Update(number, error=error)
            if not isinstance(error, InputError):
                return


def _align_pair(
    number: int, fixed: MapLayer, pair: Pair, options: AlignmentOptions, stop: StopRequest
) -> Generator[Update, None, None]:
    fixed_map, moving_map = fixed.density(), pair.moving.density()
    # The displayed pose is the start of a local search. Its hand is the one to keep if the layer is mirrored.
    start = pair.displayed if options.local_degrees is not None or is_mirrored(pair.displayed) else None
    masks = ((pair.mask_fixed, fixed), (pair.mask_moving, pair.moving))
    mask_fixed, mask_moving = (None if mask is None else mask.density(of.grid) for mask, of in masks)
    options = replace(options, start=start, mask_fixed=mask_fixed, mask_moving=mask_moving)
    steps = align_steps(fixed_map, moving_map, options)
    result = yield from in_batches(steps, lambda: stop.applies_to(number), lambda taken: Update(number, steps=taken))
    if result is None:
        return
    before = result.before
    if not is_identity(pair.displayed):
        before = score(
            fixed_map, moving_map, transform=pair.displayed, contour_level_first=options.contour_level_fixed,
            contour_level_second=options.contour_level_moving,
            mask_first=mask_fixed, mask_second=mask_moving,
        ).scores  # fmt: skip
    yield Update(number, result=result, before=before)
