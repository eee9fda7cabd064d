"""``botalign distances``: how far maps are from each other, all pairs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botalign.cli.all_pairs import workers, written_distances
from botalign.cli.options import Overwrite, Processes, Quiet, Scheduler, Seed, Spread
from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import DistanceTable

#: Maps that most open cycles go through, as many as are named.
_NAMED = 3


class Metric(StrEnum):
    """The distance."""

    wemd = "wemd"
    l2 = "l2"


class Density(StrEnum):
    """What counts of a map."""

    contour = "contour"
    whole = "whole"


class Normalisation(StrEnum):
    """What maps are divided by."""

    mass = "mass"
    none = "none"


def distances(
    maps: Annotated[list[Path], typer.Argument(metavar="MAPS", help="The maps, two or more.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="D.zarr", help="Where to write the distances.", show_default=False)
    ],
    metric: Annotated[Metric, typer.Option(help="Wavelet earth mover's distance, or L2.")] = Metric.wemd,
    over_rotations: Annotated[
        bool,
        typer.Option("--over-rotations", help="Minimise over rotation and shift; else the maps are taken as they lie."),
    ] = False,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="With --over-rotations: minimise over the hand too.")
    ] = False,
    density: Annotated[
        Density | None,
        typer.Option(help="What counts: above the contour, by default for wemd, or all, by default for l2."),
    ] = None,
    normalise: Annotated[
        Normalisation | None,
        typer.Option(help="Divide each map by its mass, by default for wemd, or by nothing, by default for l2."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --over-rotations: voxels a side to work with, 32 if not given."),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --over-rotations: evaluations of a search and hand, 200 if not given."),
    ] = None,
    landmarks: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --over-rotations: maps searched with all others, 4 if not given."),
    ] = None,
    wavelet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Wavelet of wemd, such as coif3; sym3 if not given.")
    ] = None,
    scales: Annotated[int | None, typer.Option(metavar="N", help="Scales of wemd; 6 if not given.")] = None,
    seed: Seed = 0,
    threads: Spread = None,
    processes: Processes = 0,
    scheduler: Scheduler = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Compute the distances of all pairs of maps.

    Until all are there, what is done lies in a folder D.zarr.partial. Killed at any moment and given again, the same
    command computes what is missing.

    With --over-rotations, more than 12 maps are worked on by as many processes as there are cores, unless --threads,
    --processes or --scheduler says otherwise.
    """
    _refuse_idle(
        "is for searches; give --over-rotations too, or leave it out",
        not over_rotations, size=size, evaluations=evaluations, landmarks=landmarks,
    )  # fmt: skip
    _refuse_idle("is of the metric wemd; leave it out with --metric l2", metric == "l2", wavelet=wavelet, scales=scales)
    _refuse_idle("is one way to work, and --processes another; give one of them", processes > 0, threads=threads)
    given = {"size": size, "evaluations": evaluations, "landmarks": landmarks, "wavelet": wavelet, "scales": scales}
    options: dict[str, Any] = {
        "metric": metric.value,
        "over_rotations": over_rotations,
        "mirror": mirror,
        "density": None if density is None else density.value,
        "normalise": None if normalise is None else normalise.value,
        **{name: value for name, value in given.items() if value is not None},
        "seed": seed,
    }
    who = workers(len(maps), over_rotations=over_rotations, threads=threads, processes=processes, scheduler=scheduler)
    table = written_distances(maps, output, options=options, workers=who, overwrite=overwrite, quiet=quiet)
    print(_told(table))
    if not quiet:
        print(f"written      {output}")


def _refuse_idle(reason: str, idle: bool, **options: Any) -> None:
    """Refuse options that were given and would do nothing."""
    for name, value in options.items():
        if idle and value is not None:
            raise InputError(f"--{name}: {reason}.")


def _told(table: DistanceTable) -> str:
    """Return what was found, a line each."""
    import numpy as np

    n = len(table.names)
    pairs = table.distances[np.triu_indices(n, 1)]
    unit = " A" if table.metric == "wemd" and table.parameters["normalise"] == "mass" else ""
    over = "" if table.transforms is None else ", least over rotations and shifts"
    rows = [
        ("maps", f"{n}, {len(pairs)} pair{'s' if len(pairs) > 1 else ''}"),
        (
            "distances",
            f"{pairs.min():.4g} to {pairs.max():.4g}{unit}, median {np.median(pairs):.4g}, {table.metric}{over}",
        ),
    ]
    if table.open_cycles is not None:
        cycles, count = table.open_cycles, int(np.triu(table.open_cycles).sum())
        of = len(pairs) * min(table.parameters["landmarks"], n)
        text = f"all of {of} over landmarks close"
        if count:
            worst = [i for i in np.argsort(-cycles.sum(axis=1), kind="stable")[:_NAMED] if cycles[i].any()]
            text = (
                f"{count} of {of} over landmarks don't close, most through {', '.join(table.names[i] for i in worst)}"
            )
        rows.append(("cycles", text))
    if table.mirrored.any():
        rows.append(("mirrored", f"{int(np.triu(table.mirrored).sum())} pairs"))
    return "\n".join(f"{name:13}{text}" for name, text in rows)
