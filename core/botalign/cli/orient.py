"""``botalign orient``: align the symmetry axes of a map with the conventional axes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.options import Json, Overwrite, Silent, output_option
from botalign.cli.staging import Staging
from botalign.cli.tables import history
from botalign.files import json_text


def orient(
    given: Annotated[Path, typer.Argument(metavar="MAP", help="The map.", show_default=False)],
    output: Annotated[
        Path | None,
        output_option("ORIENTED.mrc", "Write the oriented map, on the grid of the map."),
    ] = None,
    symmetry: Annotated[
        str,
        typer.Option(metavar="GROUP", help="Point group to look for: Cn, Dn, T, O or I; auto finds it."),
    ] = "auto",
    setting: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Setting of T (T, T222) or I (I2, I1, I3, I4). [default: RELION's, T or I2]"),
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(
            metavar="R.json", help="Write the transform, by which `botalign apply` moves half maps and particles."
        ),
    ] = None,
    symmetrised: Annotated[
        Path | None,
        typer.Option(metavar="S.mrc", help="Write the oriented map, averaged over the operations of the group."),
    ] = None,
    operations: Annotated[
        Path | None,
        typer.Option(
            metavar="O.json|O.txt",
            help="Write the operations of the group, for the oriented map: JSON, or BIOMT records.",
        ),
    ] = None,
    json: Json = False,
    overwrite: Overwrite = False,
    quiet: Silent = False,
) -> None:
    """Find the point group of a map, and align its axes with the conventional axes.

    The main axis goes along z and the centre to voxel side // 2, by the smallest rotation. Without symmetry, or if the
    requested group does not fit, nothing is written and the exit code is 1.
    """
    from botalign.cli import outputs

    files = {
        "-o": (output, outputs.MAPS),
        "--result": (result, outputs.RESULTS),
        "--symmetrised": (symmetrised, outputs.MAPS),
        "--operations": (operations, outputs.OPERATIONS),
    }
    wanted = [outputs.Output(path, option, kinds) for option, (path, kinds) in files.items() if path is not None]
    outputs.check(wanted, inputs=[given], overwrite=overwrite)
    density_map = botalign.read(given)
    found = botalign.orient(density_map, symmetry=None if symmetry.lower() == "auto" else symmetry, setting=setting)
    if json:
        print(json_text(found.to_dict()))
    elif not quiet:
        print(found.to_text())
    if not found.is_symmetric:
        if wanted and not json and not quiet:
            print(f"{'written':13}nothing")
        raise typer.Exit(1)
    note = f", oriented, {found.symmetry.group}"
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        oriented = None if output is None and result is None else found.apply(density_map)
        if output is not None and oriented is not None:
            oriented.write(staging.path(output), history=history(density_map.name, None, note=note))
        if symmetrised is not None:
            average = found.symmetrised(density_map)
            average.write(staging.path(symmetrised), history=history(density_map.name, None, note=f"{note} applied"))
        if result is not None:
            found.to_alignment(density_map, oriented=oriented).write(staging.path(result))
        if operations is not None:
            found.write_operations(staging.path(operations))
    if not json and not quiet:
        for each in wanted:
            print(f"{'written':13}{each.path}")
