"""Work that takes minutes or hours: how far it is, and how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol, TypeVar

from botalign.steps import exhaust, retold

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
        What the stages are called, as they are shown, the longest of them no longer than the column.
    quiet : bool
        Whether to show nothing.
    beside : callable, optional
        Takes a record and returns what else to show.

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
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[beside]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        stage, task = None, None

        def show(step: Step) -> None:
            nonlocal stage, task
            if task is None or step.stage != stage:
                if task is not None:
                    bar.remove_task(task)
                # Blocks of an earlier run are there from the start: they say nothing about how fast this one is.
                stage = step.stage
                task = bar.add_task(stages[stage], total=step.total, completed=step.done, beside="")
            told = "" if beside is None else beside(step)
            bar.update(task, completed=step.done, total=step.total, beside=told)

        return exhaust(retold(steps, show))
