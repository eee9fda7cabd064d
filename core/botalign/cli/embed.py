"""``botalign embed``: coordinates of maps from their distances."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.messages import print_note
from botalign.cli.options import Overwrite, Quiet, output_option
from botalign.cli.staging import Staging
from botalign.columns import columns
from botalign.errors import counted

if TYPE_CHECKING:
    from botalign import DiffusionMap, DistanceTable
    from botalign.embeddings import Column

_NAMES = ("coordinates.csv", "coordinates.npy", "embedding.png")


def embed(
    distances: Annotated[
        Path,
        typer.Argument(
            metavar="D",
            help="Distances: D.zarr from `botalign distances`, or a square matrix in an .npy file.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, output_option("FOLDER", "Folder for the results.")],
    dimensions: Annotated[int, typer.Option("--dimensions", "-d", metavar="N", help="Number of coordinates.")] = 2,
    bandwidth: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Width of the Gaussian kernel, in the unit of the distances. By default it is estimated."
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Exponent of the normalisation by the sampling density (how closely the maps are spaced): 0 (none) to "
            "1 (full).",
        ),
    ] = 1.0,
    time: Annotated[
        float,
        typer.Option(
            metavar="T", help="Diffusion time: steps of the random walk. Larger values shrink the later coordinates."
        ),
    ] = 0.0,
    colour_by: Annotated[
        str | None,
        typer.Option(
            "--colour-by", "--color-by", metavar="T.csv:COLUMN", help="Colour the points by a column of a table."
        ),
    ] = None,
    colours: Annotated[
        str,
        typer.Option("--colours", "--colors", metavar="NAME", help="Colour map of matplotlib; twilight for angles."),
    ] = "viridis",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Compute coordinates of maps from their distances: a diffusion map.

    Writes coordinates.csv, with a row for each map, coordinates.npy and the figure embedding.png. The table given to
    --colour-by needs a header. Its rows are matched to the maps by a column of map names; without one, they must be in
    the order of the maps.
    """
    from botalign.cli import outputs, running

    draw = running.can_draw()
    if colour_by is not None:
        running.require_matplotlib("--colour-by")
    table_path, column_name = _table_and_column(colour_by)
    wanted = outputs.files_in(output, _NAMES)
    inputs = [path for path in (distances, table_path) if path is not None]
    outputs.check(wanted, inputs=inputs, overwrite=overwrite)
    import numpy as np

    from botalign.cli.distance_tables import distances_are_from, read_table
    from botalign.embeddings import embedding_text, read_column

    table = read_table(distances)
    column = None if table_path is None else read_column(table_path, column_name, table.names)
    with distances_are_from(distances):
        found = botalign.diffusion_map(
            table.distances, dimensions=dimensions, bandwidth=bandwidth, alpha=alpha, time=time
        )
    csv_path, npy_path, figure_path = paths = [each.path for each in wanted]
    with Staging(overwrite=overwrite) as staging:
        with staging.file(csv_path) as temporary:
            temporary.write_text(embedding_text(table.names, found.coordinates, column), encoding="utf-8")
        with staging.file(npy_path) as temporary:
            np.save(temporary, found.coordinates)
        if draw:
            with staging.file(figure_path) as temporary:
                _draw(found, table, column, colours, temporary)
    print(_summary(found, table, column, estimated=bandwidth is None))
    if not quiet:
        if column is not None and (missing := _missing_values(column)):
            maps = counted(missing, "map has", "maps have")
            they = "it is" if missing == 1 else "they are"
            print_note(f"{maps} no value in column {column.name}; {they} grey in the figure and empty in the table.")
        if negative := int(np.count_nonzero(found.eigenvalues < 0)):
            print_note(
                f"{counted(negative, 'eigenvalue is', 'eigenvalues are')} negative; such coordinates do not describe "
                "motions. Use more maps, or fewer dimensions."
            )
        print(f"written      {', '.join(map(str, paths if draw else paths[:-1]))}")
        if not draw:
            running.note_no_figure()


def _table_and_column(given: str | None) -> tuple[Path | None, str | None]:
    """Split the value of --colour-by; the path may have a colon too."""
    if given is None:
        return None, None
    path, colon, column = given.rpartition(":")
    if not colon or Path(given).exists():
        return Path(given), None
    return Path(path), column


def _missing_values(column: Column) -> int:
    """Return the number of maps without a value in a column of numbers; an empty text is a kind too."""
    import numpy as np

    return int(np.count_nonzero(np.isnan(column.values))) if column.values.dtype.kind == "f" else 0


def _draw(found: DiffusionMap, table: DistanceTable, column: Column | None, colours: str, target: Path) -> None:
    from botalign.embeddings import plain_name
    from botalign.figures import embedding_figure

    figure = embedding_figure(
        found.coordinates,
        values=None if column is None else column.values,
        label="" if column is None else column.name,
        names=[plain_name(name) for name in table.names],
        colours=colours,
    )
    figure.savefig(target)


def _summary(found: DiffusionMap, table: DistanceTable, column: Column | None, *, estimated: bool) -> str:
    """Return a summary, one line for each fact."""
    rows = [
        ("maps", str(len(table.names))),
        ("distances", table.metric),
        ("bandwidth", f"{found.bandwidth:.4g}{', estimated' if estimated else ''}"),
        ("eigenvalues", ", ".join(f"{value:.4f}" for value in found.eigenvalues)),
    ]
    if column is not None:
        how = "rows in the order of the maps" if column.joined_by is None else f"rows matched by {column.joined_by}"
        rows.append(("colours", f"{column.name}, {how}"))
    return columns(rows)
