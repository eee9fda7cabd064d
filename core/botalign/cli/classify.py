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
from botalign.cli.running import can_draw, note_no_figure
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
    from botalign.classes.history import kept_iterations
    from botalign.cli import outputs
    from botalign.cli.class_selection import select_classes
    from botalign.jobs import remove_work

    if select is not None:
        if classes is not None:
            raise InputError(Setting("classes"), " and ", Setting("select"), ": got both, expected one of them.")
        select_classes(images, select, output, overwrite=overwrite, quiet=quiet)
        return
    if classes is None:
        raise InputError(Setting("classes"), ": missing option; see `botalign classify --help`.")
    names = _names(images)
    outputs.check(outputs.files_in(output, names), inputs=[images], overwrite=overwrite)
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
        written = _write(found, listed, [output / name for name in names], chosen, before, overwrite=overwrite)
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
    _print_summary(found, phases, pixels, written, quiet=quiet)


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


def _centres(found: botalign.Classification) -> str:
    """Return in words what was done to the centres of the images."""
    shifts = found.shifts_pixels_before
    if shifts is None:
        return "as given"
    moved = counted(int(shifts.any(axis=1).sum()), "image")
    return f"{moved} shifted to the origins in the list, by at most {abs(shifts).max()} pixels in x and y"


def _resolutions(found: botalign.Classification) -> str:
    """Return the best and the worst resolution of a class, at a ring correlation of 0.5 between two halves."""
    finite = sorted(each for each in found.resolutions_angstrom.tolist() if isfinite(each))
    none = counted(len(found.sizes) - len(finite), "class without", "classes without")
    return (f"{finite[0]:.3g} to {finite[-1]:.3g} A" if finite else "none") + (
        f", {none}" if finite and len(finite) < len(found.sizes) else ""
    )


def _size(found: botalign.Classification) -> str:
    """Return the size of the compared images."""
    side, pixel = found.averages.shape[1], found.averages.pixel_size_angstrom[0]
    return f"{side} x {side} pixels of {pixel:.4g} A"


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
    *,
    overwrite: bool,
) -> list[Path]:
    """Write all files, or none, and return their paths."""
    averages, images, summary, gallery, course = paths
    written = paths if can_draw() else paths[:3]
    with Staging(overwrite=overwrite) as staging:
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
        "centres": _centres(found),
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


def _print_summary(
    found: botalign.Classification, phases: str, pixels: str, written: list[Path], *, quiet: bool
) -> None:
    last, images = found.iterations[-1], len(found.labels)
    end = "converged" if found.converged else "not converged"
    print(f"images       {images} in {len(found.sizes)} classes")
    print(f"pixels       {pixels}")
    print(f"size         {_size(found)}")
    print(f"phases       {phases}")
    print(f"centres      {_centres(found)}")
    print(f"averages     {'corrected' if found.ctf_corrected else 'not corrected'} for the CTF")
    print(f"contrast     {'inverted, so that particles are bright' if found.inverted else 'as given'}")
    print(
        f"sizes        {found.sizes[0]} to {found.sizes[-1]}, effective number of classes {found.effective_classes:.1f}"
    )
    print(f"resolution   {_resolutions(found)}")
    print(f"iterations   {len(found.iterations)}, {end}")
    print(f"loss         {found.iterations[0].loss:.6g} -> {found.loss:.6g}")
    if len(found.iterations) > 1:
        print(f"work         {100 * last.avoided:.2f} % of the comparisons were avoided in the last iteration")
    if quiet:
        return
    print(f"written      {', '.join(map(str, written))}")
    if len(found.sizes) > 2 and 2 * found.sizes[0] > images:
        print_note(f"one class has {100 * found.sizes[0] / images:.0f} % of the images; {_ADVICE[found.metric]}")
    if refilled := sum(each.refilled for each in found.iterations):
        times = "once" if refilled == 1 else f"{refilled} times"
        print_note(f"a class lost all its images and was reseeded from the worst-fitting image ({times}).")
    if len(written) < len(_NAMES):
        note_no_figure()
