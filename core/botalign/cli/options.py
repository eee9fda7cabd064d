"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from botalign.threads import THREADS

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Overwrite existing files.")]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Hide the progress bar, which is shown in a terminal only, and notes; print only results, warnings and "
        "errors.",
    ),
]
Silent = Annotated[bool, typer.Option("--quiet", "-q", help="Print only warnings and errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print only the result, as JSON.")]
Threads = Annotated[int | None, typer.Option(metavar="N", help=f"{THREADS.option.help}. [{THREADS.range}]")]
Inverse = Annotated[
    bool, typer.Option("--inverse", help="Use the inverse transform, from the fixed map to the moving map.")
]
Candidate = Annotated[
    int,
    typer.Option(metavar="N", help="Use another pose of the result: 1 is the first alternative, 0 the result itself."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed; the same seed gives the same result, bit for bit.")]


def output_option(metavar: str, help_text: str) -> Any:
    """Return the option that names the output of a command that needs one."""
    return typer.Option("--output", "-o", metavar=metavar, help=help_text, show_default=False)
