"""What Ctrl-C leaves behind, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path

#: More files than these are counted and not named.
_NAMED = 3


class Interrupted(Exception):  # noqa: N818 (it is no error)
    """Ctrl-C, and what was done by then.

    No KeyboardInterrupt: what the parser does with those is not the same in each of its versions.
    """


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
