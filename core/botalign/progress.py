"""Long computations as generators: the record they yield, and how to run them.

A computation yields a :class:`Progress` after each step and returns its result as the value of ``StopIteration``.
Closing the generator between two steps cancels the computation.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from botalign.cancellation import CancelledWork, Stopped, cancelled_by, check_cancelled, watch

if TYPE_CHECKING:
    from botalign.arrays import Matrix

Step = TypeVar("Step")
Mapped = TypeVar("Mapped")
Result = TypeVar("Result")

#: Seconds between two tests whether the work was cancelled, while another thread takes a step.
_CHECK_SECONDS = 0.2
#: Steps of work whose parts are not counted in the same units.
WHOLE = 1000


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a computation is.

    Attributes
    ----------
    stage : str
        Stage of the computation. The function that yields the record documents its stages.
    done, total : int
        Steps of this stage that are done, and all its steps. For an alignment both count the steps of all stages.
    hand : str or None
        Hand of the moving map in this step of an alignment, ``"as given"`` or ``"mirrored"``; None where the step is
        about both.
    iteration : int
        Iteration of a classification, or round of an assembly, from 1; 0 before the first.
    loss, best_loss : float or None
        Loss of the last step, and the lowest loss so far.
    moving_to_fixed : ndarray, shape (3, 4), or None
        Best pose of an alignment so far.
    overall : float or None
        Fraction of all stages that is done, if `done` and `total` count this stage only and stages are repeated.
    """

    stage: str
    done: int
    total: int
    hand: str | None = None
    iteration: int = 0
    loss: float | None = None
    best_loss: float | None = None
    moving_to_fixed: Matrix | None = None
    overall: float | None = None

    @property
    def fraction(self) -> float:
        """Fraction that is done: of all stages if that is known, otherwise of this stage."""
        if self.overall is not None:
            return self.overall
        return self.done / self.total if self.total else 1.0

    @property
    def label(self) -> str:
        """What is done, as text for a progress bar: the stage and the hand."""
        return f"{self.stage}, mirrored" if self.hand == "mirrored" else self.stage


def exhaust(steps: Generator[Any, None, Result]) -> Result:
    """Run a computation to its end and return its result; close it if it is interrupted."""
    with closing(steps):
        while True:
            check_cancelled()
            try:
                next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result


def run_until(steps: Generator[Step, None, Result], stopped: Stopped) -> Generator[Step, None, Result | None]:
    """Run the steps of a computation until it ends or is cancelled.

    A condition that another thread makes true cancels the computation within about a second, also during a long step.

    Parameters
    ----------
    steps : generator
        The computation, for example of :func:`botalign.align_steps`; it is closed at the end.
    stopped : callable
        Function that returns whether to cancel; it is called often.

    Returns
    -------
    object or None
        The result of the computation, as the value of ``StopIteration``; None if it was cancelled.

    Yields
    ------
    object
        The records of the computation.

    Examples
    --------
    >>> import botalign
    >>> density_map = botalign.phantom(24, voxel_size_angstrom=4.0)
    >>> steps = botalign.run_until(botalign.align_steps(density_map, density_map), lambda: True)
    >>> list(steps)
    []
    """
    with closing(steps):
        while not stopped():
            try:
                with cancelled_by(stopped):
                    step = next(steps)
            except StopIteration as finished:
                result: Result = finished.value
                return result
            except CancelledWork:
                return None
            yield step
    return None


def map_steps(
    steps: Generator[Step, None, Result], function: Callable[[Step], Mapped]
) -> Generator[Mapped, None, Result]:
    """Apply a function to each record of a computation and pass on its result.

    Closing the returned generator closes `steps` too.

    Parameters
    ----------
    steps : generator
        The computation.
    function : callable
        Returns the record to yield for a record of `steps`.
    """
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield function(step)
    finally:
        steps.close()


def part_of_work(steps: Generator[Progress, None, Result], start: int, end: int) -> Generator[Progress, None, Result]:
    """Count the steps of a computation as a part of larger work.

    What may be repeated or left out gets a part that is fixed before it begins: the progress may jump ahead, but it
    never goes back.

    Parameters
    ----------
    steps : generator
        The computation.
    start, end : int
        The part, in steps of the :data:`WHOLE` work.
    """

    def counted(step: Progress) -> Progress:
        return replace(step, done=start + int((end - start) * min(step.fraction, 1.0)), total=WHOLE, overall=None)

    return map_steps(steps, counted)


def in_background(generator: Generator[Step, None, Result]) -> Generator[Step, None, Result]:
    """Start a computation on its own thread and return a generator of its records and its result.

    Closing the returned generator stops the thread, at the next step or call of
    :func:`botalign.cancellation.check_cancelled`, and waits for it.
    """
    results: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    stopped = threading.Event()

    def run() -> None:
        watch(stopped.is_set)
        try:
            while not stopped.is_set():
                results.put(("step", next(generator)))
        except StopIteration as stop:
            results.put(("result", stop.value))
        except BaseException as error:  # raised again in the consuming thread
            results.put(("error", error))
        finally:
            generator.close()

    thread = threading.Thread(target=run, name="botalign", daemon=True)
    thread.start()

    def steps() -> Generator[Step, None, Result]:
        try:
            yield None  # type: ignore[misc]  # so that closing runs the clean-up even before the first step is taken
            while True:
                try:
                    kind, value = results.get(timeout=_CHECK_SECONDS)
                except queue.Empty:
                    check_cancelled()
                    continue
                if kind == "error":
                    raise value
                if kind == "result":
                    result: Result = value
                    return result
                yield value
        finally:
            stopped.set()
            thread.join()

    records = steps()
    next(records)
    return records
