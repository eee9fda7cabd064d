"""Work off the GUI thread: a single piece, or step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from napari.qt.threading import thread_worker

from botalign import InputError

Step = TypeVar("Step")
Told = TypeVar("Told")
Result = TypeVar("Result")

#: How often the GUI is told of progress, in seconds: as often as a person can follow, and no more.
_PERIOD = 0.1


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


def paced(
    steps: Generator[Step, None, Result], stop: Callable[[], bool], tell: Callable[[tuple[Step, ...]], Told]
) -> Generator[Told, None, Result | None]:
    """Take steps until asked to stop, and tell of them now and then.

    Parameters
    ----------
    steps : generator
        The work; it is closed in the end.
    stop : callable
        Whether to stop.
    tell : callable
        Makes of the steps since the last time what is yielded.

    Returns
    -------
    object or None
        What the generator returns; None if it was stopped.
    """
    told, waiting = time.perf_counter(), []
    try:
        while not stop():
            try:
                waiting.append(next(steps))
            except StopIteration as finished:
                if waiting:
                    yield tell(tuple(waiting))
                result: Result = finished.value
                return result
            if time.perf_counter() - told >= _PERIOD:
                yield tell(tuple(waiting))
                told, waiting = time.perf_counter(), []
    finally:
        steps.close()
    return None
