"""Where large work runs, and where its blocks are stored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated

from botalign.arguments import expect_path
from botalign.errors import InputError, Setting
from botalign.options import Option, check_options
from botalign.threads import Threads


@dataclass(frozen=True)
class Execution:
    """How large work is executed; the result does not depend on it.

    Attributes
    ----------
    threads, processes, scheduler
        As for :func:`botalign.distances`.
    work : path-like, optional
        Work folder, from which interrupted work is resumed.

    Raises
    ------
    InputError
        For the first option that cannot be used, and if both processes and a scheduler are given.

    Examples
    --------
    >>> import botalign
    >>> botalign.Execution(processes=0)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: processes: got 0, expected a whole number of at least 1.
    """

    threads: Threads = None
    processes: Annotated[
        int | None, Option("Use this number of processes instead of threads; the result is the same", low=1)
    ] = None
    scheduler: Annotated[str | None, Option("Use the workers of a Dask cluster; the result is the same")] = None
    work: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self)
        expect_path(self.work, "work", "the path of a folder")
        if self.scheduler is not None and self.processes is not None:
            raise InputError(
                Setting("processes"), " and ", Setting("scheduler"), ": got both, expected one of the two."
            )
