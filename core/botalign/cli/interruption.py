"""Ctrl-C and SIGTERM: what was done before the interruption."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from botalign.errors import counted

#: Longer lists of files are given as a number.
_LISTED = 3


class Interrupted(Exception):  # noqa: N818 (not an error)
    """An interruption, with a sentence about what was done before it.

    Not a KeyboardInterrupt: versions of the parser differ in how they handle those.
    """


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[list[int]]:
    """Handle SIGTERM, which batch systems send, as Ctrl-C.

    Outside the main thread, and where the program has a handler for SIGTERM, nothing changes.

    Yields
    ------
    list of int
        Empty until the signal arrives.
    """
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    has_handler = signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    if has_handler or threading.current_thread() is not threading.main_thread():
        yield received
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def report_written(remaining: Sized = (), *, resume: str = "") -> Iterator[list[Path]]:
    """Collect the files that are written, and report them after an interruption.

    Parameters
    ----------
    remaining : sized
        The maps that are not aligned yet.
    resume : str, optional
        How to align them, without those that are done.

    Yields
    ------
    list of Path
        Empty; the caller adds each file that is complete.

    Raises
    ------
    Interrupted
        Instead of KeyboardInterrupt.
    """
    written: list[Path] = []
    try:
        yield written
    except KeyboardInterrupt:
        raise Interrupted(interruption_text(written, len(remaining), resume=resume)) from None


def interruption_text(written: Sequence[Path] = (), remaining: int = 0, *, resume: str = "") -> str:
    """Return a sentence about an interruption: which files are complete, and how many maps were not aligned."""
    end = f", {counted(remaining, 'map was', 'maps were')} not aligned" if remaining else ""
    end += f"; {resume}." if written and resume else "."
    if not written:
        return f"interrupted, nothing was written{end}"
    if len(written) > _LISTED:
        return f"interrupted; {len(written)} files were written{end}"
    *others, last = map(str, written)
    which = f"{', '.join(others)} and {last} were" if others else f"{last} was"
    return f"interrupted; {which} written{end}"
