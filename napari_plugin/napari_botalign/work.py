"""Alignments off the GUI thread. Nothing here uses layers or widgets."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from botalign import (
    Alignment,
    AlignmentOptions,
    Comparison,
    DensityMap,
    InputError,
    Progress,
    Scores,
    align_steps,
    resample,
    score,
)
from napari_botalign.background import in_batches
from napari_botalign.coordinates import Matrix
from napari_botalign.layers import MapLayer, is_identity, is_mirrored

_Maps = tuple[DensityMap, DensityMap]
_Masks = tuple[DensityMap | None, DensityMap | None]


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask, and the transform to the coordinates of the map that it is for."""

    layer: MapLayer
    transform: Matrix

    def on(self, density: DensityMap) -> DensityMap:
        """Return the mask on the grid of its map.

        Raises
        ------
        InputError
            If nothing of the map is inside.
        """
        mask = resample(self.layer.density(), self.transform, density.grid)
        if not (mask.data > 0.5).any():
            raise InputError(
                f"{mask.name}: this mask does not overlap {density.name}, as displayed; move it onto the map, or "
                "choose another one."
            )
        return mask


@dataclass(frozen=True, eq=False)
class Pair:
    """A moving map, and what only holds for its alignment.

    Attributes
    ----------
    moving : MapLayer
        The map.
    displayed : ndarray, shape (3, 4)
        The transform to the fixed map that was displayed at the start.
    masks : tuple of Mask or None
        Masks of the fixed and the moving map.
    levels : tuple of float or None
        Their contour levels.
    """

    moving: MapLayer
    displayed: Matrix
    masks: tuple[Mask | None, Mask | None]
    levels: tuple[float | None, float | None]


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
    maps, masks = _inputs(fixed, pair)
    # The displayed pose is the start of a local search, and what is kept if only rotation or shift are fitted. Its hand
    # is the one to keep if the layer is mirrored.
    near = options.local_degrees is not None or not (options.rotate and options.shift)
    start = pair.displayed if near or is_mirrored(pair.displayed) else None
    options = replace(
        options, start=start, mask_fixed=masks[0], mask_moving=masks[1], contour_level_fixed=pair.levels[0],
        contour_level_moving=pair.levels[1],
        resolution=max((fixed.resolution, pair.moving.resolution), key=lambda resolution: resolution or 0),
    )  # fmt: skip
    steps = align_steps(fixed.model() or maps[0], pair.moving.model() or maps[1], options)
    result = yield from in_batches(steps, lambda: stop.applies_to(number), lambda taken: Update(number, steps=taken))
    if result is None:
        return
    before = result.before
    if not is_identity(pair.displayed):
        before = _compared(maps, masks, pair, pair.displayed, of_part=result.part is not None).scores
    yield Update(number, result=result, before=before)


def compared(fixed: MapLayer, pair: Pair, transform: Matrix, *, of_part: bool) -> Comparison:
    """Compare two maps after a transform of the moving one as an alignment does: inside their masks or the part."""
    return _compared(*_inputs(fixed, pair), pair, transform, of_part=of_part)


def _inputs(fixed: MapLayer, pair: Pair) -> tuple[_Maps, _Masks]:
    """Return the fixed and the moving map, and their masks on their grids."""
    maps = fixed.density(), pair.moving.density()
    masks = [None if mask is None else mask.on(each) for mask, each in zip(pair.masks, maps, strict=True)]
    return maps, (masks[0], masks[1])


def _compared(maps: _Maps, masks: _Masks, pair: Pair, transform: Matrix, *, of_part: bool) -> Comparison:
    return score(
        *maps, transform=transform, contour_level_first=pair.levels[0], contour_level_second=pair.levels[1],
        mask_first=masks[0], mask_second=masks[1], partial=of_part, full_sampling=False,
    )  # fmt: skip
