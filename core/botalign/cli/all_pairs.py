"""The distances of all pairs of maps: computed with a bar, kept when stopped, written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botalign.cli.interruption import Interrupted
from botalign.cli.options import ALL_THREADS
from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import DensityMap, DistanceTable

#: More maps than these are brought together by processes: threads take turns at Python's lock, but start at once.
MANY = 12
_STAGES = {"read": "reading maps", "landmarks": "landmark pairs", "pairs": "all pairs"}


def workers(
    count: int, *, over_rotations: bool, threads: int | None, processes: int = 0, scheduler: str | None = None
) -> dict[str, Any]:
    """Return who works on so many maps, as options of :func:`botalign.distances`: who was asked for, or suits."""
    if over_rotations and count > MANY and ALL_THREADS > 1 and threads is None and scheduler is None:
        processes = processes or ALL_THREADS
    return {"threads": threads or ALL_THREADS, "processes": processes, "scheduler": scheduler}


def written_distances(
    maps: Sequence[DensityMap | Path],
    target: Path,
    *,
    options: dict[str, Any],
    workers: dict[str, Any],
    overwrite: bool,
    quiet: bool,
    reuse: bool = False,
    written: list[Path] | None = None,
) -> DistanceTable:
    """Compute distances and write them; until all are there, what is done lies in a folder beside, ``*.partial``.

    Parameters
    ----------
    maps : sequence of DensityMap or Path
        The maps.
    target : Path
        Where to.
    options, workers : dict
        Of :func:`botalign.distances`.
    overwrite : bool
        Whether to replace what is there.
    quiet : bool
        Whether to show no bar.
    reuse : bool
        Whether to take what is there, if it was computed from the same maps, by the same options and versions.
    written : list of Path, optional
        Takes `target` if it was written, and not found there.

    Raises
    ------
    InputError
        If the maps can't be compared, or the distances not written.
    Interrupted
        After Ctrl-C, if the same command goes on from there.
    """
    import botalign
    from botalign.cli.long_work import finished
    from botalign.jobs import BlockStore
    from botalign.pairwise.distances import description
    from botalign.pairwise.table import check_store, work_of

    described = None
    if reuse and target.exists():
        described = description(maps, **options)
        if work_of(target) == described:
            return botalign.read_distances(target)
    check_store(target, overwrite=overwrite)
    for each in maps:
        if isinstance(each, Path):
            botalign.read_header(each)
    partial = target.with_name(f"{target.name}.partial")
    described = described or description(maps, **options)
    begun = partial.exists()
    # Held to the end, so that nobody else begins in a folder that is about to be removed.
    with BlockStore(partial, described) as store:
        try:
            steps = botalign.distance_steps(maps, work=store, **options, **workers)
            table = finished(steps, _STAGES, quiet=quiet)
            table.write(target, overwrite=overwrite, work=described)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; what is done is kept in {partial}, give the same command again to go on."
            ) from None
        except InputError:
            if not begun and not any(partial.glob("[ps]*.npz")):  # no pair is done, so nothing is lost
                store.remove()
            raise
        if written is not None:
            written.append(target)
        store.remove()
    return table
