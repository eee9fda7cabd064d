"""``botalign apply``: apply the transform of an alignment to other maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.options import Overwrite, Silent, Threads, output_option
from botalign.cli.staging import Staging
from botalign.cli.tables import history
from botalign.errors import InputError


def _result_first(path: Path) -> Path:
    """Refuse a map in the place of the result, before the parser finds that another argument is missing."""
    from botalign.cli.outputs import MAPS, MODELS

    if path.name.lower().endswith(MAPS + MODELS):
        kind = "a map" if path.name.lower().endswith(MAPS) else "an atomic model"
        raise InputError(
            f"{path}: looks like {kind}, but the first argument must be a result file: botalign apply R.json MAP..."
        )
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
    maps: Annotated[
        list[Path], typer.Argument(metavar="MAP", help="The maps or atomic models to move.", show_default=False)
    ],
    output: Annotated[
        str,
        output_option("FILE|FOLDER", "Write the moved map or model; a folder for several."),
    ],
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Apply the inverse transform, from the fixed map to the moving map.")
    ] = False,
    onto: Annotated[
        Path | None,
        typer.Option(metavar="FIXED", help="Write maps on the grid of this map; by default each on its own grid."),
    ] = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Silent = False,
) -> None:
    """Apply the transform of an alignment to other maps and models: half maps, masks, sharpened maps.

    If one fails, none is written.
    """
    from botalign.cli import inputs, outputs

    paths = outputs.output_paths(output, maps, option="-o", extensions=outputs.of_same_kind, role="maps")
    files = [result, *maps, *([] if onto is None else [onto])]
    outputs.check(paths, inputs=files, overwrite=overwrite)
    alignment = botalign.Alignment.read(result)
    for path in maps:
        inputs.check(path)
    grid = None if onto is None else botalign.read_header(onto).grid
    note = f" by {result.name}{', inverse' if inverse else ''}"
    targets = [each.path for each in paths if each is not None]
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        for path, target in zip(maps, targets, strict=True):
            given = inputs.load(path)
            if isinstance(given, botalign.Model):
                staging.write_model(alignment.apply(given, inverse=inverse), target)
                continue
            moved = alignment.apply(given, onto=grid, inverse=inverse, threads=threads)
            moved.write(staging.path(target), history=history(moved.name, None, note=note))
            del given, moved
    if not quiet:
        for path, target in zip(maps, targets, strict=True):
            print(f"{path} -> {target}")
