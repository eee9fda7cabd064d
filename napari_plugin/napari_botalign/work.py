"""The work that is done off the GUI thread: it touches no layer and no widget."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from botalign import Alignment, DensityMap, Grid, InputError, Progress, Scores, align_steps, resample, score
from napari_botalign.background import paced
from napari_botalign.layers import MapLayer, Matrix, mirrors, moves_nothing


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask, and the motion that takes it to the frame of the map that it is for."""

    layer: MapLayer
    motion: Matrix

    def density(self, grid: Grid) -> DensityMap:
        """Return the mask on the map's grid."""
        return resample(self.layer.density(), self.motion, grid)


@dataclass(frozen=True, eq=False)
class Pair:
    """One moving map, the motion that its layer shows when the work begins, and the masks of both maps."""

    moving: MapLayer
    shown: Matrix
    mask_fixed: Mask | None = None
    mask_moving: Mask | None = None


@dataclass(frozen=True, eq=False)
class Told:
    """What became of a pair since it was last told of: steps, in the end a result, or what went wrong."""

    number: int
    when: float = field(default_factory=time.perf_counter)
    steps: tuple[Progress, ...] = ()
    result: Alignment | None = None
    before: Scores | None = None
    error: Exception | None = None


@dataclass(eq=False)
class Stop:
    """Asks the work, from the GUI thread, to stop: all of it, or with some of the pairs."""

    everything: Event = field(default_factory=Event)
    numbers: set[int] = field(default_factory=set)

    def asked(self, number: int) -> bool:
        """Whether to stop with a pair."""
        return self.everything.is_set() or number in self.numbers


def alignments(
    fixed: MapLayer, pairs: Sequence[Pair], options: dict[str, Any], stop: Stop
) -> Generator[Told, None, None]:
    """Align maps to one, each by itself, and yield what happens.

    Errors are yielded too: what escapes from here, napari shows as a traceback.
    """
    for number, pair in enumerate(pairs):
        if stop.asked(number):
            continue
        try:
            yield from _one(number, fixed, pair, options, stop)
        except Exception as error:
            yield Told(number, error=error)
            if not isinstance(error, InputError):
                return


def _one(number: int, fixed: MapLayer, pair: Pair, options: dict[str, Any], stop: Stop) -> Generator[Told, None, None]:
    fixed_map, moving_map = fixed.density(), pair.moving.density()
    # A layer that shows its map mirrored asks for the mirrored hand, and one that stays near where it is, for a start.
    if options.get("local_degrees") is not None or mirrors(pair.shown):
        options = options | {"start": pair.shown}
    for name, mask, of in (("fixed", pair.mask_fixed, fixed), ("moving", pair.mask_moving, pair.moving)):
        if mask is not None:
            options = options | {f"mask_{name}": mask.density(of.grid)}
    steps = align_steps(fixed_map, moving_map, **options)
    result = yield from paced(steps, lambda: stop.asked(number), lambda taken: Told(number, steps=taken))
    if result is None:
        return
    before = result.before
    if not moves_nothing(pair.shown):
        levels = {
            "contour_level_first": options.get("contour_level_fixed"),
            "contour_level_second": options.get("contour_level_moving"),
        }
        before = score(fixed_map, moving_map, transform=pair.shown, **levels).scores
    yield Told(number, result=result, before=before)
