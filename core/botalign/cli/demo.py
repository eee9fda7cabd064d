"""``botalign demo``: the whole thing on a map with a known answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botalign.cli.interruption import told_what_was_written
from botalign.cli.messages import print_note
from botalign.cli.options import Overwrite, Quiet, Seed
from botalign.cli.staging import Staging
from botalign.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from botalign import Alignment, DensityMap

_NAMES = ("fixed.mrc", "moving.mrc", "aligned.mrc", "result.json", "figure.png")
#: Standard deviation of the noise on either map, as a part of its maximum.
_NOISE = 0.03
_RESOLUTION_ANGSTROM = 4.8
#: Most that the map is shifted along an axis: a twentieth of the box.
_SHIFT_ANGSTROM = 6.4
_NOTICEABLE_SECONDS = 0.1


def demo(
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the files.")] = Path(
        "botalign-demo"
    ),
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Align a made-up map with its rotated and shifted copy, and compare with the known answer.

    Both maps, the aligned one, the result and a figure are written into a folder, to look at and to try things on.
    """
    from botalign.cli import running

    paths = [folder / name for name in _NAMES]
    _check(folder, paths, overwrite=overwrite)
    fixed_path, moving_path, aligned_path, result_path, figure_path = paths
    draw = running.can_draw()
    answer = _known_motion(seed)
    fixed, moving = (replace(made, name=str(path)) for made, path in zip(_pair(answer), paths, strict=False))
    options: dict[str, Any] = {"seed": seed}
    targets = running.Targets(aligned_path, result_path, figure_path if draw else None, weights=None)
    with running.timed_compilation() as compiled:
        aligned = running.align_pair(lambda: fixed, moving, options, targets, label="demo", quiet=quiet)
    alignment = aligned.alignment
    with told_what_was_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        fixed.write(staging.path(fixed_path))
        moving.write(staging.path(moving_path))
        running.write_pair(aligned, moving, targets, staging, threads=1)
    print(alignment.to_text())
    print(_beside(answer, alignment))
    if quiet:
        return
    print(f"\nIn {folder}: {', '.join(_NAMES if draw else _NAMES[:-1])}.\nThe same by hand:")
    print(f"botalign align {fixed_path} {moving_path} -o again.mrc")
    if sum(compiled) >= _NOTICEABLE_SECONDS:
        print_note(
            f"{sum(compiled):.1f} of these seconds went into compiling loops, which are kept: later runs are faster."
        )
    if not draw:
        print_note(f"no figure, since matplotlib isn't installed; install it by {running.INSTALL_FIGURES}.")


def _check(folder: Path, paths: list[Path], *, overwrite: bool) -> None:
    from botalign.cli import outputs

    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder}: exists already and isn't empty; give another folder by -o, or --overwrite.")
    outputs.check([outputs.Output(p, "-o", (p.suffix,), in_folder=True) for p in paths], inputs=(), overwrite=overwrite)


def _known_motion(seed: int) -> NDArray[np.float64]:
    """Draw the motion that brings the moving map back."""
    import numpy as np

    from botalign.geometry import random_rotations

    rng = np.random.default_rng(seed)
    rotation = random_rotations(1, rng)[0]
    return np.column_stack([rotation, rng.uniform(-_SHIFT_ANGSTROM, _SHIFT_ANGSTROM, 3)])


def _pair(answer: NDArray[np.float64]) -> tuple[DensityMap, DensityMap]:
    """Make a map and its copy in another pose, with other voxels and other noise."""
    import numpy as np

    import botalign
    from botalign.geometry import inverse

    fixed = botalign.phantom(
        64, voxel_size_angstrom=2.0, resolution_angstrom=_RESOLUTION_ANGSTROM, noise=_NOISE, noise_seed=1
    )
    grid = botalign.Grid.cube(88, 1.5, np.zeros(3))
    back = inverse(answer)
    moving = botalign.phantom(
        grid=grid, resolution_angstrom=_RESOLUTION_ANGSTROM, transform=back, noise=_NOISE, noise_seed=2
    )
    return fixed, moving


def _beside(answer: NDArray[np.float64], alignment: Alignment) -> str:
    """Return the known answer and how far off the found one is."""
    import numpy as np

    from botalign.alignment.wording import rotation_text, vector_text
    from botalign.geometry import apply_transform, axis_angle, geodesic_degrees

    axis, angle = axis_angle(answer[:, :3])
    centre = alignment.moving.grid.centre_angstrom
    shift = apply_transform(answer, centre) - centre
    degrees = float(geodesic_degrees(answer[:, :3], alignment.rotation))
    angstrom = float(np.linalg.norm(shift - alignment.shift_angstrom))
    return "\n".join(
        [
            f"known        {rotation_text(angle, axis)}",
            f"             shift {vector_text(shift, 2)} A",
            f"off by       {degrees:.3f} degrees and {angstrom:.3f} A",
        ]
    )
