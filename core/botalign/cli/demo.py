"""``botalign demo``: the whole thing on a map with a known answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botalign.cli.options import Overwrite, Quiet, Seed

if TYPE_CHECKING:

    pass

_SIZE, _VOXEL_ANGSTROM = 64, 2.0
_NOISE = 0.03
_NAMES = ("fixed.mrc", "moving.mrc", "aligned.mrc", "result.json", "figure.png")


def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the files.")] = Path(
        "botalign-demo"
    ),
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Align a map that the package makes with its rotated and shifted copy, and compare with the known answer.

    Writes both maps, the aligned one, the result and a figure into a folder, for you to look at.
    """
    import botalign
    from botalign.cli import running

    files = dict(zip(_NAMES, (folder / name for name in _NAMES), strict=True))
    _check_folder(folder, files, overwrite=overwrite)
    draw = running.can_draw()
    answer = _known_motion(seed)
    size = {"voxel_size_angstrom": _VOXEL_ANGSTROM, "noise": _NOISE}
    fixed = botalign.phantom(_SIZE, **size, noise_seed=1)
