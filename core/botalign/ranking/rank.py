"""The ranking of many models, or of many maps, by how well they match a map."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Sequence
from typing import Any

from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.versions import versions as result_versions
from botalign.errors import InputError, Setting
from botalign.jobs import BlockStore, Execution, open_workers, opened_store, versions
from botalign.maps import DensityMap
from botalign.maps.density_map import expect_map
from botalign.models import checked_resolution, content_identity
from botalign.options import changed, expect_options, options_from
from botalign.progress import Progress, exhaust
from botalign.ranking.comparing import compare_maps, compare_models, failed_entry
from botalign.ranking.entry import best_first
from botalign.ranking.index import MapIndex
from botalign.ranking.items import Given, Item, checked_items
from botalign.ranking.options import RankOptions
from botalign.ranking.result import Ranking

Path = str | os.PathLike[str]


def rank(
    fixed: DensityMap,
    others: Sequence[Given],
    *,
    resolution: float | None = None,
    contour_level: float | None = None,
    whole_library: bool = False,
    seed: int = 0,
    chains: str | Sequence[str] | None = None,
    index: Path | None = None,
    threads: int | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    work: Path | None = None,
) -> Ranking:
    r"""Find which of many atomic models are in a map, or which of many maps match it.

    Each model is placed by its edges as a part of the map, over all rotations and shifts. If the volume of a model is
    larger than that of the map above its contour level, the map is searched for as a part of the model. Maps of a
    library are aligned to the map, with both hands, only if they may show the same molecule. This is decided by a
    signature that does not depend on the rotation: the radius of gyration, and the power of the spherical harmonics on
    shells about the centre.

    Parameters
    ----------
    fixed : DensityMap
        The map.
    others : sequence of DensityMap, Model or path-like, or one of these
        Models, or maps. Files are read when they are needed.
    resolution : float, optional
        Resolution of the map in angstrom, needed for models.
    contour_level : float, optional
        Contour level of the map; by default that of :func:`botalign.contour_level` for the smoothed map. A map of a
        library may show the same molecule if it may at the given or at the default level.
    whole_library : bool, optional
        Whether to align all maps, not only those that may show the same molecule.
    seed : int, optional
        Seed of the alignments of maps: the same seed gives the same result, bit for bit. The places of models do not
        depend on it.
    chains : str or sequence of str, optional
        Names of the chains to read from the files of models, as for :func:`botalign.read_model`; by default all. A
        model that lacks one of them is listed as failed.
    index : path-like, optional
        File of the index of a library (``.npz``). It keeps the signatures, so a file is read again only if it is
        aligned, or if its size or modification time has changed. The index is created if it is missing.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on how the
        work is distributed.
    processes : int, optional
        Number of processes to use instead of threads. A script that uses processes must protect its main code with
        ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster to use instead, such as ``tcp://host:8786``. Its workers must have
        access to the same files.
    work : path-like, optional
        Work folder. If the computation is interrupted, a call with the same arguments resumes it. The folder remains:
        remove it when the ranking is stored.

    Returns
    -------
    Ranking
        The models or maps, the best first, and those that could not be compared, with the reasons.

    Raises
    ------
    InputError
        If `fixed` is not a map, there is nothing to rank, models and maps are mixed, a file is given twice, the
        resolution is missing for models, an option is out of range or without effect, or the work folder or the index
        cannot be used.

    See Also
    --------
    rank_steps : The same, as a generator.
    align : Align one model or map.

    Notes
    -----
    The smallest of many probabilities is small by chance. The corrected probability is that of at least one such result
    among all `n`, by Sidak's formula,

    .. math:: p_n = 1 - (1 - p)^n ,

    which is never above the Bonferroni correction, :math:`n p`. The verdict is "no match" unless the corrected
    probability is below 0.001. For a library, `n` includes the maps that were not aligned.

    Models are never mirrored. If none matches, the mirror images of the three that fit best are searched for, too; if
    one of them has a place, the map may have the wrong hand (`matches_mirrored`).

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(32, voxel_size_angstrom=4.0)
    >>> turned = botalign.resample(fixed, [[0, -1, 0, 5], [1, 0, 0, 0], [0, 0, 1, 0]], fixed.grid)
    >>> larger = botalign.DensityMap(fixed.data, botalign.Grid(fixed.grid.shape, (8.0, 8.0, 8.0), (0.0, 0.0, 0.0)))
    >>> ranking = botalign.rank(fixed, [larger, turned])
    >>> [entry.verdict for entry in ranking.entries]
    ['certain', 'not aligned']
    """
    given = locals()
    options, execution = options_from(RankOptions, given), options_from(Execution, given)
    return exhaust(rank_steps(fixed, others, options, execution, chains=chains, index=index))


def rank_steps(
    fixed: DensityMap,
    others: Sequence[Given],
    options: RankOptions | None = None,
    execution: Execution | None = None,
    *,
    chains: str | Sequence[str] | None = None,
    index: Path | None = None,
    store: BlockStore | None = None,
) -> Generator[Progress, None, Ranking]:
    """Rank models or maps in steps; result and errors are those of :func:`rank`.

    Closing the generator between two steps cancels the computation; completed blocks remain in the work folder.

    Parameters
    ----------
    fixed : DensityMap
        The map.
    others : sequence of DensityMap, Model or path-like
        Models, or maps.
    options : RankOptions, optional
        Options; by default those of :func:`rank`.
    execution : Execution, optional
        Threads, processes or a cluster, and the work folder; by default one thread per core.
    chains : str or sequence of str, optional
        Names of the chains to read from the files of models.
    index : path-like, optional
        File of the index of a library.
    store : botalign.jobs.BlockStore, optional
        Open store to use as the work folder, with the description :func:`botalign.ranking.rank.description`.

    Returns
    -------
    Ranking
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each block of work. The stages are ``"models"`` and, if no model matches, ``"mirrored"``, or
        ``"signatures"`` and ``"maps"``.

    See Also
    --------
    rank : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> fixed = botalign.phantom(24, voxel_size_angstrom=4.0)
    >>> larger = botalign.DensityMap(fixed.data, botalign.Grid(fixed.grid.shape, (8.0, 8.0, 8.0), (0.0, 0.0, 0.0)))
    >>> [(step.stage, step.done, step.total) for step in botalign.rank_steps(fixed, [larger])]
    [('signatures', 0, 1), ('signatures', 0, 1), ('signatures', 1, 1), ('maps', 0, 0)]
    """
    options = RankOptions() if options is None else options
    execution = Execution() if execution is None else execution
    return _steps(fixed, others, options, execution, chains, index, store)


def description(
    fixed: DensityMap, others: Sequence[Given], options: RankOptions, *, chains: str | Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what a ranking depends on, as JSON-compatible values: files, chains, options, versions."""
    return _description(fixed, checked_items(others, chains), options)


def _description(fixed: DensityMap, items: Sequence[Item], options: RankOptions) -> dict[str, Any]:
    return {
        "map": content_identity(fixed),
        "models_or_maps": [each.identity() for each in items],
        "options": {**options.as_parameters(), "chains": items[0].chains},
        "versions": versions(),
    }


def _steps(
    fixed: DensityMap,
    others: Sequence[Given],
    options: RankOptions,
    execution: Execution,
    chains: str | Sequence[str] | None,
    index: Path | None,
    store: BlockStore | None,
) -> Generator[Progress, None, Ranking]:
    began = time.perf_counter()
    expect_options(options, RankOptions, "options")
    expect_options(execution, Execution, "execution")
    expect_map(fixed, "fixed")
    items = checked_items(others, chains)
    of_models = items[0].is_model
    _check_together(fixed, options, index, of_models=of_models)
    files = [each.file for each in items if each.file is not None]
    opened = None if index is None else MapIndex.for_files(index, files)
    with (
        opened_store(store, execution.work, lambda: _description(fixed, items, options)) as kept,
        open_workers(execution) as workers,
    ):
        shared = SharedWhole.of(fixed, level=options.contour_level)
        if of_models:
            found = yield from compare_models(shared, items, options, workers, kept)
        else:
            found = yield from compare_maps(shared, items, options, workers, kept, opened)
    return Ranking(
        fixed=fixed.name,
        kind="models" if of_models else "maps",
        entries=best_first(found.entries),
        failures=tuple(failed_entry(items[number], arrays) for number, arrays in found.failed.items()),
        voxel_size_angstrom=fixed.grid.voxel_size_angstrom[0],
        compared=len(items) - len(found.failed),
        matches_mirrored=found.matches_mirrored,
        seconds=time.perf_counter() - began,
        parameters=options.as_parameters(),
        versions=result_versions(),
    )


def _check_together(fixed: DensityMap, options: RankOptions, index: Path | None, *, of_models: bool) -> None:
    """Refuse a missing resolution, and options without effect."""
    if of_models:
        checked_resolution(options.resolution, fixed)
        unused = changed(options, "whole_library") + ([] if index is None else [Setting("index")])
        what = "maps"
    else:
        unused, what = changed(options, "resolution"), "atomic models"
    for setting in unused:
        raise InputError(setting, f" has no effect, because it is for {what}; omit it.")
