"""``botalign apply``: the same motion for other maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botalign.cli.interruption import told_what_was_written
from botalign.cli.options import DEFAULT_THREADS, Overwrite, Threads
from botalign.cli.staging import Staging
from botalign.errors import InputError


def _result_first(path: Path) -> Path:
    """Refuse a map in the place of the result, before the parser finds that something else is missing."""
    from botalign.cli.outputs import MAPS

    if path.name.lower().endswith(MAPS):
        raise InputError(f"{path}: is a map by its name; the result file comes first: botalign apply R.json MAP...")
    return path


def apply(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="R.json",
            help="A result of `botalign align --result`.",
            show_default=False,
            callback=_result_first,
        ),
    ],
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps to move.", show_default=False)],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE|FOLDER", help="Where to; a folder for several maps.", show_default=False
        ),
    ],
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Move from where the fixed map is to where the moving one was.")
    ] = False,
    onto: Annotated[
        Path | None, typer.Option(metavar="FIXED", help="Write with the voxels of this map; with its own otherwise.")
    ] = None,
    threads: Threads = DEFAULT_THREADS,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")] = False,
) -> None:
    """Move maps as an alignment moved one: half maps, masks, sharpened maps.

    All are written, or none.
    """
    import botalign
    from botalign.cli import outputs
    from botalign.cli.tables import history

    places = outputs.place(output, maps, option="-o", suffixes=outputs.MAPS, role="maps")
    inputs = [result, *maps, *([] if onto is None else [onto])]
    outputs.check(places, inputs=inputs, overwrite=overwrite)
    alignment = botalign.Alignment.read(result)
    for path in maps:
        botalign.read_header(path)
    grid = None if onto is None else botalign.read_header(onto).grid
    manner = f" by {result.name}{', inverse' if inverse else ''}"
    targets = [place.path for place in places if place is not None]
    with told_what_was_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        for path, target in zip(maps, targets, strict=True):
            moved = alignment.apply(botalign.read(path), onto=grid, inverse=inverse, threads=threads)
            moved.write(staging.path(target), history=history(moved.name, None, manner=manner))
            del moved
    if not quiet:
        for path, target in zip(maps, targets, strict=True):
            print(f"{path} -> {target}")
