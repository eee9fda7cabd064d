"""``botalign align``: put maps onto another."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import StrEnum
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
    from botalign.cli.outputs import Output


class Loss(StrEnum):
    """What the search minimises."""

    wemd = "wemd"
    l2 = "l2"
    core = "core"


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
    moving: Annotated[list[Path], typer.Argument(metavar="MOVING", help="The maps to move.", show_default=False)],
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
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="W.mrc",
            help="Write which part agrees: 1 where it does, 0 where not, on FIXED's voxels; a folder for several maps.",
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="T.csv", help="Write the motions and their scores, a row for each map.")
    ] = None,
    common: Annotated[
        bool, typer.Option("--common", help="One motion for all, that of their mean: half maps, for example.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped: keep the results in --result.")
    ] = False,
    loss: Annotated[
        Loss, typer.Option(help="What is minimised; core: for two conformations, by the part they share.")
    ] = Loss.wemd,
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
    contour_level_fixed: Annotated[float | None, typer.Option(metavar="X", help="Contour level of FIXED.")] = None,
    contour_level_moving: Annotated[float | None, typer.Option(metavar="X", help="Contour level of MOVING.")] = None,
    mask_fixed: Annotated[
        Path | None, typer.Option(metavar="M.mrc", help="Align only what this mask holds of FIXED, on any grid.")
    ] = None,
    mask_moving: Annotated[
        Path | None, typer.Option(metavar="M.mrc", help="Align only what this mask holds of MOVING, on any grid.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Look for the smaller molecule as a part of the larger one.")
    ] = False,
    half_maps_fixed: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Half maps of FIXED, for the standard errors.", show_default=False),
    ] = None,
    half_maps_moving: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="Half maps of MOVING, which is one map then.", show_default=False),
    ] = None,
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
    from botalign.cli import csv_table, outputs, running
    from botalign.cli.tasks import Task, resumed, tasks

    if resume and (result is None or common):
        raise InputError("--resume: keeps the results of maps aligned each by itself; give --result, and no --common.")
    if common and len(moving) == 1:
        raise InputError("--common: got one moving map, expected two or more; leave it out, or give the others too.")
    if half_maps_moving is not None and len(moving) > 1 and not common:
        raise InputError(
            f"--half-maps-moving: got {len(moving)} moving maps, expected the one whose halves these are; align each "
            "in a run of its own."
        )
    one = moving[:1] if common else moving
    places = (
        outputs.place(output, moving, option="-o", suffixes=outputs.MAPS),
        outputs.place(result, one, option="--result", suffixes=outputs.RESULTS),
        outputs.place(figure, one, option="--figure", suffixes=outputs.FIGURES),
        outputs.place(weights, one, option="--weights", suffixes=outputs.MAPS),
    )
    listed = None if table is None else outputs.Output(table, "--table", csv_table.EXTENSIONS, replaceable=resume)
    inputs = [fixed, *moving, *(path for path in (start, mask_fixed, mask_moving) if path is not None)]
    inputs += [*(half_maps_fixed or ()), *(half_maps_moving or ())]
    todo = tasks(moving, places, common=common)
    if figure is not None:
        running.require_matplotlib()

    def check() -> None:
        outputs.check((*(place for task in todo for place in task.outputs), listed), inputs=inputs, overwrite=overwrite)

    if not resume:
        check()
    for path in (fixed, *moving):
        botalign.read_header(path)
    options: dict[str, Any] = {
        "loss": loss.value,
        "hand": hand.value,
        "size": size,
        "evaluations": evaluations,
        "refine": refine,
        "preset": None if preset is None else preset.value,
        "start": None if start is None else botalign.Alignment.read(start),
        "local_degrees": local,
        "contour_level_fixed": contour_level_fixed,
        "contour_level_moving": contour_level_moving,
        "mask_fixed": None if mask_fixed is None else botalign.read(mask_fixed),
        "mask_moving": None if mask_moving is None else botalign.read(mask_moving),
        "partial": partial,
        "half_maps_fixed": None if half_maps_fixed is None else tuple(map(botalign.read, half_maps_fixed)),
        "half_maps_moving": None if half_maps_moving is None else tuple(map(botalign.read, half_maps_moving)),
        "seed": seed,
        "threads": threads,
    }
    if start is not None:
        running.warn_of_other_maps(start, options["start"], fixed, moving)
    if resume:
        todo = [task if overwrite else resumed(task, fixed, options) for task in todo]
        check()
    several = len(todo) > 1
    read_fixed: Callable[[], DensityMap] = functools.partial(botalign.read, fixed)
    if several:
        read_fixed = functools.cache(read_fixed)
        read_fixed()

    def put(task: Task, label: str, written: list[Path]) -> Alignment | str:
        """Align and write one task; return what is wrong if a map, an option or the output can't be used."""
        try:
            moving_map = task.load()
            aligned = running.align_pair(read_fixed, moving_map, options, task.targets, label=label, quiet=quiet)
            with Staging(overwrite=overwrite or task.may_replace, written=written) as staging:
                running.write_pair(aligned, moving_map, task.targets, staging, threads=threads)
                for path, target in zip(task.maps, task.shared, strict=bool(task.shared)):
                    running.write_moved(aligned.alignment, botalign.read(path), target, staging, threads=threads)
        except InputError as error:
            return str(error)
        return aligned.alignment

    done: list[Alignment] = []
    failures: dict[str, None] = {}  # each said once: what is wrong with the fixed map or an option is so for every pair
    left = [path for task in todo for path in task.maps if task.kept is None]
    with told_what_was_written(left if several or common else ()) as written:
        try:
            for number, task in enumerate(todo, start=1):
                label = f"{number}/{len(todo)} {task.name}" if several else task.name
                outcome = task.kept or put(task, label, written)
                if isinstance(outcome, str):
                    failures[outcome] = None
                else:
                    done.append(outcome)
                if task.kept is None:
                    del left[: len(task.maps)]
            if listed is not None and done:
                with Staging(overwrite=overwrite or resume, written=written) as staging:
                    csv_table.write_table(done, staging.path(listed.path))
        finally:  # what is done is told after Ctrl-C too
            if done and json:
                print(f"[{', '.join(a.to_json() for a in done)}]" if several else done[0].to_json())
            elif done:
                _print_table(done, several=several, quiet=quiet)
            for message in failures:
                print_error(message)
        if done and not json:
            places_told = [place for task in todo for place in task.outputs] + ([] if listed is None else [listed])
            _print_places(places_told, several=len(moving) > 1, quiet=quiet)
    return 2 if failures else 0


def _print_table(done: list[Alignment], *, several: bool, quiet: bool) -> None:
    from botalign.cli.tables import alignments_table, mirror_advice

    print(alignments_table(done) if several else done[0].to_text())
    for advice in () if quiet else map(mirror_advice, done):
        if advice is not None:
            print_note(advice)


def _print_places(places: list[Output], *, several: bool, quiet: bool) -> None:
    if several and places:
        named = (str(place.path.parent if place.in_folder else place.path) for place in places)
        print(f"written in {', '.join(dict.fromkeys(named))}")
    elif places:
        print(f"written      {', '.join(str(place.path) for place in places)}")
    elif not quiet:
        print_note("nothing was written; -o writes the moved map, --result the motion, --figure a picture.")
