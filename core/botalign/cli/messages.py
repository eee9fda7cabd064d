"""What is said on stderr, each thing in one line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def print_error(message: str) -> None:
    """Print an error."""
    _print_line(f"botalign: error: {message}")


def print_warning(message: str) -> None:
    """Print a warning."""
    _print_line(f"botalign: warning: {message}")


def print_note(message: str) -> None:
    """Print something that is good to know."""
    _print_line(f"botalign: {message}")


@contextmanager
def shown_warnings() -> Iterator[None]:
    """Print the warnings that are meant for users in one line each, without the code they come from."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print_warning(str(message))

    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning)
        warnings.showwarning = show
        yield


def _print_line(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)
