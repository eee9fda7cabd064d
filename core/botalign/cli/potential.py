"""``botalign potential``: where mass must move to turn one map into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import botalign
from botalign.cli.options import Overwrite, Silent, output_option
from botalign.cli.staging import Staging
from botalign.cli.tables import history


def potential(
    first: Annotated[Path, typer.Argument(metavar="A", help="The first map.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="The second map, aligned to A.", show_default=False)],
    output: Annotated[Path, output_option("P.mrc", "Write the potential.")],
    transform: Annotated[
        Path | None,
        typer.Option(metavar="R.json", help="Apply the transform of this result of `botalign align` to B."),
    ] = None,
    size: Annotated[int, typer.Option(metavar="VOXELS", help="Side of the grid of the potential, 8 to 256.")] = 32,
    contour_level_a: Annotated[float | None, typer.Option(metavar="X", help="Contour level of A.")] = None,
    contour_level_b: Annotated[float | None, typer.Option(metavar="X", help="Contour level of B.")] = None,
    overwrite: Overwrite = False,
    quiet: Silent = False,
) -> None:
    """Show where mass must move to turn B into A.

    The potential, in angstrom, is positive where B has less mass than A and negative where it has more: mass of B must
    move from low to high values. It shows where the maps differ; the distance measures how much. It is written on a
    cubic grid about both molecules, in the coordinates of A.
    """
    from botalign.cli import outputs, running

    inputs = [first, second, *([] if transform is None else [transform])]
    outputs.check([outputs.Output(output, "-o", outputs.MAPS)], inputs=inputs, overwrite=overwrite)
    levels: dict[str, Any] = {"contour_level_first": contour_level_a, "contour_level_second": contour_level_b}
    matrix = None
    if transform is not None:
        alignment = botalign.Alignment.read(transform)
        running.warn_of_other_maps(transform, alignment, first, [second])
        matrix = alignment.moving_to_fixed
    a, b = botalign.read(first), botalign.read(second)
    found = botalign.potential(a, b, transform=matrix, size=size, **levels)
    with Staging(overwrite=overwrite) as staging:
        found.write(staging.path(output), history=history(b.name, a.name, note=", potential"))
    if not quiet:
        scores = botalign.score(a, b, transform=matrix, full_sampling=False, **levels).scores
        print(f"WEMD         {scores.wemd_angstrom:.4g} A")
        print(f"potential    {found.data.min():.4g} to {found.data.max():.4g} A")
        print(f"written      {output}")
