"""``botalign potential``: where two maps differ, as the mass that would have to move."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from botalign.cli.options import Overwrite
from botalign.cli.staging import Staging


def potential(
    first: Annotated[Path, typer.Argument(metavar="A", help="A map.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, placed on A.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="P.mrc", help="Where to write the potential.", show_default=False)
    ],
    motion: Annotated[
        Path | None, typer.Option(metavar="R.json", help="Move B by this result of `botalign align` first.")
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Voxels a side of the potential.")] = 32,
    contour_level_a: Annotated[float | None, typer.Option(metavar="X", help="Contour level of A.")] = None,
    contour_level_b: Annotated[float | None, typer.Option(metavar="X", help="Contour level of B.")] = None,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")] = False,
) -> None:
    """Map where mass would have to move to make B the same as A.

    The potential, in angstrom, is positive where B lacks what A has and negative where B has what A lacks: mass of B
    would go from low to high. It tells where, not how much; the distance tells that. It is written in a cube of its own
    about both molecules, in the coordinates of A.
    """
    import botalign
    from botalign.cli import outputs, running
    from botalign.cli.tables import history

    inputs = [first, second, *([] if motion is None else [motion])]
    outputs.check([outputs.Output(output, "-o", outputs.MAPS)], inputs=inputs, overwrite=overwrite)
    placed = None if motion is None else botalign.Alignment.read(motion)
    if motion is not None and placed is not None:
        running.warn_of_other_maps(motion, placed, first, [second])
    options: dict[str, Any] = {
        "transform": None if placed is None else placed.moving_to_fixed,
        "contour_level_first": contour_level_a,
        "contour_level_second": contour_level_b,
    }
    a, b = botalign.read(first), botalign.read(second)
    found = botalign.potential(a, b, size=size, **options)
    with Staging(overwrite=overwrite) as staging:
        found.write(staging.path(output), history=history(b.name, a.name, manner=", potential"))
    if not quiet:
        print(f"WEMD         {botalign.score(a, b, **options).scores.wemd_angstrom:.4g} A")
        print(f"potential    {found.data.min():.4g} to {found.data.max():.4g} A")
        print(f"written      {output}")
