"""Results of an interrupted run that can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import botalign
from botalign.cli.tasks import Task
from botalign.errors import InputError, Setting


def resumed(task: Task, fixed: Path, options: botalign.AlignmentOptions, option_files: Sequence[Path]) -> Task:
    """Return a task that may replace the files of an earlier run, with the result of that run if it can be kept.

    It cannot be kept if an output is missing, an input is newer than the result, or the result is from another version.

    Parameters
    ----------
    task : Task
        The alignment of one map.
    fixed : Path
        The fixed map.
    options : AlignmentOptions
        The options of this run.
    option_files : sequence of Path
        Files that the options name, such as masks.

    Raises
    ------
    InputError
        If the result is from other maps or other options.
    """
    result, (moving,) = task.targets.result, task.maps
    if result is None or not result.exists():
        return task
    found = botalign.Alignment.read(result)
    _refuse_differing(found, task, fixed, options)
    made = result.stat().st_mtime_ns
    is_newer = any(path.stat().st_mtime_ns > made for path in (fixed, moving, *option_files))
    complete = all(output.path.exists() for output in task.outputs)
    keep = complete and not is_newer and found.versions.get("botalign") == botalign.__version__
    outputs = tuple(replace(output, replaceable=True) for output in task.outputs)
    return replace(task, kept=found if keep else None, outputs=outputs)


def _refuse_differing(found: botalign.Alignment, task: Task, fixed: Path, options: botalign.AlignmentOptions) -> None:
    """Refuse a result from other maps or other options."""
    differing: list[str | Setting] = [
        f"{role} map"
        for role, path, reference in (("fixed", fixed, found.fixed), ("moving", task.maps[0], found.moving))
        if (path.name, botalign.read_header(path).grid) != (Path(reference.name).name, reference.grid)
    ]
    differing += options.differing(found.parameters)
    if found.seed != options.seed:
        differing.append(Setting("seed"))
    if differing:
        names = [part for each in differing for part in (each, ", ")][:-1]
        raise InputError(
            f"{task.targets.result}: was made with a different ", *names, "; repeat the command that made it, choose "
            "another folder, or overwrite it with ", Setting("overwrite", True), ".",
        )  # fmt: skip
