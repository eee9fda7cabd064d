"""Work that takes minutes or hours: how far it is, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from typing import Any, Protocol, TypeVar

from botalign.steps import exhaust

Result = TypeVar("Result")


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


def finished(steps: Generator[Any, None, Result], stages: Mapping[str, str], *, quiet: bool) -> Result:
    """Take all steps; show a bar, the time so far and the time left if stderr is a terminal.

    Parameters
    ----------
    steps : generator
        Yields records with ``stage``, ``done`` and ``total``.
    stages : mapping
        What the stages are called, as they are shown, the longest of them no longer than the column.
    quiet : bool
        Whether to show nothing.

    Returns
    -------
    object
        What the generator returns.
    """
    if quiet or not sys.stderr.isatty():
        return exhaust(steps)
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    width = max(map(len, stages.values()))
    columns = (
        TextColumn(f"{{task.description:{width}}}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:

        def shown() -> Generator[Step, None, Result]:
            stage, task = None, None
            while True:
                try:
                    step: Step = next(steps)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
                if task is None or step.stage != stage:
                    if task is not None:
                        bar.remove_task(task)
                    # Blocks of an earlier run are there from the start: they say nothing about how fast this one is.
                    stage = step.stage
                    task = bar.add_task(stages[stage], total=step.total, completed=step.done)
                bar.update(task, completed=step.done, total=step.total)
                yield step

        return exhaust(shown())
