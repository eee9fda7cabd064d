"""One pair of maps: align it with a progress bar, draw it, write it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import botalign
from botalign.cli.messages import print_note, print_warning
from botalign.cli.staging import Staging
from botalign.cli.tables import history, shortened
from botalign.errors import InputError
from botalign.progress import exhaust, map_steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Alignment, AlignmentOptions, DensityMap, Model, Progress
    from botalign.scores import ShellCurves

#: An alignment in steps.
Steps = Generator["Progress", None, "Alignment"]
_INSTALL = "run `pip install matplotlib`."
#: Characters: the longest name of a stage; all but the label and the bar; the shortest and longest bar.
_STAGE, _BESIDE_BAR, _SHORTEST_BAR, _LONGEST_BAR = 23, 58, 8, 30


@dataclass(frozen=True)
class Targets:
    """The files to write for one pair; None for those that are not wanted."""

    aligned: Path | None
    result: Path | None
    figure: Path | None
    weights: Path | None
    fsc: Path | None = None


NOTHING = Targets(None, None, None, None)


@dataclass(frozen=True, eq=False)
class Aligned:
    """An aligned pair, with the outputs that need both maps."""

    alignment: Alignment
    figure: Figure | None
    weights: DensityMap | None
    curves: ShellCurves | None


def can_draw() -> bool:
    """Return whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require_matplotlib(option: str = "--figure") -> None:
    """Refuse an option that needs matplotlib.

    Raises
    ------
    InputError
        If matplotlib is missing.
    """
    if not can_draw():
        raise InputError(f"{option} needs matplotlib, which is not installed; {_INSTALL}")


def note_no_figure() -> None:
    """Print a note that no figure was drawn, because matplotlib is missing."""
    print_note(f"no figure, because matplotlib is not installed; {_INSTALL}")


def warn_of_other_maps(path: Path, alignment: Alignment, fixed: Path, moving: Sequence[Path]) -> None:
    """Warn if a transform was found for other maps, judged by their names.

    Parameters
    ----------
    path : Path
        The result file.
    alignment : Alignment
        Its content.
    fixed : Path
        The fixed map of this run.
    moving : sequence of Path
        The moving maps of this run; the transform may be that of one of them.
    """
    earlier = {Path(name).name for name in alignment.moving.mean_of or (alignment.moving.name,)}
    was_fixed = Path(alignment.fixed.name).name
    names = [each.name for each in moving]
    if was_fixed == fixed.name and not earlier.isdisjoint(names):
        return
    now = names[0] if len(names) == 1 else f"{len(names)} maps"
    was_moving = Path(alignment.moving.name).name
    print_warning(
        f"{path}: the transform was found for {was_moving} to {was_fixed}, but is used here for {now} to {fixed.name}; "
        "is it the right file?"
    )


@contextmanager
def timed_compilation() -> Iterator[list[float]]:
    """Collect the seconds that numba takes to compile each function; a function in its cache adds nothing."""
    from numba.core.event import install_timer

    seconds: list[float] = []
    with install_timer("numba:compile", seconds.append):
        yield seconds


def align_pair(
    read_fixed: Callable[[], DensityMap | Model],
    moving: DensityMap | Model,
    options: AlignmentOptions,
    targets: Targets,
    *,
    label: str,
    quiet: bool,
    draw: bool = False,
) -> Aligned:
    """Align two maps with a progress bar, and compute the outputs that need both.

    Parameters
    ----------
    read_fixed : callable
        Returns the fixed map or model. It is read here and released on return, so that large maps need less memory.
    moving : DensityMap or Model
        The moving map or model.
    options : AlignmentOptions
        The options.
    targets : Targets
        The files to write.
    label : str
        Text beside the bar.
    quiet : bool
        Whether to hide the bar. It is also hidden if stderr is not a terminal.
    draw : bool, optional
        Whether to draw the figure even if it is not written.
    """
    fixed = read_fixed()
    steps = botalign.align_steps(fixed, moving, options)
    return completed(run_alignment(steps, label, quiet=quiet), fixed, moving, options, targets, draw=draw)


def run_alignment(steps: Steps, label: str, *, quiet: bool) -> Alignment:
    """Run an alignment to its end, with a progress bar if stderr is a terminal and `quiet` is false."""
    return exhaust(steps) if quiet or not sys.stderr.isatty() else _show(steps, label)


def completed(
    alignment: Alignment,
    fixed: DensityMap | Model,
    moving: DensityMap | Model,
    options: AlignmentOptions,
    targets: Targets,
    *,
    draw: bool,
) -> Aligned:
    """Compute the outputs of an alignment that need both maps."""
    weights = figure = curves = None
    core = options.loss == "core"
    draw = draw or targets.figure is not None
    if targets.weights is not None or draw:
        from botalign.alignment.inputs import maps_of

        fixed_map, moving_map = maps_of(fixed, moving, options)
    if targets.weights is not None or (draw and core):
        masks = {"mask_fixed": options.mask_fixed, "mask_moving": options.mask_moving}
        weights = botalign.common_part(fixed_map, moving_map, alignment, **masks)
    if draw:
        from botalign.figures import alignment_figure

        figure = alignment_figure(alignment, fixed_map, moving_map, weights=weights if core else None)
    if targets.fsc is not None:
        curves = botalign.aligned_curves(alignment, fixed, moving, options)
    return Aligned(alignment, figure, weights, curves)


def write_pair(
    pair: Aligned, moving: DensityMap | Model, targets: Targets, staging: Staging, *, threads: int | None
) -> None:
    """Write the files of a pair: result, figure, curves, weights, and what moved."""
    alignment = pair.alignment
    if targets.result is not None:
        alignment.write(staging.path(targets.result))
    if targets.figure is not None and pair.figure is not None:
        with staging.file(targets.figure) as temporary:
            pair.figure.savefig(temporary)
    if targets.fsc is not None and pair.curves is not None:
        pair.curves.write(staging.path(targets.fsc))
    if targets.weights is not None and pair.weights is not None:
        line = history(moving.name, alignment.fixed.name, note=", where they agree")
        pair.weights.write(staging.path(targets.weights), history=line)
    if targets.aligned is not None:
        write_moved(alignment, moving, targets.aligned, staging, threads=threads)


def write_moved(
    alignment: Alignment, moving: DensityMap | Model, target: Path, staging: Staging, *, threads: int | None
) -> None:
    """Write a model or a map after the transform of an alignment.

    A map gets the grid of the fixed map. If that is the simulated map of a model, it keeps its voxel size instead, in a
    box that contains all of it.
    """
    if isinstance(moving, botalign.Model):
        staging.write_model(alignment.apply(moving), target)
        return
    from botalign.alignment.applying import write_moved_map

    fixed = alignment.fixed
    grid = moving.grid.containing(alignment.moving_to_fixed) if fixed.model else fixed.grid
    line = history(moving.name, fixed.name, note=_changes(alignment))
    write_moved_map(staging.path(target), moving, alignment.moving_to_fixed, grid, history=line, threads=threads)


def _changes(alignment: Alignment) -> str:
    """Return as text what the transform changes apart from the place of a map."""
    mirrored = ", mirrored" if alignment.mirrored else ""
    return mirrored + (f", scaled by {alignment.scale.value:.5f}" if alignment.scale and alignment.is_scaled else "")


def _show(steps: Steps, label: str) -> Alignment:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    width = max(console.width - _BESIDE_BAR, 2 * _SHORTEST_BAR)
    bar_width = min(max(width - len(label), _SHORTEST_BAR), _LONGEST_BAR)
    label = escape(shortened(label, width - bar_width))
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
            best = "" if step.best_loss is None else f"best loss {step.best_loss:.4g}"
            bar.update(task, completed=step.done, total=step.total, stage=escape(step.label), best=best)

        return exhaust(map_steps(steps, show))
