"""Progress bar of computations that take minutes or hours, with the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from botalign.progress import Progress, exhaust, map_steps

Result = TypeVar("Result")

#: The time left is estimated after this number of steps: the first one may include starting processes and compiling.
_ENOUGH = 2
#: Characters: the usual and the longest text; the shortest and longest bar; "12000/12000"; the times; the detail.
_TEXT, _LONGEST_TEXT, _SHORTEST_BAR, _LONGEST_BAR, _COUNT, _TIMES, _DETAIL = 16, 20, 4, 30, 11, 29, 15


def run_steps(
    steps: Generator[Progress, None, Result],
    text: Callable[[Progress], str],
    *,
    quiet: bool,
    detail: Callable[[Progress], str] | None = None,
) -> Result:
    """Run a computation to its end, with a progress bar and times if stderr is a terminal.

    Parameters
    ----------
    steps : generator
        The computation.
    text : callable
        Returns the text beside the bar for a step, up to 20 characters.
    quiet : bool
        Whether to hide the bar.
    detail : callable, optional
        Returns the text after the times for a step, up to 15 characters.

    Returns
    -------
    object
        The result of the computation.
    """
    if quiet or not sys.stderr.isatty():
        return exhaust(steps)
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Times(progress.ProgressColumn):
        """Time since the stage began, and time left."""

        def render(self, task: progress.Task) -> Text:
            elapsed = time.monotonic() - task.fields["began"]
            done, left = int(task.completed) - task.fields["kept"], int(task.total or 0) - int(task.completed)
            return Text(times(elapsed, done, left), style="progress.elapsed", no_wrap=True)

    console = Console(stderr=True)
    free = console.width - _LONGEST_TEXT - _COUNT - _TIMES - 3 - (0 if detail is None else _DETAIL + 1)
    columns = (
        progress.TextColumn(f"{{task.description:{_TEXT}}}"),
        progress.BarColumn(bar_width=min(max(free, _SHORTEST_BAR), _LONGEST_BAR)),
        progress.MofNCompleteColumn(),
        Times(),
        *(() if detail is None else (progress.TextColumn("{task.fields[detail]}"),)),
    )
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task: progress.TaskID | None = None
        last: Progress | None = None

        def show(step: Progress) -> None:
            nonlocal task, last
            # A stage may have several parts, one after the other, each with its own times.
            if last is None or step.stage != last.stage or step.total != last.total or step.done < last.done:
                if task is not None:
                    bar.remove_task(task)
                # Steps of an earlier run are done from the start: they do not count for the speed of this run.
                task = bar.add_task(
                    text(step), total=step.total, completed=step.done,
                    kept=step.done, began=time.monotonic(), detail="",
                )  # fmt: skip
            last = step
            assert task is not None
            bar.update(task, completed=step.done, total=step.total, detail="" if detail is None else detail(step))

        return exhaust(map_steps(steps, show))


@contextmanager
def waiting(text: str, *, quiet: bool) -> Iterator[None]:
    """Show a text while something without countable steps is done, if stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def times(elapsed: float, done: int, left: int) -> str:
    """Return the seconds since the start, and those that are left if enough steps are done, as text."""
    since = f"{_clock(elapsed)} elapsed"
    return f"{since}, {_clock(elapsed * left / done)} left" if done >= _ENOUGH else since


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
