"""A single piece of work off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from napari.qt.threading import thread_worker

from botalign import InputError

Result = TypeVar("Result")


def in_background(work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[str], None]) -> None:
    """Do some work on a thread, then hand its result, or what was wrong with its input, to the GUI thread.

    Parameters
    ----------
    work : callable
        The work. It must touch no layer and no widget.
    done : callable
        Takes the result.
    failed : callable
        Takes the message of an :class:`botalign.InputError`; another error is shown by napari, with its traceback.
    """

    def outcome() -> Generator[tuple[bool, Any], None, None]:
        try:
            yield True, work()
        except Exception as error:
            yield False, error

    def take(told: tuple[bool, Any]) -> None:
        fine, value = told
        if fine:
            done(value)
            return
        failed(str(value))
        if not isinstance(value, InputError):
            raise value

    worker = thread_worker(outcome)(_progress={"desc": "BOTalign"})
    worker.yielded.connect(take)
    worker.start()
