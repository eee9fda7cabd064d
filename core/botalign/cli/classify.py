"""``botalign classify``: class averages of images."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from botalign.cli.messages import print_note
from botalign.cli.options import DEFAULT_THREADS, Overwrite, Processes, Quiet, Scheduler, Seed, Threads

if TYPE_CHECKING:
    from collections.abc import Generator

    from botalign import Classification, ImageList, Progress

    Steps = Generator[Progress, None, Classification]

_NAMES = ("averages.mrcs", "images.star", "summary.json", "gallery.png", "course.png")
_UNFINISHED = "unfinished"
#: What makes classes more even, by the metric.
_EVENER = {
    "l2": "--metric wemd keeps sizes more even.",
    "wemd": "are the particles bright and centred (--invert, --shift)?",
}


class Metric(StrEnum):
    """The distances that can be chosen."""

    wemd = "wemd"
    l2 = "l2"


def classify(
    images: Annotated[
        Path, typer.Argument(metavar="IMAGES", help="The images: .mrcs, or a .star of RELION.", show_default=False)
    ],
    classes: Annotated[int, typer.Option("--classes", "-k", metavar="N", help="How many classes.", show_default=False)],
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the results.", show_default=False)
    ],
    metric: Annotated[
        Metric, typer.Option(help="The distance: the wavelet earth mover's, with sym5, or the Euclidean one.")
    ] = Metric.wemd,
    scales: Annotated[
        int | None,
        typer.Option(metavar="N", help="Scales of the wavelets; 6 for images of 128 pixels if not given, 5 for 64."),
    ] = None,
    rotations: Annotated[int, typer.Option(metavar="N", help="Turns that are tried.")] = 200,
    mirror: Annotated[bool, typer.Option("--mirror", help="Try mirror images too.")] = False,
    shift: Annotated[
        int, typer.Option(metavar="PIXELS", help="How far images may be off centre; each pixel costs time.")
    ] = 0,
    invert: Annotated[bool, typer.Option("--invert", help="The particles are dark; take them as bright.")] = False,
    diameter: Annotated[
        float | None, typer.Option(metavar="A", help="Diameter of the particle; what is beyond is background.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", help="Sample the images down to N pixels a side first.")
    ] = None,
    iterations: Annotated[int, typer.Option(metavar="N", help="At most so many iterations.")] = 50,
    seed: Seed = 0,
    threads: Threads = DEFAULT_THREADS,
    processes: Processes = 0,
    scheduler: Scheduler = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Sort images into classes that look alike up to a turn, and average each.

    The images must be phase-flipped, particles bright and centred. Written are the averages, largest class first, a
    star file with class, angle and distance of every image, and pictures. Stopped or killed, the same command goes on.
    """
    from contextlib import suppress

    import botalign
    from botalign.cli import outputs
    from botalign.cli.interruption import Interrupted
    from botalign.jobs import remove_work

    paths = [folder / name for name in _NAMES]
    outputs.check(
        [outputs.Output(path, "-o", (path.suffix,), in_folder=True) for path in paths],
        inputs=[images],
        overwrite=overwrite,
    )
    listed = botalign.read_images(images)
    unfinished = folder / _UNFINISHED
    made = not folder.exists()
    options: dict[str, Any] = {
        "metric": metric.value,
        "scales": scales,
        "rotations": rotations,
        "mirror": mirror,
        "shift_pixels": shift,
        "invert": invert,
        "diameter_angstrom": diameter,
        "size": size,
        "seed": seed,
    }
    steps = botalign.classify_steps(
        listed.stack, classes, **options, iterations=iterations, threads=threads, processes=processes,
        scheduler=scheduler, work=unfinished,
    )  # fmt: skip
    try:
        found = _shown(steps, iterations, quiet=quiet)
        written = _write(found, listed, paths, options, overwrite=overwrite)
        remove_work(unfinished)
    except KeyboardInterrupt:
        kept = len(list(unfinished.glob("iteration_*.npz")))
        iterations_are = "iteration is" if kept == 1 else "iterations are"
        going_on = f"{kept} {iterations_are} kept in {unfinished}; the same command goes on from there"
        raise Interrupted(f"interrupted; {going_on}." if kept else "interrupted, nothing was written.") from None
    finally:
        if made:  # in vain
            with suppress(OSError):
                folder.rmdir()
    _tell(found, written, quiet=quiet)


def _shown(steps: Steps, most: int, *, quiet: bool) -> Classification:
    """Take all steps, with a bar for the iteration under way, the time that is left of it, and the loss before it."""
    from dataclasses import replace

    from botalign.cli.long_work import finished
    from botalign.progress import map_steps

    def named(step: Progress) -> Progress:
        iterating = step.stage in ("average", "assign")
        return replace(step, stage=f"iteration {step.iteration}") if iterating else step

    stages = {"prepare": "preparing images", "seed": "drawing averages", "finish": "final distances"}
    stages |= {name: name for name in (f"iteration {number}" for number in range(2, most + 1))}
    return finished(map_steps(steps, named), stages, quiet=quiet, beside=_loss)


def _loss(step: Progress) -> str:
    return "" if step.loss is None else f"loss {step.loss:.5g}"


def _write(
    found: Classification, listed: ImageList, paths: list[Path], options: dict[str, Any], *, overwrite: bool
) -> list[Path]:
    """Write all files, together or none, and return which."""
    from botalign.cli.running import can_draw
    from botalign.cli.staging import Staging
    from botalign.files import output_file

    averages, images, summary, gallery, course = paths
    written = paths if can_draw() else paths[:3]
    with Staging(overwrite=overwrite, written=[]) as staging:
        found.averages.write(staging.path(averages))
        found.annotate(listed).write(staging.path(images))
        with output_file(staging.path(summary)) as temporary:
            temporary.write_text(_summary(found, listed.stack.name, options), encoding="utf-8")
        if can_draw():
            from botalign.figures import class_course, class_gallery

            for figure, path in ((class_gallery(found), gallery), (class_course(found), course)):
                with output_file(staging.path(path)) as temporary:
                    figure.savefig(temporary)
    return written


def _summary(found: Classification, name: str, options: dict[str, Any]) -> str:
    """Return what there is to say of the whole, as JSON."""
    from dataclasses import asdict
    from importlib.metadata import version
    from json import dumps

    from botalign.classes.frame import default_scales

    if options["metric"] == "wemd" and options["scales"] is None:
        options = options | {"scales": default_scales(found.averages.images.shape[1])}
    content = {
        "format": "botalign-classification",
        "version": 1,
        "botalign": version("botalign"),
        "images": name,
        "options": {"classes": len(found.sizes), **options},
        "sizes": found.sizes.tolist(),
        "effective_classes": found.effective_classes,
        "loss": found.loss,
        "converged": found.converged,
        "iterations": [{**asdict(each), "avoided": each.avoided} for each in found.iterations],
    }
    return dumps(content, indent=1, allow_nan=False) + "\n"


def _tell(found: Classification, written: list[Path], *, quiet: bool) -> None:
    """Print a few lines about the result."""
    last = found.iterations[-1]
    ended = "the loss no longer decreases" if found.converged else "all that were allowed"
    refilled = sum(each.refilled for each in found.iterations)
    print(f"images       {len(found.labels)} in {len(found.sizes)} classes")
    print(f"sizes        {found.sizes[0]} to {found.sizes[-1]}, as even as {found.effective_classes:.1f} equal ones")
    print(f"iterations   {len(found.iterations)}, {ended}")
    print(f"loss         {found.iterations[0].loss:.6g} -> {found.loss:.6g}")
    if len(found.iterations) > 1:
        print(f"work         {100 * last.avoided:.2f} % of the differences were not needed in the last iteration")
    if quiet:
        return
    print(f"written      {', '.join(map(str, written))}")
    if len(found.sizes) > 2 and 2 * found.sizes[0] > len(found.labels):
        share = 100 * found.sizes[0] / len(found.labels)
        print_note(f"one class holds {share:.0f} % of the images; {_EVENER[found.metric]}")
    if refilled:
        times = "once" if refilled == 1 else f"{refilled} times"
        print_note(f"{times} a class lost all of its images and was begun again with the one that fitted worst.")
    if len(written) < len(_NAMES):
        from botalign.cli.running import INSTALL_FIGURES

        print_note(f"no pictures, since matplotlib isn't installed; install it by {INSTALL_FIGURES}.")
