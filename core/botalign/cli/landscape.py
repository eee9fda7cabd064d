"""``botalign landscape``: a latent space in which distances mean something."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botalign.cli.interruption import told_what_was_written
from botalign.cli.options import Overwrite, Quiet, Seed, Spread
from botalign.cli.staging import Staging
from botalign.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from botalign import DensityMap, Landscape

DISTANCES, COORDINATES, TABLE, NUMBERS, PICTURE, SUBSET = (
    "distances.zarr",
    "z_transformed.npy",
    "z_transformed.csv",
    "landscape.json",
    "landscape.png",
    "subset_transformed.npy",
)


class Metric(StrEnum):
    """The distance."""

    l2 = "l2"
    wemd = "wemd"


class Weighting(StrEnum):
    """How errors are counted: relative to the distance, or large distances less."""

    relative = "relative"
    local = "local"


def landscape(
    latents: Annotated[
        Path,
        typer.Argument(
            metavar="Z",
            help="Latent coordinates of all images: NPY, cryoDRGN's z.N.pkl, or text in columns.",
            show_default=False,
        ),
    ],
    subset: Annotated[
        Path,
        typer.Argument(
            metavar="SUBSET",
            help="A folder with z_values.txt and vol_*.mrc, as `cryodrgn analyze` writes; or a file of the latents, or "
            "of the rows, that there are volumes of.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Where to write what is found.", show_default=False),
    ],
    distances: Annotated[
        Path | None,
        typer.Option(
            metavar="D",
            help="Distances of the volumes, minimised over rotations, instead of computing them: D.zarr of "
            "`botalign distances`, or a square NPY.",
        ),
    ] = None,
    volumes: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The volumes, if SUBSET doesn't hold them: a folder of maps, or an NPY."),
    ] = None,
    voxel_size: Annotated[
        float | None, typer.Option(metavar="A", help="Of volumes in an NPY, in angstrom; 1 if not given.")
    ] = None,
    metric: Annotated[
        Metric | None,
        typer.Option(help="L2, by default, as in eq. 1 of Levy, or the wavelet earth mover's distance."),
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(metavar="N", help="Of the new coordinates; as many as the latents have if not given.")
    ] = None,
    amortise: Annotated[
        bool,
        typer.Option(
            "--amortise/--no-amortise", help="Learn the distance of any two latents first, or use the given ones only."
        ),
    ] = True,
    weighting: Annotated[
        Weighting,
        typer.Option(help="Errors relative to the distance (eq. 8 of Levy), or large distances counted less (eq. 9)."),
    ] = Weighting.relative,
    floor: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="How uncertain a distance is: none smaller is divided by. [a twentieth of the median]"
        ),
    ] = None,
    grow: Annotated[
        bool,
        typer.Option("--grow/--no-grow", help="Estimate the intrinsic dimension by maps into 1, 2, ... dimensions."),
    ] = True,
    held_out: Annotated[
        float, typer.Option(metavar="X", help="Part of the volumes by which the learned distance is checked.")
    ] = 0.2,
    steps: Annotated[int, typer.Option(metavar="N", help="Steps of each descent.")] = 2000,
    colour_by: Annotated[
        Path | None,
        typer.Option(
            "--colour-by", "--color-by", metavar="FILE", help="A number for each latent, to colour the picture by."
        ),
    ] = None,
    threads: Spread = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Deform a latent space so that distances in it are those of the volumes.

    A latent space, as cryoDRGN's, says which volume belongs to an image, but not how different two volumes are: part of
    it may only turn the molecule. From the distances of some volumes, minimised over rotations, new coordinates of all
    images are learned, after Levy. Stopped and given again, the command goes on where it was.

    The distances of more than 12 volumes are computed by as many processes as there are cores, unless --threads is
    given.
    """
    import botalign
    from botalign.cli import running
    from botalign.cli.landscape_distances import found_volumes, given_distances
    from botalign.cli.long_work import finished
    from botalign.latent.landscape import stage_names
    from botalign.latent.options import LandscapeOptions, checked_latents

    if distances is not None:
        for name, value in (("--volumes", volumes), ("--voxel-size", voxel_size), ("--metric", metric)):
            if value is not None:
                raise InputError(f"{name}: is for distances to be computed, but --distances gives them; leave one out.")
    paths = {name: output / name for name in (COORDINATES, TABLE, SUBSET, NUMBERS, PICTURE)}
    draw = running.can_draw()
    inputs = [path for path in (latents, subset, distances, volumes, colour_by) if path is not None]
    _check(output, paths, inputs, overwrite=overwrite, draw=draw)
    z = botalign.read_latents(latents)
    omega = botalign.read_subset(subset, z)
    shades = None if colour_by is None else _column(colour_by, len(z))
    target = z.shape[1] if dimensions is None else dimensions
    options: dict[str, Any] = {
        "dimensions": target,
        "amortise": amortise,
        "weighting": weighting.value,
        "floor": floor,
        "grow": grow,
        "held_out": held_out,
        "steps": steps,
        "seed": seed,
    }
    checked_latents(z, omega.latents)
    LandscapeOptions(**options)
    stages = stage_names(max(target, z.shape[1]))
    with told_what_was_written() as written:
        if distances is not None:
            known = given_distances(distances, omega)
        else:
            maps = found_volumes(omega, volumes, voxel_size)
            known = _computed(
                maps, output, metric or Metric.l2, threads, seed, overwrite=overwrite, quiet=quiet, written=written
            )
        found = finished(
            botalign.landscape_steps(z, omega.latents, known, **options), {name: name for name in stages}, quiet=quiet
        )
        with Staging(overwrite=overwrite, written=written) as staging:
            _write(found, paths, staging)
            if draw:
                from botalign.figures import landscape_figure

                figure = landscape_figure(found, z, omega.latents, known, values=shades)
                figure.savefig(staging.path(paths[PICTURE]))
    print(_told(found))
    if not quiet:
        print(f"written               {', '.join(path.name for path in written)} in {output}")


def _computed(
    maps: Sequence[DensityMap | Path],
    folder: Path,
    metric: Metric,
    threads: int | None,
    seed: int,
    *,
    overwrite: bool,
    quiet: bool,
    written: list[Path],
) -> NDArray[np.float64]:
    """Compute the distances, minimised over rotations, into the folder, or take those that are there already."""
    from botalign.cli.all_pairs import workers, written_distances

    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        return written_distances(
            maps,
            folder / DISTANCES,
            options={"metric": metric.value, "over_rotations": True, "seed": seed},
            workers=workers(len(maps), over_rotations=True, threads=threads),
            overwrite=overwrite,
            quiet=quiet,
            reuse=True,
            written=written,
        ).distances
    except InputError:
        if made:
            with suppress(OSError):  # it is not empty, so something is kept in it
                folder.rmdir()
        raise


def _write(found: Landscape, paths: dict[str, Path], staging: Staging) -> None:
    import numpy as np

    np.save(staging.path(paths[COORDINATES]), found.transformed)
    np.save(staging.path(paths[SUBSET]), found.subset_transformed)
    _write_table(found.transformed, staging.path(paths[TABLE]))
    staging.path(paths[NUMBERS]).write_text(found.to_json() + "\n", encoding="utf-8")


def _check(folder: Path, paths: dict[str, Path], inputs: list[Path], *, overwrite: bool, draw: bool) -> None:
    from botalign.cli import outputs
    from botalign.latent.training import require_jax

    require_jax()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, but -o must be a folder; give another name.")
    wanted = [path for name, path in paths.items() if draw or name != PICTURE]
    outputs.check(
        [outputs.Output(p, "-o", (p.suffix,), in_folder=True) for p in wanted], inputs=inputs, overwrite=overwrite
    )


def _column(path: Path, count: int) -> NDArray[np.float64]:
    """Read the numbers to colour by."""
    import botalign

    values = botalign.read_latents(path)
    if values.shape != (count, 1):
        raise InputError(
            f"{path}: got {values.shape[0]} rows of {values.shape[1]}, expected {count} numbers, one a row."
        )
    return values[:, 0]


def _write_table(coordinates: NDArray[np.float64], path: Path) -> None:
    """Write coordinates as CSV, a row for each latent, numbered from 0."""
    import numpy as np

    header = ",".join(["index", *(f"z{k + 1}" for k in range(coordinates.shape[1]))])
    rows = np.column_stack([np.arange(len(coordinates)), coordinates])
    np.savetxt(path, rows, fmt=["%d", *["%.9g"] * coordinates.shape[1]], delimiter=",", header=header, comments="")


def _told(found: Landscape) -> str:
    """Return what was found, a line each."""
    from botalign.cli.tables import columns

    count, dimensions = found.transformed.shape
    rows = [
        ("latents", f"{count}, of which {len(found.subset_transformed)} have volumes"),
        ("dimensions", f"{dimensions}"),
        ("stress", f"{found.before.stress:.4f} before, {found.after.stress:.4f} after"),
        ("correlation", f"{found.before.correlation:.4f} before, {found.after.correlation:.4f} after"),
    ]
    if found.held_out is not None:
        rows.append(
            (
                "held-out distances",
                f"off by {found.held_out.median_error:.2%} of the median, {found.held_out.pairs} pairs",
            )
        )
    rows += [
        (
            f"into {trial.dimensions}",
            f"stress {trial.stress:.4f}, thickness of the last dimension {trial.thickness:.4f}",
        )
        for trial in found.trials
    ]
    if found.intrinsic_dimension is not None:
        rows.append(("intrinsic dimension", found.intrinsic_dimension_text))
    return columns(rows)
