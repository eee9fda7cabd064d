"""All pairs of many maps: the front of the room."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from botalign.jobs import BlockStore, open_workers, versions
from botalign.maps.density_map import DensityMap
from botalign.options import options_from
from botalign.pairwise.as_given import distances_as_given
from botalign.pairwise.options import DistanceOptions, Source, sources
from botalign.pairwise.over_rotations import distances_over_rotations
from botalign.pairwise.table import DistanceTable
from botalign.progress import Progress, exhaust

Maps = Sequence[DensityMap | str | os.PathLike[str]]


def distances(
    maps: Maps,
    *,
    metric: str = "wemd",
    over_rotations: bool = False,
    mirror: bool = False,
    density: str | None = None,
    normalise: str | None = None,
    size: int = 32,
    evaluations: int = 200,
    landmarks: int = 4,
    wavelet: str = "sym3",
    scales: int = 6,
    seed: int = 0,
    threads: int | None = None,
    processes: int = 0,
    scheduler: str | None = None,
    work: str | os.PathLike[str] | None = None,
) -> DistanceTable:
    r"""Compute the distances of all pairs of a set of maps.

    As the maps lie, or, with `over_rotations`, minimised over rigid motions: then

    .. math:: \delta(V_1, V_2) = \min_T \tfrac12 \left( \|V_1 - V_2 \circ T^{-1}\| + \|V_1 \circ T - V_2\| \right) ,

    equation 1 of Levy, *Meaningful dimensionality reduction of the conformational space*, with a shift as well as a
    rotation, since the maps need not be centred. The norm is that of L2, :math:`(\int f^2)^{1/2}`, or the wavelet earth
    mover's distance; either is computed at `size` voxels a side, smoothed as that asks for.

    Parameters
    ----------
    maps : sequence of DensityMap or path-like
        The maps, or their files, which are read one by one. As they lie they must be on the same grid.
    metric : {"wemd", "l2"}, optional
        The distance.
    over_rotations : bool, optional
        Whether to minimise over rigid motions.
    mirror : bool, optional
        Whether the motions may mirror.
    density : {"contour", "whole"}, optional
        What counts of a map: the density above its contour level, by default for the WEMD, or all of it, by default for
        L2 (over rotations: less the background, in a soft ball about the molecule).
    normalise : {"mass", "none"}, optional
        Whether each map is divided by the mass that counts, by default for the WEMD, or taken as it is, by default for
        L2: then the maps must be on one scale.
    size : int, optional
        Over rotations: voxels a side.
    evaluations : int, optional
        Over rotations: how often a search evaluates the loss.
    landmarks : int, optional
        Over rotations: how many maps, evenly spaced in the order given, are aligned with every other by a search. Each
        other pair starts from the ways over these, and is searched only where they disagree. With as many as there are
        maps every pair is searched.
    wavelet, scales : str, int, optional
        Of the WEMD.
    seed : int, optional
        Seed of the searches: the same seed gives the same bits.
    threads, processes, scheduler : int, int, str, optional
        Who does the work: so many threads here; or so many processes here; or the workers of a Dask cluster whose
        scheduler has this address, as ``tcp://host:8786``. The result doesn't depend on it. A script that asks for
        processes must keep its own work behind ``if __name__ == "__main__":``.
    work : path-like, optional
        A folder for unfinished work. Called again with the same maps and options after having been killed, only what is
        missing is computed. It stays: remove it when the distances are kept.

    Returns
    -------
    DistanceTable
        Names, distances, and over rotations the motions.

    Raises
    ------
    InputError
        If there are fewer than two maps, they can't be compared, an option is out of range, or the folder holds other
        work.

    See Also
    --------
    distance_steps : The same, step by step.
    DistanceTable.write : Write the distances to a file.
    """
    return exhaust(distance_steps(**locals()))


def distance_steps(
    maps: Maps,
    *,
    threads: int | None = None,
    processes: int = 0,
    scheduler: str | None = None,
    work: str | os.PathLike[str] | BlockStore | None = None,
    **options: Any,
) -> Generator[Progress, None, DistanceTable]:
    """Compute distances a step at a time; parameters, result and errors as for :func:`distances`.

    Closing the generator between two steps cancels the work; what was done by then is in the folder `work`, which may
    be open already: a :class:`botalign.jobs.BlockStore` of what :func:`description` says, which stays open. Options
    that can't be used are refused at the call.

    Yields
    ------
    Progress
        After each block of work.

    Returns
    -------
    DistanceTable
        As the value of ``StopIteration``.
    """
    chosen = options_from(DistanceOptions, options, "distance_steps")
    return _steps(sources(maps), chosen, threads, processes, scheduler, work)


def _steps(
    found: list[Source],
    options: DistanceOptions,
    threads: int | None,
    processes: int,
    scheduler: str | None,
    work: str | os.PathLike[str] | BlockStore | None,
) -> Generator[Progress, None, DistanceTable]:
    method = distances_over_rotations if options.over_rotations else distances_as_given
    held: AbstractContextManager[BlockStore | None]
    if work is None or isinstance(work, BlockStore):
        held = nullcontext(work)
    else:
        held = BlockStore(work, _description(found, options))
    with (
        held as store,
        open_workers(threads=threads, processes=processes, scheduler=scheduler) as workers,
        open_workers(threads=threads) as readers,
    ):
        return (yield from method(found, options, workers, readers, store))


def description(maps: Maps, **options: Any) -> dict[str, Any]:
    """Return what the distances of maps depend on, as JSON can hold it: files, options, versions.

    Raises
    ------
    InputError
        As :func:`distance_steps`, and if a file is missing.
    """
    return _description(sources(maps), DistanceOptions(**options))


def _description(found: list[Source], options: DistanceOptions) -> dict[str, Any]:
    """Return what blocks of work depend on."""
    return {
        "maps": [source.identity() for source in found],
        "metric": options.metric,
        **options.as_parameters(),
        "versions": versions(),
    }
