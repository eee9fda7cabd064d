"""``botalign classify``: class averages of images."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from json import dumps
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.declared import Given, with_options
from botalign.cli.interruption import Interrupted
from botalign.cli.long_work import run_steps, waiting
from botalign.cli.messages import print_note
from botalign.cli.options import Overwrite, Quiet, output_option
from botalign.cli.reporting import command_text
from botalign.cli.running import can_draw, note_no_figure, require_matplotlib
from botalign.cli.staging import Staging
from botalign.errors import InputError, Setting, counted

if TYPE_CHECKING:
    from botalign.images import ImageList
    from botalign.progress import Progress

    Steps = Generator[Progress, None, botalign.Classification]

_NAMES = ("averages.mrcs", "images", "summary.json", "gallery.png", "course.png")
_UNFINISHED = "unfinished"
_STAGES = {
    "read": "reading images", "prepare": "preparing images", "seed": "drawing averages", "finish": "final distances",
}  # fmt: skip
#: Advice if one class has most of the images, for each metric.
_ADVICE = {
    "l2": "--metric wemd gives classes of more equal size.",
    "wemd": "are the particles bright and centred (--invert, --shift)?",
}


@with_options(botalign.LoadOptions, "loading")
@with_options(botalign.ClassifyOptions)
@with_options(botalign.Execution, "execution")
def classify(
    context: typer.Context,
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGES",
            help="Stack (.mrcs), or list of RELION (.star) or cryoSPARC (.cs).",
            show_default=False,
        ),
    ],
    output: Annotated[Path, output_option("FOLDER", "Folder for the results; with --select, a list.")],
    classes: Annotated[
        int | None, typer.Option("--classes", "-k", metavar="N", help="Number of classes.", show_default=False)
    ] = None,
    *,
    select: Annotated[
        str | None,
        typer.Option(
            metavar="1,3-7",
            help="Classify nothing; write the particles of these classes, from a list that was classified before.",
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="R.html",
            help="Write a self-contained HTML page with the averages, sizes, resolutions, and parameters.",
            show_default=False,
        ),
    ] = None,
    loading: Given[botalign.LoadOptions],
    options: Given[botalign.ClassifyOptions],
    execution: Given[botalign.Execution],
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Sort particle images into classes that look alike after in-plane rotation, and average each class.

    The particles must be centred. The results are the averages, largest class
    first, the list with class, angle and distance of every image, and figures. After an interruption, the same command
    resumes.
    """
    from botalign.classes.facts import facts
    from botalign.classes.history import kept_iterations
    from botalign.cli import outputs
    from botalign.cli.class_selection import select_classes
    from botalign.jobs import remove_work

    if select is not None:
        for name, value in (("classes", classes), ("report", report)):
            if value is not None:
                raise InputError(Setting(name), " and ", Setting("select"), ": got both, expected one of them.")
        select_classes(images, select, output, overwrite=overwrite, quiet=quiet)
        return
    if classes is None:
        raise InputError(Setting("classes"), ": missing option; see `botalign classify --help`.")
    names = _names(images)
    page = None
    if report is not None:
        require_matplotlib("--report")
        page = outputs.Output(report, "--report", outputs.REPORTS)
    outputs.check((*outputs.files_in(output, names), page), inputs=[images], overwrite=overwrite)
    chosen, where, load = options.read(), execution.read(), loading.read()
    with waiting("reading the list", quiet=quiet):  # long lists take seconds
        listed = botalign.load_images(images, **asdict(load))
    phases = "not flipped" if load.phase_flip is False else _phases(listed)
    pixels = _pixels(listed, load)
    before = {"phases": phases, "dust": load.dust, "pixels": pixels}
    unfinished = output / _UNFINISHED
    created = not output.exists()
    steps = botalign.classify_steps(listed.stack, classes, chosen, replace(where, work=unfinished))
    try:
        found = _run(steps, quiet=quiet)
        notes = _notes(found)
        with Staging(overwrite=overwrite) as staging:
            written = _write(found, listed, [output / name for name in names], chosen, before, staging)
            if report is not None:
                from botalign.figures import class_report

                command = command_text(context.obj)
                text = class_report(
                    found, name=listed.stack.name, phases=phases, pixels=pixels, options=chosen, notes=notes,
                    command=command,
                )  # fmt: skip
                with staging.file(report) as temporary:
                    temporary.write_text(text, encoding="utf-8")
                written = [*written, report]
        remove_work(unfinished)
    except KeyboardInterrupt:
        kept = kept_iterations(unfinished)
        if not kept:
            raise Interrupted("interrupted, nothing was written.") from None
        are = counted(kept, "iteration is", "iterations are")
        raise Interrupted(f"interrupted; {are} kept in {unfinished}; run the same command again to resume.") from None
    finally:
        if created:
            with suppress(OSError):  # not empty
                output.rmdir()
    for label, text in facts(found, phases, pixels):
        print(f"{label:13}{text}")
    if quiet:
        return
    print(f"written      {', '.join(map(str, written))}")
    for note in notes:
        print_note(note)
    if not can_draw():
        note_no_figure()


def _pixels(listed: ImageList, load: botalign.LoadOptions) -> str:
    """Return in words whether the images were rescaled."""
    if load.pixel_size_angstrom is None:
        return "as given"
    sizes = sorted({float(f"{size:.4g}") for size in listed.pixel_sizes_angstrom.tolist()})
    several = ", ".join(f"{size:g}" for size in sizes[:4]) + (f" and {len(sizes) - 4} more" if sizes[4:] else "")
    return f"rescaled to {load.pixel_size_angstrom:.4g} A, from {several} A"


def _phases(listed: ImageList) -> str:
    """Return in words what was done to the phases of the images."""
    from botalign.images.ctf import as_recorded

    parameters = listed.particles.ctf
    if parameters is None:
        return "not flipped, because the list has no CTF"
    count = int(as_recorded(parameters).sum())
    if not count:
        return "not flipped, because the images were flipped or multiplied by the CTF before, according to the list"
    return f"flipped by the CTF in {counted(count, 'image')}"


def _names(images: Path) -> tuple[str, ...]:
    """Return the names of the results; the list of images has the format of the given one."""
    list_extension = ".cs" if images.suffix.lower() == ".cs" else ".star"
    return tuple(f"images{list_extension}" if name == "images" else name for name in _NAMES)


def _run(steps: Steps, *, quiet: bool) -> botalign.Classification:
    """Run a classification with a progress bar for the current iteration, and the loss of the last one."""
    return run_steps(
        steps, lambda step: _STAGES.get(step.stage, f"iteration {step.iteration}"), quiet=quiet, detail=_loss
    )


def _loss(step: Progress) -> str:
    return "" if step.loss is None else f"loss {step.loss:.5g}"


def _write(
    found: botalign.Classification,
    listed: ImageList,
    paths: list[Path],
    options: botalign.ClassifyOptions,
    before: Mapping[str, object],
    staging: Staging,
) -> list[Path]:
    """Write the files of a folder, and return their paths."""
    averages, images, summary, gallery, course = paths
    written = paths if can_draw() else paths[:3]
    found.averages.write(staging.path(averages))
    found.annotate(listed).write(staging.path(images))
    with staging.file(summary) as temporary:
        temporary.write_text(_summary_json(found, listed.stack.name, options, before), encoding="utf-8")
    if can_draw():
        from botalign.figures import class_course, class_gallery

        for figure, path in ((class_gallery(found), gallery), (class_course(found), course)):
            with staging.file(path) as temporary:
                figure.savefig(temporary)
    return written


def _summary_json(
    found: botalign.Classification, name: str, options: botalign.ClassifyOptions, before: Mapping[str, object]
) -> str:
    """Return options, sizes and iterations as JSON."""
    from botalign.classes.facts import centres
    from botalign.classes.frame import default_scales

    used = asdict(options)
    del used["iterations"]
    if options.metric == "wemd" and options.scales is None:
        used["scales"] = default_scales(found.averages.images.shape[1])
    content = {
        "format": "botalign-classification",
        "version": 1,
        "botalign": version("botalign"),
        "images": name,
        **before,
        "centres": centres(found),
        "inverted": found.inverted,
        "ctf_corrected": found.ctf_corrected,
        "options": {"classes": len(found.sizes), **used},
        "sizes": found.sizes.tolist(),
        "resolutions_angstrom": [each if isfinite(each) else None for each in found.resolutions_angstrom.tolist()],
        "effective_classes": found.effective_classes,
        "loss": found.loss,
        "converged": found.converged,
        "iterations": [{**asdict(each), "avoided": each.avoided} for each in found.iterations],
    }
    return dumps(content, indent=1, allow_nan=False) + "\n"


def _notes(found: botalign.Classification) -> list[str]:
    """Return what the user should know about the classes."""
    notes, images = [], len(found.labels)
    if len(found.sizes) > 2 and 2 * found.sizes[0] > images:
        notes.append(f"one class has {100 * found.sizes[0] / images:.0f} % of the images; {_ADVICE[found.metric]}")
    if refilled := sum(each.refilled for each in found.iterations):
        times = "once" if refilled == 1 else f"{refilled} times"
        notes.append(f"a class lost all its images and was reseeded from the worst-fitting image ({times}).")
    return notes
