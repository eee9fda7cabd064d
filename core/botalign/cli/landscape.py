"""``botalign landscape``: new coordinates for a latent space."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import botalign
from botalign.cli.declared import Given, with_options
from botalign.cli.interruption import report_written
from botalign.cli.long_work import run_steps
from botalign.cli.options import Overwrite, Quiet, Threads, output_option
from botalign.cli.running import can_draw, note_no_figure
from botalign.cli.staging import Staging
from botalign.columns import columns
from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign.arrays import Matrix

DISTANCES, COORDINATES, TABLE, NUMBERS, PICTURE, SUBSET = (
    "distances.zarr",
    "z_transformed.npy",
    "z_transformed.csv",
    "landscape.json",
    "landscape.png",
    "subset_transformed.npy",
)


@with_options(botalign.LandscapeOptions)
def landscape(
    latents: Annotated[
        Path,
        typer.Argument(
            metavar="Z",
            help="Latent coordinates of all images: .npy, z.N.pkl of cryoDRGN, or text in columns.",
            show_default=False,
        ),
    ],
    subset: Annotated[
        Path,
        typer.Argument(
            metavar="SUBSET",
            help="The latents for which there are volumes: a folder with z_values.txt and vol_*.mrc, as `cryodrgn "
            "analyze` writes it, or a file with their coordinates or their row numbers in Z, counted from 0.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, output_option("FOLDER", "Folder for the results.")],
    distances: Annotated[
        Path | None,
        typer.Option(
            metavar="D",
            help="Distances between the volumes, minimised over rotations: D.zarr from `botalign distances`, or a "
            "square matrix in an .npy file. By default they are computed.",
        ),
    ] = None,
    volumes: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="The volumes, if SUBSET does not have them: a folder of maps, or an .npy file."
        ),
    ] = None,
    voxel_size: Annotated[
        float | None, typer.Option(metavar="A", help="Voxel size of volumes in an .npy file, in angstrom. [default: 1]")
    ] = None,
    metric: Annotated[
        Literal["wemd", "l2"] | None,
        typer.Option(
            metavar="[wemd|l2]",
            help="Distance to compute: the wavelet earth mover's distance, or the L2 distance. [default: l2]",
        ),
    ] = None,
    colour_by: Annotated[
        Path | None,
        typer.Option(
            "--colour-by",
            "--color-by",
            metavar="FILE",
            help="Numbers by which the figure is coloured, one for each latent.",
        ),
    ] = None,
    *,
    options: Given[botalign.LandscapeOptions],
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Learn new coordinates for a latent space, so that distances between points match distances between volumes.

    A latent space, such as that of cryoDRGN, assigns a volume to each image, but distances in it do not measure how
    much two volumes differ: some directions may only rotate the molecule. From the distances between some of the
    volumes, minimised over rotations, this command learns new coordinates for all images (Levy, Meaningful
    Dimensionality Reduction of the Conformational Space). After an interruption, the same command resumes.

    The distances between more than 12 volumes are computed by one process per core, unless --threads is given.
    """
    import numpy as np

    from botalign.cli import outputs
    from botalign.cli.all_pairs import AllPairs, execution_for
    from botalign.cli.landscape_distances import read_given_distances, volumes_of
    from botalign.latent.checks import checked_latents
    from botalign.latent.training import require_jax

    if distances is not None:
        for name, value in (("--volumes", volumes), ("--voxel-size", voxel_size), ("--metric", metric)):
            if value is not None:
                raise InputError(f"{name} cannot be combined with --distances; omit one of them.")
    require_jax()
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: got a file, but -o needs a folder; choose another name.")
    draw = can_draw()
    names = (COORDINATES, TABLE, SUBSET, NUMBERS, *((PICTURE,) if draw else ()))
    inputs = [path for path in (latents, subset, distances, volumes, colour_by) if path is not None]
    outputs.check(outputs.files_in(output, names), inputs=inputs, overwrite=overwrite)
    z = botalign.read_latents(latents)
    omega = botalign.read_subset(subset, z)
    values = None if colour_by is None else _read_column(colour_by, len(z))
    chosen = options.read()
    checked_latents(z, omega.latents)
    with report_written() as written:
        if distances is not None:
            known = read_given_distances(distances, omega)
        else:
            maps = volumes_of(omega, volumes, voxel_size)
            asked = botalign.DistanceOptions(metric=metric or "l2", over_rotations=True, seed=chosen.seed)
            execution = execution_for(len(maps), asked, botalign.Execution(threads))
            created = not output.exists()
            output.mkdir(exist_ok=True)
            job = AllPairs(maps, output / DISTANCES, asked, execution)
            try:
                table = job.earlier()
                if table is None:
                    table = job.write(overwrite=overwrite, quiet=quiet)
                    written.append(job.target)
            except InputError:
                if created:
                    with suppress(OSError):  # not empty: it has unfinished work
                        output.rmdir()
                raise
            known = table.distances
        steps = botalign.landscape_steps(z, omega.latents, known, chosen)
        found = run_steps(steps, lambda step: step.stage, quiet=quiet)
        with Staging(overwrite=overwrite, written=written) as staging:
            for name, array in ((COORDINATES, found.transformed), (SUBSET, found.subset_transformed)):
                with staging.file(output / name) as temporary:
                    np.save(temporary, array)
            with staging.file(output / TABLE) as temporary:
                _write_table(found.transformed, temporary)
            with staging.file(output / NUMBERS) as temporary:
                temporary.write_text(found.to_json() + "\n", encoding="utf-8")
            if draw:
                from botalign.figures import landscape_figure

                figure = landscape_figure(found, z, omega.latents, known, values=values)
                with staging.file(output / PICTURE) as temporary:
                    figure.savefig(temporary)
    print(_summary(found))
    if not quiet:
        print(f"written               {', '.join(path.name for path in written)} in {output}")
        if not draw:
            note_no_figure()


def _read_column(path: Path, count: int) -> Matrix:
    """Read the numbers that colour the figure."""
    values = botalign.read_latents(path)
    if values.shape != (count, 1):
        rows, width = values.shape
        raise InputError(f"{path}: got {rows} rows of {width} numbers, expected {count} rows of one number.")
    return values[:, 0]


def _write_table(coordinates: Matrix, path: Path) -> None:
    """Write coordinates as CSV: a row for each latent, numbered from 0."""
    import numpy as np

    header = ",".join(["index", *(f"z{k + 1}" for k in range(coordinates.shape[1]))])
    rows = np.column_stack([np.arange(len(coordinates)), coordinates])
    np.savetxt(path, rows, fmt=["%d", *["%.9g"] * coordinates.shape[1]], delimiter=",", header=header, comments="")


def _summary(found: botalign.Landscape) -> str:
    """Return a summary, one line for each fact."""
    count, dimensions = found.transformed.shape
    rows = [
        ("latents", f"{count}, {len(found.subset_transformed)} with volumes"),
        ("dimensions", f"{dimensions}"),
        ("stress", f"{found.before.stress:.4f} before, {found.after.stress:.4f} after"),
        ("correlation", f"{found.before.correlation:.4f} before, {found.after.correlation:.4f} after"),
    ]
    if found.held_out is not None:
        error, pairs = found.held_out.median_error, found.held_out.pairs
        rows.append(("held-out distances", f"median error {error:.2%} of the median, {pairs} pairs"))
    for trial in found.trials:
        text = f"stress {trial.stress:.4f}, thickness of the last dimension {trial.thickness:.4f}"
        rows.append((f"in {trial.dimensions} dimension{'s' * (trial.dimensions > 1)}", text))
    if found.intrinsic_dimension is not None:
        rows.append(("intrinsic dimension", found.intrinsic_dimension_text))
    return columns(rows)
