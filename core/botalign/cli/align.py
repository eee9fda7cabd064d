"""``botalign align``: put maps onto another."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botalign.cli.interruption import told_what_was_written
from botalign.cli.messages import print_error, print_note
from botalign.cli.options import DEFAULT_THREADS, Json, Overwrite, Quiet, Seed, Threads
from botalign.cli.staging import Staging
from botalign.errors import InputError

if TYPE_CHECKING:
    from botalign import Alignment, DensityMap
    from botalign.cli.running import Targets


class Loss(StrEnum):
    """What the search minimises."""

    wemd = "wemd"
    l2 = "l2"


class Hand(StrEnum):
    """What to do about the mirror image."""

    check = "check"
    auto = "auto"
    keep = "keep"


class Preset(StrEnum):
    """Settings that go together."""

    paper = "paper"


def align(
    fixed: Annotated[Path, typer.Argument(metavar="FIXED", help="The map that stays.", show_default=False)],
    moving: Annotated[
        list[Path], typer.Argument(metavar="MOVING", help="The maps to move, each by itself.", show_default=False)
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|FOLDER", help="Write the moved map; a folder for several maps."),
    ] = None,
    result: Annotated[
        str | None,
        typer.Option(metavar="R.json", help="Write the motion, for `botalign apply`; a folder for several maps."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(metavar="F.png", help="Draw what was done (.png, .pdf or .svg); a folder for several maps."),
    ] = None,
    loss: Annotated[Loss, typer.Option(help="What the search minimises.")] = Loss.wemd,
    hand: Annotated[
        Hand,
        typer.Option(help="Mirror image: check tells if it fits better, auto takes it if so, keep doesn't look."),
    ] = Hand.check,
    size: Annotated[int, typer.Option(metavar="N", help="Voxels a side that the search works with.")] = 32,
    evaluations: Annotated[int, typer.Option(metavar="N", help="Evaluations of the search, for each hand.")] = 200,
    refine: Annotated[bool, typer.Option("--refine/--no-refine", help="Refine what the search found.")] = True,
    preset: Annotated[Preset | None, typer.Option(help="paper: the published method to the letter, slow.")] = None,
    start: Annotated[
        Path | None, typer.Option(metavar="R.json", help="Start from the motion in an earlier result.")
    ] = None,
    local: Annotated[
        float | None,
        typer.Option(metavar="DEGREES", help="Search only this near to the start, or to where the map is."),
    ] = None,
    level_fixed: Annotated[float | None, typer.Option(metavar="X", help="Contour level of FIXED.")] = None,
    level_moving: Annotated[float | None, typer.Option(metavar="X", help="Contour level of MOVING.")] = None,
    seed: Seed = 0,
    threads: Threads = DEFAULT_THREADS,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Put maps onto FIXED, from any starting pose.

    Written maps have the voxels of FIXED. Contour levels, filters and the like are used for the fit only: each map is
    written as it was given, resampled once.
    """
    import botalign
    from botalign.cli import outputs, running

    places = (
        outputs.place(output, moving, option="-o", suffixes=outputs.MAPS),
        outputs.place(result, moving, option="--result", suffixes=outputs.RESULTS),
        outputs.place(figure, moving, option="--figure", suffixes=outputs.FIGURES),
    )
    inputs = [fixed, *moving, *([] if start is None else [start])]
    outputs.check((place for option in places for place in option), inputs=inputs, overwrite=overwrite)
    if figure is not None:
        running.require_matplotlib()
    for path in (fixed, *moving):
        botalign.read_header(path)
    options: dict[str, Any] = {
        "loss": loss.value,
        "hand": hand.value,
        "size": size,
        "evaluations": evaluations,
        "refine": refine,
        "preset": None if preset is None else preset.value,
        "start": None if start is None else botalign.Alignment.load(start),
        "local_degrees": local,
        "level_fixed": level_fixed,
        "level_moving": level_moving,
        "seed": seed,
        "threads": threads,
    }
    several = len(moving) > 1
    read_fixed: Callable[[], DensityMap] = partial(botalign.read, fixed)
    if several:
        read_fixed = cache(read_fixed)
        read_fixed()

    def put(path: Path, targets: Targets, label: str, written: list[Path]) -> Alignment | str:
        """Align and write one map; return what is wrong if the map, an option or the output can't be used."""
        try:
            moving_map = botalign.read(path)
            alignment, drawing = running.align_pair(
                read_fixed, moving_map, options, label=label, quiet=quiet, draw=targets.figure is not None
            )
            with Staging(overwrite=overwrite, written=written) as staging:
                running.write_pair(alignment, moving_map, drawing, targets, staging, threads=threads)
        except InputError as error:
            return str(error)
        return alignment

    done: list[Alignment] = []
    failures: dict[str, None] = {}  # each said once: what is wrong with the fixed map or an option is so for every pair
    todo = list(moving)
    with told_what_was_written(todo if several else ()) as written:
        try:
            for number, (path, *wanted) in enumerate(zip(moving, *places, strict=True), start=1):
                targets = running.Targets(*(None if place is None else place.path for place in wanted))
                label = f"{number}/{len(moving)} {path.name}" if several else path.name
                outcome = put(path, targets, label, written)
                if isinstance(outcome, str):
                    failures[outcome] = None
                else:
                    done.append(outcome)
                todo.pop(0)
        finally:  # what is done is told after Ctrl-C too
            if done and json:
                print(f"[{', '.join(a.to_json() for a in done)}]" if several else done[0].to_json())
            elif done:
                _print_table(done, several=several, quiet=quiet)
            for message in failures:
                print_error(message)
        if done and not json:
            _print_places([place.path for option in places for place in option if place], several=several, quiet=quiet)
    return 2 if failures else 0


def _print_table(done: list[Alignment], *, several: bool, quiet: bool) -> None:
    from botalign.cli.tables import alignments_table, mirror_advice

    print(alignments_table(done) if several else done[0].to_text())
    for advice in () if quiet else map(mirror_advice, done):
        if advice is not None:
            print_note(advice)


def _print_places(paths: list[Path], *, several: bool, quiet: bool) -> None:
    if several and paths:
        print(f"written in {', '.join(dict.fromkeys(str(path.parent) for path in paths))}")
    elif paths:
        print(f"written      {', '.join(map(str, paths))}")
    elif not quiet:
        print_note("nothing was written; -o writes the moved map, --result the motion, --figure a picture.")
