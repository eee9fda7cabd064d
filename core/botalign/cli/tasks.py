"""The alignments of one run of ``botalign align``: one for each moving map, or one for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import botalign
from botalign import Alignment, DensityMap, Model
from botalign.cli import inputs
from botalign.cli.outputs import Output
from botalign.cli.running import Targets
from botalign.maps import average

#: The aligned map, the result, the figure, the weights and the curves: for each a list with one entry per alignment.
Columns = Sequence[Sequence[Output | None]]


@dataclass(frozen=True, eq=False)
class Task:
    """One alignment.

    Attributes
    ----------
    maps : tuple of Path
        The moving map, or all maps that share the transform.
    outputs : tuple of Output
        All files to write.
    targets : Targets
        The same files by kind, without the aligned maps if several maps share the transform.
    shared : tuple of Path
        Aligned maps to write if several maps share the transform.
    kept : Alignment or None
        The result of an earlier run, if all its files exist.
    """

    maps: tuple[Path, ...]
    outputs: tuple[Output, ...]
    targets: Targets
    shared: tuple[Path, ...] = ()
    kept: Alignment | None = None

    @property
    def name(self) -> str:
        """Text beside the progress bar."""
        return self.maps[0].name if len(self.maps) == 1 else f"mean of {len(self.maps)} maps"

    @property
    def may_replace(self) -> bool:
        """Whether files of an earlier run may be overwritten."""
        return any(output.replaceable for output in self.outputs)

    def load(self, chains: Sequence[str] | None) -> DensityMap | Model:
        r"""Read the moving map or chains of the moving model, or compute the mean of several maps.

        The mean has the same best fit as all maps together: :math:`\sum_k \|u - a\, v_k\|^2` equals
        :math:`\|u - a\, \bar v\|^2` times the number of maps, plus a constant at each scale :math:`a`.
        """
        if len(self.maps) == 1:
            return inputs.load(self.maps[0], chains)
        return average(map(botalign.read, self.maps))


def tasks(moving: Sequence[Path], columns: Columns, *, common: bool) -> list[Task]:
    """Return the alignments of a run."""
    if common and len(moving) > 1:
        aligned, *others = columns
        targets = Targets(None, *(None if each is None else each.path for (each,) in others))
        shared = tuple(each.path for each in aligned if each is not None)
        outputs = tuple(each for column in columns for each in column if each is not None)
        return [Task(tuple(moving), outputs, targets, shared)]
    return [
        Task(
            (path,),
            tuple(each for each in wanted if each is not None),
            Targets(*(None if each is None else each.path for each in wanted)),
        )
        for path, *wanted in zip(moving, *columns, strict=True)
    ]
