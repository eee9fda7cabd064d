"""Options that several commands have."""

from __future__ import annotations

import os
from typing import Annotated

import typer

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress bar and no remarks; the result, warnings and errors stay."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help="Threads to use; the result doesn't depend on it.")]
#: The two hands side by side, and a large map resampled twice as fast; more would bring little.
DEFAULT_THREADS = min(2, os.cpu_count() or 1)
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Seed: the same one gives the same result, to the bit.")]
#: Work on many maps uses all there is.
ALL_THREADS = os.cpu_count() or 1
Spread = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Threads to use, as many as there are cores by default; the result is the same."
    ),
]
Processes = Annotated[
    int, typer.Option(min=0, metavar="N", help="Use so many processes instead of threads; the result is the same.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="Use the workers of a Dask cluster; the result is the same."),
]
