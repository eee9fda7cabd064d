"""What Ctrl-C, or the SIGTERM of a batch system, leaves behind, in words."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

#: More files than these are counted and not named.
_NAMED = 3


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """Ctrl-C, and what was done by then.

    No KeyboardInterrupt: what the parser does with those is not the same in each of its versions.
    """


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[list[int]]:
    """Take SIGTERM as Ctrl-C, and hand out a list for it: it stays empty if none comes.

    Outside the main thread, and where the program was told to do something else about it, nothing is changed.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    free = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not free or threading.current_thread() is not threading.main_thread():
        yield came
        return
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def told_what_was_written(todo: Sized = ()) -> Iterator[list[Path]]:
    """Hand out a list for the files that were written, and say which after Ctrl-C.

    Parameters
    ----------
    todo : sized
        The maps that are not aligned yet.

    Raises
    ------
    Interrupted
        In place of KeyboardInterrupt.
    """
    written: list[Path] = []
    try:
        yield written
    except KeyboardInterrupt:
        raise Interrupted(interruption(written, len(todo))) from None


def interruption(written: Sequence[Path] = (), left: int = 0) -> str:
    """Return a sentence about an interruption: the files that are complete, how many maps were not aligned."""
    end = "." if left == 0 else f", {'1 map was' if left == 1 else f'{left} maps were'} not aligned."
    if not written:
        return f"interrupted, nothing was written{end}"
    if len(written) > _NAMED:
        return f"interrupted; {len(written)} files were written{end}"
    *others, last = map(str, written)
    which = f"{', '.join(others)} and {last} were" if others else f"{last} was"
    return f"interrupted; {which} written{end}"
