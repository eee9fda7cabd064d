"""Cancelling blocks of work on other threads and processes: a block tests now and then whether to continue."""

from __future__ import annotations

import threading
from typing import Protocol


class StopFlag(Protocol):
    """A flag that another thread or process sets, such as :class:`threading.Event`."""

    def is_set(self) -> bool:
        """Whether to stop."""


class CancelledWork(Exception):  # noqa: N818 (not an error)
    """The work of this thread was cancelled."""


_of_thread = threading.local()


def watch(flag: StopFlag) -> None:
    """Let :func:`check_cancelled` test a flag whenever it is called from this thread."""
    _of_thread.flag = flag


def check_cancelled() -> None:
    """Raise CancelledWork if the work of this thread was cancelled.

    Functions that run for more than about a second on a worker call this between units of less than a second.
    """
    flag: StopFlag | None = getattr(_of_thread, "flag", None)
    if flag is not None and flag.is_set():
        raise CancelledWork
