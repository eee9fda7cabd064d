"""``botalign demo``: an example whose transform is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.messages import print_note
from botalign.cli.options import Overwrite, Quiet, Seed
from botalign.cli.staging import Staging
from botalign.errors import InputError, Setting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from botalign import Alignment, DensityMap

_NAMES = ("fixed.mrc", "moving.mrc", "aligned.mrc", "result.json", "figure.png")
#: Standard deviation of the noise of both maps, relative to the maximum.
_NOISE = 0.03
_RESOLUTION_ANGSTROM = 4.8
#: Largest shift along an axis: a twentieth of the box.
_SHIFT_ANGSTROM = 6.4
_NOTICEABLE_SECONDS = 0.1


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the files.")] = Path(
        "botalign-demo"
    ),
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Align a synthetic map whose transform is known, and print the difference from it.

    Both maps, the aligned map, the result and a figure are written to a folder, so that you can try other commands.
    """
    from botalign.cli import running

    paths = _output_paths(output, overwrite=overwrite)
    fixed_path, moving_path, aligned_path, result_path, figure_path = paths
    draw = running.can_draw()
    truth = _known_transform(seed)
    fixed, moving = (replace(made, name=str(path)) for made, path in zip(_pair(truth), paths, strict=False))
    options = botalign.AlignmentOptions(seed=seed)
    targets = running.Targets(aligned_path, result_path, figure_path if draw else None, weights=None)
    with running.timed_compilation() as compiled:
        aligned = running.align_pair(lambda: fixed, moving, options, targets, label="demo", quiet=quiet)
    alignment = aligned.alignment
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        fixed.write(staging.path(fixed_path))
        moving.write(staging.path(moving_path))
        running.write_pair(aligned, moving, targets, staging, threads=1)
    print(alignment.to_text())
    print(_comparison(truth, alignment))
    if quiet:
        return
    print(f"\nIn {output}: {', '.join(_NAMES if draw else _NAMES[:-1])}.\nTo run the same alignment yourself:")
    print(f"botalign align {fixed_path} {moving_path} -o again.mrc")
    if sum(compiled) >= _NOTICEABLE_SECONDS:
        print_note(f"{sum(compiled):.1f} s of this run was one-time compilation; later runs will be faster.")
    if not draw:
        running.note_no_figure()


def _output_paths(folder: Path, *, overwrite: bool) -> list[Path]:
    """Return the paths of the files to write, and check that they can be written."""
    from botalign.cli import outputs

    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        advice = "choose another with -o, or overwrite its files with "
        raise InputError(f"{folder}: the folder is not empty; {advice}", Setting("overwrite", True), ".")
    wanted = outputs.files_in(folder, _NAMES)
    outputs.check(wanted, inputs=(), overwrite=overwrite)
    return [each.path for each in wanted]


def _known_transform(seed: int) -> NDArray[np.float64]:
    """Draw the transform of the moving map to the fixed map."""
    import numpy as np

    from botalign.geometry import random_rotations

    rng = np.random.default_rng(seed)
    rotation = random_rotations(1, rng)[0]
    return np.column_stack([rotation, rng.uniform(-_SHIFT_ANGSTROM, _SHIFT_ANGSTROM, 3)])


def _pair(truth: NDArray[np.float64]) -> tuple[DensityMap, DensityMap]:
    """Make a map, and the same map in another pose, on another grid, with other noise."""
    import numpy as np

    from botalign.geometry import inverse

    fixed = botalign.phantom(
        64, voxel_size_angstrom=2.0, resolution_angstrom=_RESOLUTION_ANGSTROM, noise=_NOISE, noise_seed=1
    )
    grid = botalign.Grid.cube(88, 1.5, np.zeros(3))
    back = inverse(truth)
    moving = botalign.phantom(
        grid=grid, resolution_angstrom=_RESOLUTION_ANGSTROM, transform=back, noise=_NOISE, noise_seed=2
    )
    return fixed, moving


def _comparison(truth: NDArray[np.float64], alignment: Alignment) -> str:
    """Return the true transform, and the difference of the alignment from it."""
    import numpy as np

    from botalign.alignment.wording import rotation_text, vector_text
    from botalign.geometry import apply_transform, axis_angle, geodesic_degrees

    axis, angle = axis_angle(truth[:, :3])
    centre = alignment.moving.grid.centre_angstrom
    shift = apply_transform(truth, centre) - centre
    degrees = float(geodesic_degrees(truth[:, :3], alignment.rotation))
    angstrom = float(np.linalg.norm(shift - alignment.shift_angstrom))
    return "\n".join(
        [
            f"truth        {rotation_text(angle, axis)}",
            f"             shift {vector_text(shift, 2)} A",
            f"difference   {degrees:.3f} degrees and {angstrom:.3f} A from the truth",
        ]
    )
