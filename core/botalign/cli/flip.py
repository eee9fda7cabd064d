"""``botalign flip``: the mirror images of maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.options import Overwrite, Silent, output_option
from botalign.cli.staging import Staging
from botalign.cli.tables import history


def flip(
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps.", show_default=False)],
    output: Annotated[
        str,
        output_option("FILE|FOLDER", "Write the mirrored map; a folder for several maps."),
    ],
    overwrite: Overwrite = False,
    quiet: Silent = False,
) -> None:
    """Mirror maps, to correct their hand.

    Each map is mirrored in z, about the centre of its box; grid and densities stay the same. If one map fails, none is
    written.
    """
    from botalign.cli import outputs

    paths = outputs.output_paths(output, maps, option="-o", extensions=outputs.MAPS, role="maps")
    outputs.check(paths, inputs=maps, overwrite=overwrite)
    for path in maps:
        botalign.read_header(path)
    targets = [each.path for each in paths if each is not None]
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        for path, target in zip(maps, targets, strict=True):
            density_map = botalign.read(path)
            flipped = density_map.with_data(density_map.data[::-1])
            flipped.write(staging.path(target), history=history(density_map.name, None, note=", mirrored in z"))
            del density_map, flipped
    if not quiet:
        for path, target in zip(maps, targets, strict=True):
            print(f"{path} -> {target}")
