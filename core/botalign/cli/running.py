"""One pair of maps: aligned with a progress bar, drawn, written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botalign
from botalign.cli.messages import print_warning
from botalign.cli.staging import Staging
from botalign.cli.tables import history, shortened
from botalign.errors import InputError
from botalign.files import output_file
from botalign.progress import exhaust, map_steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Alignment, DensityMap, Progress

#: An alignment that can be stepped.
Steps = Generator["Progress", None, "Alignment"]
INSTALL_FIGURES = "pip install matplotlib"
#: Characters: as many as the longest name of a stage, so that the bar stays in its place; all but the label and the
#: bar; the bar at least and at most.
_STAGE, _BESIDE_BAR, _SHORTEST_BAR, _LONGEST_BAR = 23, 58, 8, 30


@dataclass(frozen=True)
class Targets:
    """The files to write for one pair; None for those that aren't wanted."""

    aligned: Path | None
    result: Path | None
    figure: Path | None
    weights: Path | None


@dataclass(frozen=True, eq=False)
class Aligned:
    """An aligned pair: the result, and what else was asked for while both maps were at hand."""

    alignment: Alignment
    figure: Figure | None
    weights: DensityMap | None


def can_draw() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def require_matplotlib() -> None:
    """Refuse a figure that can't be drawn.

    Raises
    ------
    InputError
        If matplotlib is missing.
    """
    if not can_draw():
        raise InputError(f"--figure: needs matplotlib, which isn't installed; install it by {INSTALL_FIGURES}.")


def warn_of_other_maps(path: Path, motion: Alignment, fixed: Path, moving: Sequence[Path]) -> None:
    """Say so if a motion is that of other maps, by their names.

    Parameters
    ----------
    path : Path
        The result file.
    motion : Alignment
        What is in it.
    fixed : Path
        The map onto which it is used.
    moving : sequence of Path
        The maps for which it is used; it may be that of one of them.
    """
    was_moving, was_fixed = (Path(reference.name).name for reference in (motion.moving, motion.fixed))
    names = [each.name for each in moving]
    # Of a motion for several maps, theirs is the name of the mean.
    if was_fixed == fixed.name and not set(was_moving.removeprefix("the mean of ").split(", ")).isdisjoint(names):
        return
    now = names[0] if len(names) == 1 else f"{len(names)} maps"
    print_warning(
        f"{path}: is the motion of {was_moving} onto {was_fixed}, used for {now} onto {fixed.name}; is it the right "
        "one?"
    )


@contextmanager
def timed_compilation() -> Iterator[list[float]]:
    """Hand out a list for the seconds that numba takes to compile a function; nothing goes in for one it had kept."""
    from numba.core.event import install_timer

    seconds: list[float] = []
    with install_timer("numba:compile", seconds.append):
        yield seconds


def align_pair(
    read_fixed: Callable[[], DensityMap],
    moving: DensityMap,
    options: dict[str, Any],
    targets: Targets,
    *,
    label: str,
    quiet: bool,
) -> Aligned:
    """Align two maps, show how far the work has come, and work out what is to be written of both.

    Parameters
    ----------
    read_fixed : callable
        Returns the fixed map. It is read here and forgotten on return: large maps fit into memory better one by one.
    moving : DensityMap
        The moving map.
    options : dict
        Options of :func:`botalign.align`.
    targets : Targets
        What is wanted.
    label : str
        What to call the work, beside the bar.
    quiet : bool
        Whether to show no bar. There is none either if stderr isn't a terminal.
    """
    fixed = read_fixed()
    steps = botalign.align_steps(fixed, moving, **options)
    alignment = exhaust(steps) if quiet or not sys.stderr.isatty() else _show(steps, label)
    weights = figure = None
    if targets.weights is not None or (targets.figure is not None and options["loss"] == "core"):
        masks = {name: options[name] for name in ("mask_fixed", "mask_moving")}
        weights = botalign.common_part(fixed, moving, alignment, **masks)
    if targets.figure is not None:
        from botalign.figures import alignment_figure

        figure = alignment_figure(alignment, fixed, moving, weights=weights if options["loss"] == "core" else None)
    return Aligned(alignment, figure, weights)


def write_pair(pair: Aligned, moving: DensityMap, targets: Targets, staging: Staging, *, threads: int) -> None:
    """Write what is wanted of a pair: the result, its figure, the weights, the moving map on the fixed one's voxels."""
    alignment = pair.alignment
    if targets.result is not None:
        alignment.write(staging.path(targets.result))
    if targets.figure is not None and pair.figure is not None:
        with output_file(staging.path(targets.figure)) as temporary:
            pair.figure.savefig(temporary)
    if targets.weights is not None and pair.weights is not None:
        line = history(moving.name, alignment.fixed.name, manner=", where they agree")
        pair.weights.write(staging.path(targets.weights), history=line)
    if targets.aligned is not None:
        write_moved(alignment, moving, targets.aligned, staging, threads=threads)


def write_moved(alignment: Alignment, moving: DensityMap, target: Path, staging: Staging, *, threads: int) -> None:
    """Write a map, moved, on the fixed one's voxels."""
    aligned = alignment.apply(moving, onto=alignment.fixed.grid, threads=threads)
    line = history(moving.name, alignment.fixed.name, manner=", mirrored" if alignment.mirrored else "")
    aligned.write(staging.path(target), history=line)


def _show(steps: Steps, label: str) -> Alignment:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    room = max(console.width - _BESIDE_BAR, 2 * _SHORTEST_BAR)
    bar_width = min(max(room - len(label), _SHORTEST_BAR), _LONGEST_BAR)
    label = escape(shortened(label, room - bar_width))
    columns = (
        TextColumn(f"{label}: {{task.fields[stage]:{_STAGE}}}"),
        BarColumn(bar_width=bar_width),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[best]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, stage="prepare", best="")

        def show(step: botalign.Progress) -> None:
            # The last thing said is "finish": the scores are computed after the last step.
            stage = "finish" if step.done == step.total else escape(step.label)
            best = "" if step.best_loss is None else f"best loss {step.best_loss:.4g}"
            bar.update(task, completed=step.done, total=step.total, stage=stage, best=best)

        return exhaust(map_steps(steps, show))
