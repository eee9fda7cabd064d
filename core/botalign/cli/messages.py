"""Messages on stderr, one line each."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from botalign.cli.spelling import spelled
from botalign.errors import InputError


def print_error(message: str | InputError) -> None:
    """Print an error."""
    _print_line(f"botalign: error: {spelled(message)}")


def print_warning(message: str | Warning) -> None:
    """Print a warning."""
    _print_line(f"botalign: warning: {spelled(message)}")


def print_note(message: str) -> None:
    """Print a note."""
    _print_line(f"botalign: {message}")


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print the warnings for users as lines, without the code that raised them, and each of them once."""
    printed: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if str(message) not in printed:
            printed.add(str(message))
            print_warning(message)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning)
        warnings.showwarning = show
        yield


def _print_line(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)
