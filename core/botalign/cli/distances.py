"""``botalign distances``: the distances between all pairs of maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botalign import DistanceOptions, Execution
from botalign.cli.declared import Given, with_options
from botalign.cli.options import Overwrite, Quiet, output_option
from botalign.errors import InputError, Setting, counted

if TYPE_CHECKING:
    from botalign import DistanceTable

#: The number of maps that are named if cycles are open.
_NAMED = 3


@with_options(DistanceOptions)
@with_options(Execution, "execution")
def distances(
    maps: Annotated[list[Path], typer.Argument(metavar="MAP", help="The maps, at least two.", show_default=False)],
    output: Annotated[Path, output_option("D.zarr", "Write the distances.")],
    *,
    options: Given[DistanceOptions],
    execution: Given[Execution],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Compute the distances between all pairs of maps.

    Finished pairs are kept in the folder D.zarr.partial until all are computed. After an interruption, the same command
    resumes.

    With --over-rotations and more than 12 maps, one process per core is used, unless --threads, --processes or
    --scheduler is given.
    """
    from botalign.cli.all_pairs import AllPairs, execution_for

    where, chosen = execution.read(), options.read()
    if where.processes is not None and where.threads is not None:
        raise InputError(Setting("threads"), " and ", Setting("processes"), ": got both, expected one of the two.")
    where = execution_for(len(maps), chosen, where)
    table = AllPairs(maps, output, chosen, where).write(overwrite=overwrite, quiet=quiet)
    print(_summary(table, chosen))
    if not quiet:
        print(f"written      {output}")


def _summary(table: DistanceTable, options: DistanceOptions) -> str:
    """Return a summary, one line for each fact."""
    import numpy as np

    n = len(table.names)
    pairs = table.distances[np.triu_indices(n, 1)]
    minimum = ", minimised over rotations and shifts" if options.over_rotations else ""
    spread = f"{pairs.min():.4g} to {pairs.max():.4g}, median {np.median(pairs):.4g}"
    rows = [
        ("maps", f"{n}, {counted(len(pairs), 'pair')}"),
        ("distances", f"{spread}, {table.metric}{minimum}"),
    ]
    if table.open_cycles is not None:
        cycles, count = table.open_cycles, int(np.triu(table.open_cycles).sum())
        total = len(pairs) * min(options.landmarks, n)
        text = f"all {total} cycles via landmarks are closed"
        if count:
            worst = [i for i in np.argsort(-cycles.sum(axis=1), kind="stable")[:_NAMED] if cycles[i].any()]
            names = ", ".join(table.names[i] for i in worst)
            are = "is" if count == 1 else "are"
            text = f"{count} of {total} cycles via landmarks {are} open, most of them with {names}"
        rows.append(("cycles", text))
    if table.mirrored.any():
        rows.append(("mirrored", counted(int(np.triu(table.mirrored).sum()), "pair")))
    return "\n".join(f"{name:13}{text}" for name, text in rows)
