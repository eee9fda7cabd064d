"""Cancelling work: long functions test now and then whether the work of their thread was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Returns whether to stop; it may be called from any thread, often.
Stopped = Callable[[], bool]


class CancelledWork(Exception):  # noqa: N818 (not an error)
    """The work of this thread was cancelled."""


_of_thread = threading.local()


def watch(stopped: Stopped | None) -> None:
    """Let :func:`check_cancelled` test a condition whenever it is called from this thread; None for no condition."""
    _of_thread.stopped = stopped


def watched() -> Stopped | None:
    """Return the condition that this thread tests, for threads that work for it."""
    stopped: Stopped | None = getattr(_of_thread, "stopped", None)
    return stopped


@contextmanager
def cancelled_by(stopped: Stopped) -> Iterator[None]:
    """Let :func:`check_cancelled` test a condition in this context."""
    before = watched()
    watch(stopped)
    try:
        yield
    finally:
        watch(before)


def check_cancelled() -> None:
    """Raise CancelledWork if the work of this thread was cancelled.

    Functions that run for more than about a second call this between units of less than a second.
    """
    stopped = watched()
    if stopped is not None and stopped():
        raise CancelledWork
