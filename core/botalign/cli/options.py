"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Overwrite existing files.")]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Hide the progress bar and notes; print only results, warnings and errors."),
]
Silent = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed; the same seed gives the same result, bit for bit.")]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of threads; by default chosen automatically (at most one per core). The result does not depend on "
        "the number of threads. [at least 1]",
    ),
]
Processes = Annotated[
    int,
    typer.Option(
        metavar="N",
        show_default=False,
        help="Use this number of processes instead of threads; the result is the same.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="Use the workers of a Dask cluster; the result is the same."),
]
