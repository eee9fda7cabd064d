"""``botalign export``: the transform of an alignment as other programs read it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.messages import print_note, print_warning
from botalign.cli.options import Candidate, Inverse
from botalign.cli.tables import pose_warning

#: How the output is used: of botalign.alignment.applying.EXPORTS, which --help does not import.
_USE = {
    "chimerax": "a command of ChimeraX, for the moving map as read from its file.",
    "pyem": "the argument of pyem's `subparticles.py PARTICLES.star MOVED.star --origin 0,0,0 --apix A --transform`, "
    "where A is the pixel size of the particles.",
    "relion": "arguments of `relion_project --i MOVING --o MOVED --angpix VOXEL`, for a map in its own box, whose "
    "voxel side // 2 then is that of the fixed map; no program of RELION moves particles, but `botalign apply` does.",
    "napari": "the affine of a layer whose scale and translate are the voxel size and the origin (z, y, x) in A.",
    "euler": "angles a, b, c in degrees of the rotation Rz(a) Ry(b) Rz(c), then the shift (x, y, z) in A after it.",
    "matrix": "x_fixed = M[:, :3] @ x_moving + M[:, 3], coordinates (x, y, z) in angstrom.",
}


def export(
    result: Annotated[
        Path, typer.Argument(metavar="R.json", help="A result of `botalign align --result`.", show_default=False)
    ],
    to: Annotated[
        str, typer.Option(metavar=f"[{'|'.join(_USE)}]", help="The program or notation.", show_default=False)
    ],
    inverse: Inverse = False,
    candidate: Candidate = 0,
    model: Annotated[str, typer.Option(metavar="#N", help="The model that the command for ChimeraX moves.")] = "#2",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print how the output is used.")] = False,
) -> None:
    """Print the transform of an alignment as another program reads it."""
    alignment = botalign.Alignment.read(result)
    print(alignment.export(to, inverse=inverse, candidate=candidate, model=model))
    moved = "what this transform moves"
    if (warning := pose_warning(alignment, str(result), candidate=candidate, what=moved)) is not None:
        print_warning(warning)
    if not quiet:
        print_note(_USE[to])
