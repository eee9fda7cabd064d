"""``botalign align``: align maps to a fixed map."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli import csv_table, inputs, outputs, running
from botalign.cli.copies import CopiesRun, refuse_other_outputs
from botalign.cli.declared import Given, with_options
from botalign.cli.interruption import report_written
from botalign.cli.messages import print_error, print_note, print_warning
from botalign.cli.options import Json, Overwrite, Quiet
from botalign.cli.outputs import Output
from botalign.cli.reporting import report_entry, write_report
from botalign.cli.resuming import resumed
from botalign.cli.spelling import spelled
from botalign.cli.staging import Staging
from botalign.cli.tables import (
    alignments_table,
    chain_advice,
    mirror_advice,
    missing_chains_warning,
    no_match_warning,
    part_advice,
    scale_advice,
)
from botalign.cli.tasks import Task, tasks
from botalign.errors import InputError, Setting
from botalign.models import holds_model

if TYPE_CHECKING:
    from botalign.figures import ReportEntry
    from botalign.scores import ShellCurves

_FOLDER = "a folder for several."


@with_options(botalign.AlignmentOptions)
def align(
    context: typer.Context,
    fixed: Annotated[Path, typer.Argument(metavar="FIXED", help="The fixed map or atomic model.", show_default=False)],
    moving: Annotated[
        list[Path], typer.Argument(metavar="MOVING", help="The moving maps or atomic models.", show_default=False)
    ],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|FOLDER", help=f"Write the aligned map or model; {_FOLDER}"),
    ] = None,
    result: Annotated[
        str | None,
        typer.Option(metavar="R.json", help=f"Write the result, for `botalign apply`; {_FOLDER}"),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(metavar="F.png", help=f"Draw the alignment (.png, .pdf or .svg); {_FOLDER}"),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="W.mrc",
            help="Write the weights of the common part on the grid of FIXED: 1 where the maps agree, 0 where they "
            f"differ; {_FOLDER}",
        ),
    ] = None,
    fsc: Annotated[
        str | None,
        typer.Option(
            metavar="F.csv",
            help="Write the Fourier shell correlation after the alignment: .csv, .xml for EMDB, or .star as RELION's "
            f"postprocess.star; {_FOLDER}",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="R.html",
            help="Write a self-contained HTML page with the pictures, numbers and verdicts of all alignments.",
        ),
    ] = None,
    chain: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B", help="Use only these chains of the moving models or, if none is a model, of the fixed one."
        ),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="T.csv", help="Write transforms and scores, one row for each map.")
    ] = None,
    common: Annotated[
        bool,
        typer.Option(
            "--common",
            help="Apply one transform, found for the mean of the maps, to all of them (for example half maps).",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Resume an interrupted run, keeping the results already in the folder of --result."
        ),
    ] = False,
    *,
    options: Given[botalign.AlignmentOptions],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Align maps or atomic models to a fixed map or model, from any starting pose.

    The written maps have the grid of FIXED or, if that is a model, their own voxel size and a box that holds all of the
    moved map. Contour levels, masks and filters are for the fit only: each map is written as it was given, resampled
    once. An atomic model needs --resolution, that of the map.
    """
    if "copies" in options.values:
        given = {"--figure": figure, "--weights": weights, "--fsc": fsc, "--report": report}
        refuse_other_outputs(
            moving,
            {name: value is not None for name, value in given.items()} | {"--common": common, "--resume": resume},
        )
        part_chains = inputs.chains_of(chain, *moving)
        return CopiesRun(fixed, moving[0], part_chains, output, result, table, overwrite, quiet, json).run(options)
    if resume and common:
        raise InputError("--resume cannot be combined with --common; omit one of them.")
    if resume and result is None:
        raise InputError("--resume needs --result, the folder with the earlier results; add it.")
    if common and len(moving) == 1:
        raise InputError("--common: got one moving map, expected at least two; omit it, or give the other maps.")
    if "half_maps_moving" in options.values and len(moving) > 1 and not common:
        raise InputError(
            Setting("half_maps_moving"), f": got {len(moving)} moving maps, expected one; align each in a separate run."
        )
    fixed_chains = moving_chains = inputs.chains_of(chain, *moving, fixed)
    if any(map(holds_model, moving)):
        fixed_chains = None
    _refuse_maps_only(fixed, moving, common=common, weights=weights is not None)
    one = moving[:1] if common else moving
    columns = (
        outputs.output_paths(output, moving, option="-o", extensions=outputs.of_same_kind),
        outputs.output_paths(result, one, option="--result", extensions=outputs.RESULTS),
        outputs.output_paths(figure, one, option="--figure", extensions=outputs.FIGURES),
        outputs.output_paths(weights, one, option="--weights", extensions=outputs.MAPS),
        outputs.output_paths(fsc, one, option="--fsc", extensions=outputs.CURVES),
    )
    table_output = None if table is None else Output(table, "--table", outputs.TABLES, replaceable=resume)
    report_output = None if report is None else Output(report, "--report", outputs.REPORTS, replaceable=resume)
    todo = tasks(moving, columns, common=common)
    for option, value in (("--figure", figure), ("--report", report)):
        if value is not None:
            running.require_matplotlib(option)

    def check() -> None:
        wanted = (*(each for task in todo for each in task.outputs), table_output, report_output)
        has_results = any(each.targets.result is not None and each.targets.result.exists() for each in todo)
        outputs.check(
            wanted, inputs=[fixed, *moving, *options.files], overwrite=overwrite,
            can_resume=has_results and len(todo) > 1 and not resume,
        )  # fmt: skip

    if not resume:
        check()
    inputs.check(fixed, fixed_chains)
    for path in moving:
        inputs.check(path, moving_chains)
    if len(moving) == 1 and moving[0].resolve() == fixed.resolve():
        print_warning(f"{fixed}: the same file is FIXED and MOVING, so it is aligned to itself.")
    chosen = options.read()
    if isinstance(chosen.start, botalign.Alignment):
        running.warn_of_other_maps(options.values["start"], chosen.start, fixed, moving)
    if resume:
        chains = (fixed_chains, moving_chains)
        todo = [task if overwrite else resumed(task, fixed, chosen, options.files, chains=chains) for task in todo]
        check()
    several = len(todo) > 1
    read_fixed = functools.partial(inputs.load, fixed, fixed_chains)
    if several:
        read_fixed = functools.cache(read_fixed)  # type: ignore[assignment]
        read_fixed()

    def run(task: Task, label: str, written: list[Path]) -> botalign.Alignment:
        """Align the maps of a task and write its files."""
        moved = task.load(moving_chains)
        aligned = running.align_pair(
            read_fixed, moved, chosen, task.targets, label=label, quiet=quiet, draw=report is not None
        )
        if len(task.maps) > 1:
            mean = replace(aligned.alignment.moving, mean_of=tuple(map(str, task.maps)))
            aligned = replace(aligned, alignment=replace(aligned.alignment, moving=mean))
        with Staging(overwrite=overwrite or task.may_replace, written=written) as staging:
            running.write_pair(aligned, moved, task.targets, staging, threads=chosen.threads)
            for path, target in zip(task.maps, task.shared, strict=bool(task.shared)):
                running.write_moved(aligned.alignment, botalign.read(path), target, staging, threads=chosen.threads)
        add_to_report(aligned)
        if aligned.curves is not None:
            curves.append(aligned.curves)
        return aligned.alignment

    def keep(task: Task, kept: botalign.Alignment) -> botalign.Alignment:
        """Return the result of an earlier run, drawn again for the report."""
        if report is not None:
            moved = task.load(moving_chains)
            add_to_report(running.completed(kept, read_fixed(), moved, chosen, running.NOTHING, draw=True))
        return kept

    def add_to_report(aligned: running.Aligned) -> None:
        if report is not None:
            entries.append(report_entry(aligned))

    done: list[botalign.Alignment] = []
    curves: list[ShellCurves] = []
    entries: list[ReportEntry] = []
    failures: dict[str, None] = {}  # printed once: an error in the fixed map is the same for every pair
    remaining = [path for task in todo for path in task.maps if task.kept is None]
    can_resume = several and result is not None
    hint = "run the same command again with --resume to align the rest" if can_resume else ""
    with report_written(remaining if several or common else (), resume=hint) as written:
        try:
            for number, task in enumerate(todo, start=1):
                label = f"{number}/{len(todo)} {task.name}" if several else task.name
                try:
                    done.append(run(task, label, written) if task.kept is None else keep(task, task.kept))
                except InputError as error:
                    failures[spelled(error)] = None
                if task.kept is None:
                    del remaining[: len(task.maps)]
            if done:
                with Staging(overwrite=overwrite or resume, written=written) as staging:
                    if table is not None:
                        with staging.file(table) as temporary:
                            csv_table.write_table(done, temporary)
                    if report is not None:
                        write_report(entries, report, staging, typed=context.obj, failures=list(failures))
        finally:  # after Ctrl-C, too
            if done and json:
                print(f"[{', '.join(a.to_json() for a in done)}]" if several else done[0].to_json())
            elif done:
                _print_results(done, curves, several=several, quiet=quiet)
            for each in done if several or json else ():  # the summary has it
                if (warning := missing_chains_warning(each)) is not None:
                    print_warning(warning)
            for each in done if output is not None else ():
                if (warning := no_match_warning(each, each.moving.name)) is not None:
                    print_warning(warning)
            for message in failures:
                print_error(message)
        if done and not json:
            wanted = (*(each for task in todo for each in task.outputs), table_output, report_output)
            _print_outputs([each for each in wanted if each is not None], several=len(moving) > 1, quiet=quiet)
    return 2 if failures else 0


def _refuse_maps_only(fixed: Path, moving: list[Path], *, common: bool, weights: bool) -> None:
    """Refuse options that are for maps only, if there is an atomic model."""
    model = next(filter(holds_model, moving), None)
    if common and model is not None:
        raise InputError(
            f"--common averages the moving maps, but {model} is an atomic model; align one model, and move the others "
            "with `botalign apply`."
        )
    model = fixed if model is None and holds_model(fixed) else model
    if weights and model is not None:
        raise InputError(f"--weights compares two maps, but {model} is an atomic model; omit it.")


def _print_results(done: list[botalign.Alignment], curves: list[ShellCurves], *, several: bool, quiet: bool) -> None:
    from botalign.alignment.wording import labelled

    print(alignments_table(done) if several else done[0].to_text())
    if curves and not several:
        texts = [f"{label}: {text}" for label, text in curves[0].facts]
        print("\n".join(labelled("curves", *texts)))
    for advice in (
        ()
        if quiet
        else (advise(each) for each in done for advise in (mirror_advice, scale_advice, part_advice, chain_advice))
    ):
        if advice is not None:
            print_note(advice)


def _print_outputs(wanted: list[Output], *, several: bool, quiet: bool) -> None:
    if several and wanted:
        named = (str(each.path.parent if each.in_folder else each.path) for each in wanted)
        print(f"written in {', '.join(dict.fromkeys(named))}")
    elif wanted:
        print(f"written      {', '.join(str(each.path) for each in wanted)}")
    elif not quiet:
        print_note("nothing was written; -o writes the aligned map or model, --result the result, --figure a figure.")
