"""Work off the GUI thread: a single function, or a generator of steps.

The workers are those of superqt, which napari's are based on. napari also registers its workers with the window that
was used last, and stops them when that is closed, even if another viewer needs them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from napari.utils.progress import progress
from qtpy.QtCore import Qt
from superqt.utils import create_worker

from botalign import InputError, run_until
from napari_botalign.option_labels import spelled

if TYPE_CHECKING:
    from magicgui.widgets import Container

Step = TypeVar("Step")
Update = TypeVar("Update")
Result = TypeVar("Result")

#: Seconds between two updates of the GUI.
_PERIOD = 0.1


def start_worker(
    updates: Generator[Update, None, Any],
    receive: Callable[[Update], None],
    ended: Callable[[], None] = lambda: None,
) -> None:
    """Take the updates of a generator on a thread, and pass each to a function on the GUI thread.

    The generator is closed when napari quits; superqt alone would leave it suspended, and its threads at work.

    Parameters
    ----------
    updates : generator
        The work. It must not use layers or widgets.
    receive : callable
        Receives the updates.
    ended : callable, optional
        Called at the end.
    """

    def values() -> Generator[Update, None, None]:
        yield from updates

    worker: Any = create_worker(values)
    worker.yielded.connect(receive)
    worker.aborted.connect(lambda: updates.close(), Qt.ConnectionType.DirectConnection)  # on the thread
    worker.finished.connect(ended)
    worker.start()


def in_background(
    widget: Container[Any],
    work: Callable[[], Result],
    done: Callable[[Result], None],
    failed: Callable[[str], None],
    *,
    bar: bool = True,
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
    bar : bool, optional
        Whether to show a bar in napari's activity dock.
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

    shown = progress(total=0, desc="BOTalign") if bar else None
    start_worker(outcome(), receive, lambda: None if shown is None else shown.close())


class LatestOnly:
    """Runs work off the GUI thread, one at a time. Of the requests during it, only the last one is fulfilled.

    Parameters
    ----------
    widget : Container
        The widget that the work is for.
    begin : callable
        Begins the work of a request: returns it, what receives its result, and what receives the message of an error;
        or None if there is nothing to do any more.
    """

    def __init__(
        self,
        widget: Container[Any],
        begin: Callable[[], tuple[Callable[[], Any], Callable[[Any], None], Callable[[str], None]] | None],
    ) -> None:
        self._widget, self._begin = widget, begin
        self._working = self._requested = False

    def request(self) -> None:
        """Do the work now, or as soon as the current one is done."""
        self._requested = True
        if self._working:
            return
        self._requested = False
        begun = self._begin()
        if begun is None:
            return
        work, done, failed = begun
        self._working = True
        in_background(self._widget, work, partial(self._end, done), partial(self._end, failed), bar=False)

    def _end(self, receive: Callable[[Any], None], outcome: Any) -> None:
        self._working = False
        receive(outcome)
        if self._requested:
            self.request()


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
