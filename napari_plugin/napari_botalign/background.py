"""Work off the GUI thread: a single function, or a generator of steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from napari.qt.threading import thread_worker
from qtpy.QtCore import Qt

from botalign import InputError, run_until
from napari_botalign.option_labels import spelled

if TYPE_CHECKING:
    from magicgui.widgets import Container

Step = TypeVar("Step")
Update = TypeVar("Update")
Result = TypeVar("Result")

#: Seconds between two updates of the GUI.
_PERIOD = 0.1


def in_background(
    widget: Container[Any], work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[str], None]
) -> None:
    """Call a function on a thread, then pass its result, or its error, to the GUI thread, unless a widget was closed.

    Parameters
    ----------
    widget : Container
        The widget that `done` and `failed` use.
    work : callable
        The work. It must not use layers or widgets.
    done : callable
        Receives the result.
    failed : callable
        Receives the message of an error. Unless it is an :class:`botalign.InputError`, napari shows the error too, with
        its traceback.
    """
    closed = Event()
    widget.native.destroyed.connect(closed.set)

    def outcome() -> Generator[tuple[Any, Exception | None], None, None]:
        try:
            yield work(), None
        except Exception as error:
            yield None, error

    def receive(outcome: tuple[Any, Exception | None]) -> None:
        if closed.is_set():
            return
        result, error = outcome
        if error is None:
            done(result)
            return
        failed(spelled(error))
        if not isinstance(error, InputError):
            raise error

    worker = thread_worker(outcome)(_progress={"desc": "BOTalign"})
    worker.yielded.connect(receive)
    worker.start()


def start_worker(generator: Generator[Update, None, Any], receive: Callable[[Update], None]) -> None:
    """Take the values of a generator on a thread, and pass each to a function on the GUI thread.

    The generator is closed when napari quits; napari alone would leave it suspended, and its threads at work.
    """

    def values() -> Generator[Update, None, None]:
        yield from generator

    worker = thread_worker(values)()
    worker.yielded.connect(receive)
    worker.aborted.connect(lambda: generator.close(), Qt.ConnectionType.DirectConnection)  # on the thread
    worker.start()


def in_batches(
    steps: Generator[Step, None, Result], stop: Callable[[], bool], make_update: Callable[[tuple[Step, ...]], Update]
) -> Generator[Update, None, Result | None]:
    """Take the steps of a computation until it ends or is stopped, and yield updates from time to time.

    Parameters
    ----------
    steps : generator
        The computation; it is closed at the end.
    stop : callable
        Whether to stop.
    make_update : callable
        Returns an update, given the steps since the last one.

    Returns
    -------
    object or None
        Result of the computation; None if it was stopped.
    """
    last, waiting = time.perf_counter(), []
    with closing(run_until(steps, stop)) as running:
        while True:
            try:
                waiting.append(next(running))
            except StopIteration as finished:
                if waiting and not stop():
                    yield make_update(tuple(waiting))
                result: Result | None = finished.value
                return result
            if time.perf_counter() - last >= _PERIOD:
                yield make_update(tuple(waiting))
                last, waiting = time.perf_counter(), []
