"""``botalign apply``: the same motion for other maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from botalign.cli.options import Overwrite, Quiet, Threads
from botalign.cli.staging import Staging


def apply(
    result: Annotated[
        Path, typer.Argument(metavar="R.json", help="A result of `botalign align --result`.", show_default=False)
    ],
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps to move.", show_default=False)],
    output: Annotated[
        Path,
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
    threads: Threads = 1,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Move maps as an alignment moved one: half maps, masks, sharpened maps.

    All are written, or none.
    """
    import botalign
    from botalign.cli import outputs
    from botalign.cli.tables import history

    places = outputs.place(output, maps, option="-o", suffixes=outputs.MAPS)
    inputs = [result, *maps, *([] if onto is None else [onto])]
    outputs.check(places, inputs=inputs, overwrite=overwrite)
    alignment = botalign.Alignment.load(result)
    for path in maps:
        botalign.read_header(path)
    grid = None if onto is None else botalign.read_header(onto).grid
    manner = f" by {result.name}{', inverse' if inverse else ''}"
    targets = [place.path for place in places if place is not None]
    with Staging(overwrite=overwrite) as staging:
        for path, target in zip(maps, targets, strict=True):
            moved = alignment.apply(botalign.read(path), onto=grid, inverse=inverse, threads=threads)
            moved.write(staging.path(target), history=history(moved.name, None, manner=manner))
            del moved
    if not quiet:
        for path, target in zip(maps, targets, strict=True):
            print(f"{path} -> {target}")
