"""``botalign embed``: coordinates for many maps, from their distances."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botalign.cli.distance_tables import read_table
from botalign.cli.messages import print_note
from botalign.cli.options import Overwrite, Quiet
from botalign.cli.staging import Staging
from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import DiffusionMap
    from botalign.embeddings import Column
    from botalign.pairwise import DistanceTable

_NAMES = ("coordinates.csv", "coordinates.npy", "embedding.png")


def embed(
    distances: Annotated[
        Path,
        typer.Argument(metavar="D", help="What `botalign distances` wrote, or a table as .npy.", show_default=False),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the files.", show_default=False)
    ],
    dimensions: Annotated[int, typer.Option("--dimensions", "-d", metavar="N", help="How many coordinates.")] = 2,
    bandwidth: Annotated[
        float | None,
        typer.Option(metavar="X", help="Width of the Gaussian kernel, in the unit of the distances; else chosen."),
    ] = None,
    alpha: Annotated[
        float, typer.Option(metavar="X", help="How far the density of the maps is divided out, 0 to 1.")
    ] = 1.0,
    time: Annotated[
        float,
        typer.Option(metavar="T", help="Steps of the random walk; the longer, the smaller the later coordinates."),
    ] = 0.0,
    colour_by: Annotated[
        str | None,
        typer.Option(
            "--colour-by", "--color-by", metavar="T.csv:COLUMN", help="Colour the points by this column of a table."
        ),
    ] = None,
    colours: Annotated[
        str, typer.Option("--colours", "--colors", metavar="NAME", help="A colour map; twilight for angles.")
    ] = "viridis",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Find coordinates in which maps lie as their distances say: a diffusion map.

    Writes coordinates.csv, a row for each map, coordinates.npy and the picture embedding.png into a folder. A table to
    colour by has headlines; its rows are found by a column with the maps' names, or taken in their order.
    """
    from botalign.cli import outputs, running

    draw = running.can_draw()
    if colour_by is not None and not draw:
        raise InputError(
            f"--colour-by: needs matplotlib, which isn't installed; install it by {running.INSTALL_FIGURES}."
        )
    paths = [output / name for name in _NAMES]
    table_path, column_name = _table_and_column(colour_by)
    outputs.check(
        [outputs.Output(path, "-o", (path.suffix,), in_folder=True) for path in paths],
        inputs=[distances, *([] if table_path is None else [table_path])],
        overwrite=overwrite,
    )
    import numpy as np

    import botalign
    from botalign.embeddings import embedding_text, read_column

    table = read_table(distances)
    column = None if table_path is None else read_column(table_path, column_name, table.names)
    found = botalign.diffusion_map(table.distances, dimensions=dimensions, bandwidth=bandwidth, alpha=alpha, time=time)
    csv_path, npy_path, figure_path = paths
    with Staging(overwrite=overwrite) as staging:
        staging.path(csv_path).write_text(embedding_text(table.names, found.coordinates, column), encoding="utf-8")
        np.save(staging.path(npy_path), found.coordinates)
        if draw:
            _draw(found, table, column, colours, staging.path(figure_path))
    print(_told(found, table, column, bandwidth is None))
    if not quiet:
        if column is not None and (without := _without_value(column)):
            print_note(
                f"{'1 map has' if without == 1 else f'{without} maps have'} no value of {column.name}: grey in the "
                "picture, empty in the table."
            )
        print(f"written      {', '.join(map(str, paths if draw else paths[:-1]))}")
        if not draw:
            print_note(f"no figure, since matplotlib isn't installed; install it by {running.INSTALL_FIGURES}.")


def _table_and_column(given: str | None) -> tuple[Path | None, str | None]:
    """Take apart what names a column of a table; a colon may also belong to the path."""
    if given is None:
        return None, None
    path, colon, column = given.rpartition(":")
    if not colon or Path(given).exists():
        return Path(given), None
    return Path(path), column


def _without_value(column: Column) -> int:
    """Return how many maps a column of numbers says nothing of; a text that is empty is a kind as others are."""
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


def _told(found: DiffusionMap, table: DistanceTable, column: Column | None, chosen: bool) -> str:
    from botalign.cli.tables import columns

    rows = [
        ("maps", str(len(table.names))),
        ("distances", table.metric),
        ("bandwidth", f"{found.bandwidth:.4g}{', chosen' if chosen else ''}"),
        ("eigenvalues", ", ".join(f"{value:.4f}" for value in found.eigenvalues)),
    ]
    if column is not None:
        how = "rows in the order of the maps" if column.joined_by is None else f"rows found by {column.joined_by}"
        rows.append(("colours", f"{column.name}, {how}"))
    return columns(rows)
