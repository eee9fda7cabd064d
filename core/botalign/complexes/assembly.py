"""The assembly of a complex from its parts."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Sequence
from typing import Any

from botalign.alignment.versions import versions as result_versions
from botalign.complexes.assembler import Assembler
from botalign.complexes.assembly_inputs import checked_counts, checked_parts
from botalign.complexes.assembly_records import Assembly
from botalign.complexes.assembly_rounds import place_parts
from botalign.complexes.assembly_verdicts import AssemblyVerdicts
from botalign.complexes.options import AssemblyOptions
from botalign.complexes.residual import regions, remaining_density
from botalign.jobs import BlockStore, Execution, open_workers, opened_store, versions
from botalign.maps.density_map import DensityMap
from botalign.models import Model, content_identity
from botalign.options import expect_options, options_from
from botalign.progress import Progress, exhaust

Parts = Sequence[DensityMap | Model]


def assemble(
    whole: DensityMap,
    parts: Parts,
    *,
    counts: Sequence[int] | None = None,
    resolution: float | None = None,
    contour_level: float | None = None,
    threads: int | None = None,
    processes: int | None = None,
    scheduler: str | None = None,
    work: str | os.PathLike[str] | None = None,
) -> Assembly:
    """Place several parts in the map of a complex, together.

    Each part is searched for in the whole. Among the places of all parts, those with the highest total score are
    chosen; density that two parts share counts once. Places that may be due to chance are left out. The placed parts
    are then refined together, each against the map minus the other parts. Parts that are still missing are searched for
    in the remaining density.

    Parameters
    ----------
    whole : DensityMap
        Map of the complex.
    parts : sequence of DensityMap or Model
        The parts, all different, in any pose.
    counts : sequence of int, optional
        Number of copies of each part in the complex; by default 1.
    resolution : float, optional
        Resolution of the map in angstrom, needed if a part is an atomic model.
    contour_level : float, optional
        Contour level of the map. By default, that of :func:`botalign.contour_level` for the smoothed map.
    threads : int, optional
        Number of threads; by default chosen automatically (at most one per core). The result does not depend on how the
        work is distributed.
    processes : int, optional
        Number of processes to use instead of threads. A script that uses processes must protect its main code with
        ``if __name__ == "__main__":``.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster to use instead, such as ``tcp://host:8786``.
    work : path-like, optional
        Work folder. If the assembly is interrupted, a call with the same input resumes it. The folder remains: remove
        it when the result is stored.

    Returns
    -------
    Assembly
        The placed parts, the parts that were not placed, and the unexplained density.

    Raises
    ------
    InputError
        If there are no parts, a part is larger than the map, two parts show the same molecule, an option is missing or
        out of range, or the work folder cannot be used.

    See Also
    --------
    assemble_steps : The same, as a generator.
    align : Place one part; with `copies`, each of its copies.

    Notes
    -----
    Parts are not mirrored. If none has a place, the mirror image of the largest one is searched for, too; if that has
    one, the map may have the wrong hand (`matches_mirrored`). No random numbers are used: the same input gives the same
    result, bit for bit. The joint choice is optimal unless `gap` of the result is above 0.

    Examples
    --------
    >>> import botalign
    >>> from botalign.simulation import phantom
    >>> whole = phantom(48, voxel_size_angstrom=4.0)
    >>> botalign.assemble(whole, [])
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: parts: got none, expected at least one map or atomic model.
    """
    given = locals()
    options, execution = options_from(AssemblyOptions, given), options_from(Execution, given)
    return exhaust(assemble_steps(whole, parts, options, execution, counts=counts))


def assemble_steps(
    whole: DensityMap,
    parts: Parts,
    options: AssemblyOptions | None = None,
    execution: Execution | None = None,
    *,
    counts: Sequence[int] | None = None,
    store: BlockStore | None = None,
) -> Generator[Progress, None, Assembly]:
    """Place several parts in steps; result and errors are those of :func:`assemble`.

    Closing the generator between two steps cancels the assembly; finished searches remain in the work folder.

    Parameters
    ----------
    whole : DensityMap
        Map of the complex.
    parts : sequence of DensityMap or Model
        The parts.
    options : AssemblyOptions, optional
        Options; by default those of :func:`assemble`.
    execution : Execution, optional
        Threads, processes or a cluster, and the work folder; by default one thread per core.
    counts : sequence of int, optional
        Number of copies of each part in the complex; by default 1.
    store : botalign.jobs.BlockStore, optional
        Open store to use as the work folder, with the description :func:`botalign.complexes.assembly.description`.

    Returns
    -------
    Assembly
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each search and each step of the refinement. The stages are ``"search"``, ``"search the rest"``,
        ``"search together"``, ``"refine together"`` and, if no part is placed, ``"search mirrored"``.

    See Also
    --------
    assemble : The same, as a function.

    Examples
    --------
    >>> import botalign
    >>> from botalign.simulation import phantom
    >>> whole = phantom(48, voxel_size_angstrom=4.0)
    >>> steps = botalign.assemble_steps(whole, [phantom(24, voxel_size_angstrom=4.0)])
    >>> next(steps).stage
    'search'
    >>> steps.close()
    """
    began = time.perf_counter()
    options = AssemblyOptions() if options is None else options
    execution = Execution() if execution is None else execution
    expect_options(options, AssemblyOptions, "options")
    expect_options(execution, Execution, "execution")
    given = checked_parts(whole, parts, options)
    numbers = checked_counts(counts, len(given))
    with (
        opened_store(store, execution.work, lambda: description(whole, given, numbers, options)) as opened,
        open_workers(execution) as workers,
    ):
        assembler = Assembler(whole, given, numbers, options, workers, opened)
        yield from place_parts(assembler)
    refined, verdicts = assembler.refined, AssemblyVerdicts(assembler)
    # If nothing was placed, the rest still has the background of the map.
    rest = assembler.rest if assembler.chosen else remaining_density(whole, [], [], [], None)
    return Assembly(
        whole=whole.name,
        parts=tuple(given),
        placed=verdicts.placed(),
        unplaced=verdicts.unplaced(),
        interchangeable=verdicts.interchangeable(),
        score=0.0 if refined is None else refined.score,
        start_score=0.0 if refined is None else refined.start_score,
        gap=assembler.gap,
        rest=rest,
        regions=regions(whole, rest, options.contour_level, options.resolution),
        scale=verdicts.scale(),
        matches_mirrored=None if assembler.matches_mirrored is None else given[assembler.matches_mirrored].name,
        parameters={"counts": list(numbers), **vars(options)},
        versions=result_versions(),
        seconds=time.perf_counter() - began,
    )


def description(whole: DensityMap, parts: Parts, counts: Sequence[int], options: AssemblyOptions) -> dict[str, Any]:
    """Return what an assembly depends on, as JSON-compatible values: the input, options and versions."""
    return {
        "map": content_identity(whole),
        "parts": [content_identity(each) for each in parts],
        "numbers_of_copies": list(counts),
        "options": dict(vars(options)),
        "versions": versions(),
    }
