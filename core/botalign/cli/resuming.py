"""Results of an interrupted run that can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import botalign
from botalign.alignment import MapReference
from botalign.alignment.inputs import density_of
from botalign.cli.tasks import Task
from botalign.errors import InputError, Setting
from botalign.models import checked_resolution, holds_model

#: Names of chains; None for all, and for maps.
Chains = Sequence[str] | None


def resumed(
    task: Task,
    fixed: Path,
    options: botalign.AlignmentOptions,
    option_files: Sequence[Path],
    *,
    chains: tuple[Chains, Chains] = (None, None),
) -> Task:
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
    chains : tuple, optional
        Chains of the fixed and of the moving model.

    Raises
    ------
    InputError
        If the result is from other maps or other options.
    """
    result, (moving,) = task.targets.result, task.maps
    if result is None or not result.exists():
        return task
    found = botalign.Alignment.read(result)
    _refuse_differing(found, task, fixed, options, chains)
    made = result.stat().st_mtime_ns
    is_newer = any(path.stat().st_mtime_ns > made for path in (fixed, moving, *option_files))
    complete = all(output.path.exists() for output in task.outputs)
    keep = complete and not is_newer and found.versions.get("botalign") == botalign.__version__
    outputs = tuple(replace(output, replaceable=True) for output in task.outputs)
    return replace(task, kept=found if keep else None, outputs=outputs)


def _refuse_differing(
    found: botalign.Alignment,
    task: Task,
    fixed: Path,
    options: botalign.AlignmentOptions,
    chains: tuple[Chains, Chains],
) -> None:
    """Refuse a result from other maps or other options."""
    differing: list[str | Setting] = [
        f"{role} {reference.kind} ({difference})"
        for role, path, names, reference in zip(
            ("fixed", "moving"), (fixed, task.maps[0]), chains, (found.fixed, found.moving), strict=True
        )
        if (difference := _difference(path, names, reference, options)) is not None
    ]
    differing += options.differing(found.parameters)
    if found.seed != options.seed:
        differing.append(Setting("seed"))
    if differing:
        names = [part for each in differing for part in (each, ", ")][:-1]
        raise InputError(
            f"{task.targets.result}: the result was made with a different ",
            *names,
            "; repeat the command that made it, choose another folder, or overwrite it with ",
            Setting("overwrite", True),
            ".",
        )


def _difference(path: Path, chains: Chains, reference: MapReference, options: botalign.AlignmentOptions) -> str | None:
    """Return how a map or model differs from that of an earlier result; None if it has the same name and grid."""
    name = Path(reference.name).name
    if path.name != name:
        return f"{name}, now {path.name}"
    if not holds_model(path):
        return None if botalign.read_header(path).grid == reference.grid else f"{name} has changed"
    model = botalign.read_model(path, chains=chains)
    if model.chains != reference.chains:
        return f"chains {' '.join(reference.chains)} of {name}, now {' '.join(model.chains)}"
    grid = density_of(model, checked_resolution(options.resolution)).grid
    return None if grid == reference.grid else f"{name} has changed"
