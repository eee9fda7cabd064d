"""Work that takes minutes or hours: how far it is, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol, TypeVar

from botalign.progress import exhaust, map_steps

Result = TypeVar("Result")

#: Blocks that tell how fast it goes: the first one alone may have waited for processes to start, or for a compiler.
_ENOUGH = 2
#: Characters: of the bar at least and at most, and of what is beside it, "12000/12000", the times, "loss 1.2345e-05".
_SHORTEST_BAR, _LONGEST_BAR, _COUNT, _TIMES, _BESIDE = 4, 30, 11, 29, 15


class Step(Protocol):
    """What the work tells after each block."""

    @property
    def stage(self) -> str:
        """What it is at."""

    @property
    def done(self) -> int:
        """Blocks of this stage that are done."""

    @property
    def total(self) -> int:
        """Blocks of this stage."""


def finished(
    steps: Generator[Any, None, Result],
    stages: Mapping[str, str],
    *,
    quiet: bool,
    beside: Callable[[Any], str] | None = None,
) -> Result:
    """Take all steps; show a bar, the time so far and the time left if stderr is a terminal.

    Parameters
    ----------
    steps : generator
        Yields records with ``stage``, ``done`` and ``total``.
    stages : mapping
        What the stages are called, as they are shown.
    quiet : bool
        Whether to show nothing.
    beside : callable, optional
        Takes a record and returns what else to show, in 15 characters.

    Returns
    -------
    object
        What the generator returns.
    """
    if quiet or not sys.stderr.isatty():
        return exhaust(steps)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Times(ProgressColumn):
        """The time so far and the time left, of the run of blocks under way."""

        def render(self, task: Task) -> Text:
            gone = time.monotonic() - task.fields["began"]
            done, left = int(task.completed) - task.fields["kept"], int(task.total or 0) - int(task.completed)
            return Text(times(gone, done, left), style="progress.elapsed", no_wrap=True)

    console = Console(stderr=True)
    width = max(map(len, stages.values()))
    room = console.width - width - _COUNT - _TIMES - 3 - (0 if beside is None else _BESIDE + 1)
    columns = (
        TextColumn(f"{{task.description:{width}}}"), BarColumn(bar_width=min(max(room, _SHORTEST_BAR), _LONGEST_BAR)),
        MofNCompleteColumn(), Times(), *(() if beside is None else (TextColumn("{task.fields[beside]}"),)),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        stage, task, done, total = None, None, 0, 0

        def show(step: Step) -> None:
            nonlocal stage, task, done, total
            # A stage may be several runs of blocks, one after the other: each has a time of its own.
            if task is None or step.stage != stage or step.total != total or step.done < done:
                if task is not None:
                    bar.remove_task(task)
                # Blocks of an earlier run are there from the start: they say nothing about how fast this one is.
                stage = step.stage
                task = bar.add_task(
                    stages[stage], total=step.total, completed=step.done,
                    kept=step.done, began=time.monotonic(), beside="",
                )  # fmt: skip
            done, total = step.done, step.total
            told = "" if beside is None else beside(step)
            bar.update(task, completed=step.done, total=step.total, beside=told)

        return exhaust(map_steps(steps, show))


def times(gone: float, done: int, left: int) -> str:
    """Return in words the seconds that are gone, and how many are left after so many blocks, if that can be told."""
    text = f"{_clock(gone)} elapsed"
    return f"{text}, {_clock(gone * left / done)} left" if done >= _ENOUGH else text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
