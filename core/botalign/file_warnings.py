"""Warnings about files that are read: issued, or collected for the work on one of many files.

The filters of :mod:`warnings` are those of the whole process, so they do not separate the warnings of two threads.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_of_thread = threading.local()


def warn(warning: Warning, *, stacklevel: int = 2) -> None:
    """Issue a warning at a caller, as :func:`warnings.warn` does, unless this thread collects warnings."""
    found: list[str] | None = getattr(_of_thread, "found", None)
    if found is None:
        warnings.warn(warning, stacklevel=stacklevel + 1)
    else:
        found.append(" ".join(str(warning).split()))


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect the texts of the warnings that this thread would issue with :func:`warn` in this context.

    Yields
    ------
    list of str
        The texts, one line each; the list grows.
    """
    before: list[str] | None = getattr(_of_thread, "found", None)
    found: list[str] = []
    _of_thread.found = found
    try:
        yield found
    finally:
        _of_thread.found = before
