"""Distances between all pairs of maps: computed with a progress bar, kept after an interruption, written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import botalign
from botalign.cli.interruption import Interrupted
from botalign.cli.long_work import run_steps
from botalign.errors import InputError
from botalign.jobs import BlockStore, Execution
from botalign.pairwise.distances import description
from botalign.pairwise.table import check_store, work_of
from botalign.progress import Progress, map_steps

#: Over rotations, more maps than this are aligned by processes: threads compete for Python's lock, but start faster.
MOST_FOR_THREADS = 12
#: What the progress bar counts: a block of work may have several pairs.
_STAGES = {"read": "reading maps", "landmarks": "landmark blocks", "pairs": "blocks of pairs"}


def execution_for(count: int, options: botalign.DistanceOptions, given: Execution) -> Execution:
    """Return what was given, or one process per core if nothing was given and there are many maps to align."""
    cores = os.cpu_count() or 1
    many = options.over_rotations and count > MOST_FOR_THREADS and cores > 1
    return Execution(processes=cores) if many and given == Execution() else given


@dataclass(frozen=True)
class AllPairs:
    """The distances between all pairs of maps, and the file for them.

    Attributes
    ----------
    maps : sequence of DensityMap or Path
        The maps.
    target : Path
        The file.
    options : DistanceOptions
        The options.
    execution : Execution
        Threads, processes or a cluster.
    """

    maps: Sequence[botalign.DensityMap | Path]
    target: Path
    options: botalign.DistanceOptions
    execution: Execution

    @cached_property
    def _description(self) -> dict[str, Any]:
        return description(self.maps, self.options)

    def earlier(self) -> botalign.DistanceTable | None:
        """Return the distances in the file if they are from the same maps, options and versions, else None."""
        is_same = self.target.exists() and work_of(self.target) == self._description
        return botalign.read_distances(self.target) if is_same else None

    def write(self, *, overwrite: bool, quiet: bool) -> botalign.DistanceTable:
        """Compute the distances with a progress bar and write them. Those that are done are kept in ``*.partial``.

        Raises
        ------
        InputError
            If the maps cannot be compared, or the file cannot be written.
        Interrupted
            After Ctrl-C; the same command resumes the computation.
        """
        check_store(self.target, overwrite=overwrite)
        for each in self.maps:
            if isinstance(each, Path):
                botalign.read_header(each)
        partial = self.target.with_name(f"{self.target.name}.partial")
        has_pairs = partial.exists()

        def note(step: Progress) -> Progress:
            nonlocal has_pairs
            has_pairs = has_pairs or (step.stage != "read" and step.done > 0)
            return step

        # Held to the end, so that no other run starts in a folder that is about to be removed.
        with BlockStore(partial, self._description) as store:
            try:
                steps = botalign.distance_steps(self.maps, self.options, self.execution, store=store)
                table = run_steps(map_steps(steps, note), lambda step: _STAGES[step.stage], quiet=quiet)
                table.write(self.target, overwrite=overwrite, work=self._description)
            except KeyboardInterrupt:
                raise Interrupted(
                    f"interrupted; finished pairs are kept in {partial}; run the same command again to resume."
                ) from None
            except InputError:
                if not has_pairs:
                    store.remove()
                raise
            store.remove()
        return table
