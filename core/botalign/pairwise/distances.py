"""The distances between all pairs of many maps."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Any

from botalign.jobs import BlockStore, Execution, open_workers, opened_store, versions
from botalign.maps.density_map import DensityMap
from botalign.options import options_from
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.over_rotations import distances_over_rotations
from botalign.pairwise.sources import Source, sources
from botalign.pairwise.table import DistanceTable
from botalign.pairwise.without_alignment import distances_without_alignment
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
    processes: int | None = None,
    scheduler: str | None = None,
    work: str | os.PathLike[str] | None = None,
) -> DistanceTable:
    r"""Compute the distances between all pairs of maps.

    By default the maps are compared without alignment. With `over_rotations`, the distance between two maps is the
    minimum over rotations and shifts :math:`T`,

    .. math:: \delta(V_1, V_2) = \min_T \tfrac12 \left( \|V_1 - V_2 \circ T^{-1}\| + \|V_1 \circ T - V_2\| \right) ,

    as defined in [1]_, extended by the shift and made symmetric. The norm is that of the wavelet earth mover's distance
    (WEMD) or L2, :math:`(\int f^2)^{1/2}`.

    Parameters
    ----------
    maps : sequence of DensityMap or path-like
        Maps or their files, which are read one at a time. Without `over_rotations` they must have the same grid.
    metric : {"wemd", "l2"}, optional
        Norm of the distance.
    over_rotations : bool, optional
        Whether to minimise over rotations and shifts.
    mirror : bool, optional
        Whether to minimise over both hands too.
    density : {"contour", "whole"}, optional
        Density to compare: that above the contour level (default for the WEMD), or all (default for L2). With
        `over_rotations`, all density means that inside a soft ball around the molecule, minus the background.
    normalise : {"mass", "none"}, optional
        Whether to divide each map by its mass (default for the WEMD) or not (default for L2, where the maps must be on
        the same scale).
    size : int, optional
        Side in voxels of the box in which maps are compared over rotations.
    evaluations : int, optional
        Evaluations of each search over rotations.
    landmarks : int, optional
        Number of maps, evenly spaced in the sequence, that a search aligns with all others. All other pairs start from
        the poses via these landmarks, and are searched only if these disagree. With as many landmarks as maps, every
        pair is searched.
    wavelet : str, optional
        Wavelet of the WEMD.
    scales : int, optional
        Number of scales of the WEMD.
    seed : int, optional
        Seed of the searches: the same seed gives the same result, bit for bit.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on how the
        work is distributed.
    processes : int, optional
        Number of processes to use instead of threads. A script that uses processes must protect its main code with
        ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster to use instead, such as ``tcp://host:8786``.
    work : path-like, optional
        Work folder. If the computation is interrupted, a call with the same maps and options resumes it. The folder
        remains: remove it when the distances are stored.

    Returns
    -------
    DistanceTable
        The distances and, with `over_rotations`, the transforms.

    Raises
    ------
    InputError
        If there are fewer than two maps, the maps cannot be compared, an option is out of range, or the work folder
        cannot be used.

    See Also
    --------
    distance_steps : The same, as a generator.
    DistanceTable.write : Write the distances to a file.
    diffusion_map : Embed the maps by their distances.

    Notes
    -----
    Distances between maps compared without alignment are meaningful only if the maps were aligned before. L2 distances
    saturate for large movements; the WEMD does not. The searches may fail for maps with little shape; `open_cycles` of
    the result shows pairs whose transforms disagree.

    References
    ----------
    .. [1] A. Levy, "Meaningful dimensionality reduction of the conformational space", unpublished note.
    .. [2] N. Zelesko, A. Moscovich, J. Kileel and A. Singer, "Earthmover-based manifold learning for analyzing
       molecular conformation spaces", IEEE International Symposium on Biomedical Imaging (2020).

    Examples
    --------
    >>> import botalign
    >>> maps = [botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=angle) for angle in (0, 10, 40)]
    >>> table = botalign.distances(maps)
    >>> bool(table.distances[0, 1] < table.distances[0, 2])
    True
    """
    given = locals()
    return exhaust(distance_steps(maps, options_from(DistanceOptions, given), options_from(Execution, given)))


def distance_steps(
    maps: Maps,
    options: DistanceOptions | None = None,
    execution: Execution | None = None,
    *,
    store: BlockStore | None = None,
) -> Generator[Progress, None, DistanceTable]:
    """Compute distances in steps; result and errors are those of :func:`distances`.

    Closing the generator between two steps cancels the computation; completed blocks remain in the work folder.

    Parameters
    ----------
    maps : sequence of DensityMap or path-like
        Maps or their files.
    options : DistanceOptions, optional
        Options; by default those of :func:`distances`.
    execution : Execution, optional
        Threads, processes or a cluster, and the work folder; by default one thread per core.
    store : botalign.jobs.BlockStore, optional
        Open store to use as the work folder, with the description :func:`botalign.pairwise.distances.description`.

    Returns
    -------
    DistanceTable
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each block of work. The stages are ``"read"``, ``"landmarks"`` and ``"pairs"``.

    See Also
    --------
    distances : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> maps = [botalign.phantom(24, voxel_size_angstrom=5.0, hinge_degrees=angle) for angle in (0, 10, 40)]
    >>> stages = [step.stage for step in botalign.distance_steps(maps)]
    >>> sorted(set(stages))
    ['pairs', 'read']
    """
    return _steps(sources(maps), options or DistanceOptions(), execution or Execution(), store)


def _steps(
    found: list[Source], options: DistanceOptions, execution: Execution, store: BlockStore | None
) -> Generator[Progress, None, DistanceTable]:
    method = distances_over_rotations if options.over_rotations else distances_without_alignment
    with (
        opened_store(store, execution.work, lambda: _description(found, options)) as opened,
        open_workers(execution) as workers,
        open_workers(Execution(execution.threads)) as readers,
    ):
        return (yield from method(found, options, workers, readers, opened))


def description(maps: Maps, options: DistanceOptions) -> dict[str, Any]:
    """Return what the distances of maps depend on, as JSON-compatible values: files, options, versions.

    Raises
    ------
    InputError
        As :func:`distance_steps`, and if a file is missing.
    """
    return _description(sources(maps), options)


def _description(found: list[Source], options: DistanceOptions) -> dict[str, Any]:
    """Return the description of the work folder."""
    return {
        "maps": [source.identity() for source in found],
        "options": {"metric": options.metric, **options.as_parameters()},
        "versions": versions(),
    }
