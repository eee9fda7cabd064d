"""Distances between all pairs of maps: computed with a progress bar, kept after an interruption, written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

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
_STAGES = {"read": "reading maps", "landmarks": "landmark pairs", "pairs": "all pairs"}


def execution_for(count: int, options: botalign.DistanceOptions, given: Execution) -> Execution:
    """Return what was given, or one process per core if nothing was given and there are many maps to align."""
    cores = os.cpu_count() or 1
    many = options.over_rotations and count > MOST_FOR_THREADS and cores > 1
    return Execution(processes=cores) if many and given == Execution() else given


def write_distances(
    maps: Sequence[botalign.DensityMap | Path],
    target: Path,
    options: botalign.DistanceOptions,
    execution: Execution,
    *,
    overwrite: bool,
    quiet: bool,
    reuse: bool = False,
    written: list[Path] | None = None,
) -> botalign.DistanceTable:
    """Compute distances and write them. Until all are computed, those that are done are in the folder ``*.partial``.

    Parameters
    ----------
    maps : sequence of DensityMap or Path
        The maps.
    target : Path
        The file to write.
    options : DistanceOptions
        The options.
    execution : Execution
        Threads, processes or a cluster.
    overwrite : bool
        Whether an existing file may be overwritten.
    quiet : bool
        Whether to hide the progress bar.
    reuse : bool
        Whether to return the distances in an existing file if they are from the same maps, options and versions.
    written : list of Path, optional
        List to which `target` is added if it is written.

    Raises
    ------
    InputError
        If the maps cannot be compared, or the file cannot be written.
    Interrupted
        After Ctrl-C, if the same command resumes the computation.
    """
    described = None
    if reuse and target.exists():
        described = description(maps, options)
        if work_of(target) == described:
            return botalign.read_distances(target)
    check_store(target, overwrite=overwrite)
    for each in maps:
        if isinstance(each, Path):
            botalign.read_header(each)
    partial = target.with_name(f"{target.name}.partial")
    described = described or description(maps, options)
    has_pairs = partial.exists()

    def note(step: Progress) -> Progress:
        nonlocal has_pairs
        has_pairs = has_pairs or (step.stage != "read" and step.done > 0)
        return step

    # Held to the end, so that no other run starts in a folder that is about to be removed.
    with BlockStore(partial, described) as store:
        try:
            steps = botalign.distance_steps(maps, options, execution, store=store)
            table = run_steps(map_steps(steps, note), _STAGES, quiet=quiet)
            table.write(target, overwrite=overwrite, work=described)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; finished pairs are kept in {partial}; run the same command again to resume."
            ) from None
        except InputError:
            if not has_pairs:
                store.remove()
            raise
        if written is not None:
            written.append(target)
        store.remove()
    return table
