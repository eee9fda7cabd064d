"""What one run of ``botalign align`` has to do: an alignment for each map, or one for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import botalign
from botalign import Alignment, DensityMap
from botalign.cli.outputs import Output
from botalign.cli.resuming import kept_result
from botalign.cli.running import Targets
from botalign.maps import average

#: The outputs of an alignment: the moved map, the result, the figure, the weights.
Places = Sequence[Sequence[Output | None]]


@dataclass(frozen=True, eq=False)
class Task:
    """An alignment to make.

    Attributes
    ----------
    maps : tuple of Path
        The map to move, or all that share a motion.
    outputs : tuple of Output
        What is to be written.
    targets : Targets
        The same, by what it is; without the moved maps if several share a motion.
    shared : tuple of Path
        Where these go then.
    kept : Alignment or None
        The result, if an earlier run has left it and all that goes with it.
    """

    maps: tuple[Path, ...]
    outputs: tuple[Output, ...]
    targets: Targets
    shared: tuple[Path, ...] = ()
    kept: Alignment | None = None

    @property
    def name(self) -> str:
        """What the work is called beside the bar."""
        return self.maps[0].name if len(self.maps) == 1 else f"mean of {len(self.maps)} maps"

    @property
    def may_replace(self) -> bool:
        """Whether it goes on with what an earlier run has begun."""
        return any(output.replaceable for output in self.outputs)

    def load(self) -> DensityMap:
        r"""Return the map to align: of several, the mean.

        It fits best where the sum of the squared misfits of all is least: :math:`\sum_k \|u - a\, v_k\|^2` is that of
        the mean, :math:`\|u - a\, \bar v\|^2`, times their number, and a constant at each scale :math:`a`.
        """
        if len(self.maps) == 1:
            return botalign.read(self.maps[0])
        return average(map(botalign.read, self.maps))


def tasks(moving: Sequence[Path], places: Places, *, common: bool) -> list[Task]:
    """Return the alignments to make."""
    if common and len(moving) > 1:
        moved, *others = places
        targets = Targets(None, *(None if place is None else place.path for (place,) in others))
        shared = tuple(place.path for place in moved if place is not None)
        outputs = tuple(place for option in places for place in option if place is not None)
        return [Task(tuple(moving), outputs, targets, shared)]
    return [
        Task(
            (path,),
            tuple(place for place in wanted if place is not None),
            Targets(*(None if place is None else place.path for place in wanted)),
        )
        for path, *wanted in zip(moving, *places, strict=True)
    ]


def resumed(task: Task, fixed: Path, options: dict[str, Any]) -> Task:
    """Return a task with what an earlier run has left of it.

    Raises
    ------
    InputError
        If that was made with other options or of other maps.
    """
    result = task.targets.result
    if result is None or not result.exists():
        return task
    files = [output.path for output in task.outputs]
    kept = kept_result(result, files, fixed, task.maps[0], options)
    return replace(task, kept=kept, outputs=tuple(replace(output, replaceable=True) for output in task.outputs))
