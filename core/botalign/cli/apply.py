"""``botalign apply``: apply the transform of an alignment to other maps, atomic models and particles."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

import botalign
from botalign.cli.interruption import report_written
from botalign.cli.messages import print_warning
from botalign.cli.options import Candidate, Inverse, Overwrite, Silent, Threads, output_option
from botalign.cli.staging import Staging
from botalign.cli.tables import history, pose_warning
from botalign.errors import InputError, Setting


def _result_first(path: Path) -> Path:
    """Refuse another file in the place of the result, before the parser finds that another argument is missing."""
    from botalign.cli.outputs import LISTS, MAPS, MODELS

    kinds = ((MAPS, "a map"), (MODELS, "an atomic model"), (LISTS, "a particle list"))
    kind = next((kind for extensions, kind in kinds if path.name.lower().endswith(extensions)), None)
    if kind is not None:
        raise InputError(
            f"{path}: got {kind}, expected a result file as the first argument: botalign apply R.json FILE..."
        )
    return path


def apply(
    result: Annotated[
        Path,
        typer.Argument(
            metavar="R.json",
            help="A result of `botalign align --result`.",
            show_default=False,
            callback=_result_first,
        ),
    ],
    output: Annotated[
        str,
        output_option("FILE|FOLDER", "Write the moved map, model or particle list; a folder for several."),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Maps, atomic models and particle lists (.star, .cs) to move; by default the moving map of the result "
            "and, if -o is a folder, the half maps beside it.",
            show_default=False,
        ),
    ] = None,
    inverse: Inverse = False,
    onto: Annotated[
        Path | None,
        typer.Option(
            metavar="FIXED",
            help="Write maps on the grid of this map, by default each on its own. The poses of particles then belong "
            "to its box, by default to that of the fixed map.",
        ),
    ] = None,
    candidate: Candidate = 0,
    all_places: Annotated[
        bool, typer.Option("--all-places", help="Write a copy for each pose that fits as well as the result.")
    ] = False,
    voxel_size: Annotated[
        str | None,
        typer.Option(
            metavar="A",
            help="Take this for the voxel size of the maps, if that in their headers is wrong. See `botalign info` for "
            "how to correct a header without a transform.",
        ),
    ] = None,
    mirror: Annotated[
        bool,
        typer.Option(
            "--mirror",
            help="If the transform mirrors, give particles the poses that fit the mirrored map; their images do not "
            "change.",
        ),
    ] = False,
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Silent = False,
) -> None:
    """Apply the transform of an alignment to other files: half maps, masks, atomic models, particles.

    What changes depends on the kind of file. If one of them fails, no file is written.
    """
    from botalign.alignment.applying import write_moved_map
    from botalign.cli import belonging, inputs, outputs
    from botalign.images import is_list
    from botalign.maps import with_voxel_size
    from botalign.maps.correction import VOXEL_SIZE
    from botalign.models import holds_model

    if all_places and candidate:
        raise InputError(
            Setting("all_places"), " cannot be combined with ", Setting("candidate"), "; omit one of them."
        )
    alignment = botalign.Alignment.read(result)
    places = alignment.places if all_places else (candidate,)
    alignment.matrix(candidate=candidate)
    size = None if voxel_size is None else VOXEL_SIZE.check(VOXEL_SIZE.parse(voxel_size))
    folder = outputs.is_folder(output)
    sources = files or belonging.own_maps(result, alignment, inverse=inverse, half_maps=folder)
    copies = [(path, place) for path in sources for place in places]
    particles = next(filter(is_list, sources), None)
    other = next((path for path in sources if is_list(path) or holds_model(path)), None)
    if size is not None and other is not None:
        raise InputError(
            Setting("voxel_size_angstrom"), f": {other} is not a map; apply the transform to it separately."
        )
    if all_places and particles is not None:
        raise InputError(
            f"{particles}: each particle has one pose; use ",
            Setting("candidate"),
            " instead of ",
            Setting("all_places"),
            ".",
        )
    paths = outputs.output_paths(
        output,
        [path for path, _ in copies],
        option="-o",
        extensions=outputs.of_same_kind,
        role="files",
        labels=[f"_place_{places.index(place) + 1}" if all_places else "" for _, place in copies],
    )
    outputs.check(paths, inputs=[result, *sources, *([] if onto is None else [onto])], overwrite=overwrite)
    lists = {path: botalign.read_particles(path) for path in sources if is_list(path)}
    for path in sources:
        if path not in lists:
            inputs.check(path)
    grid = None if onto is None else botalign.read_header(onto).grid
    note = f" by {result.name}{f', candidate {candidate}' if candidate else ''}{', inverse' if inverse else ''}"
    targets = [each.path for each in paths if each is not None]
    with report_written() as written, Staging(overwrite=overwrite, written=written) as staging:
        for path, group in groupby(zip(copies, targets, strict=True), key=lambda each: each[0][0]):
            given = lists[path] if path in lists else inputs.load(path)
            if size is not None and isinstance(given, botalign.DensityMap):
                given = with_voxel_size(given, path, size)
            for (_, place), target in group:
                if isinstance(given, botalign.Model):
                    staging.write_model(alignment.apply(given, inverse=inverse, candidate=place), target)
                elif isinstance(given, botalign.DensityMap):
                    write_moved_map(
                        staging.path(target), given, alignment.matrix(inverse=inverse, candidate=place),
                        grid or given.grid, history=history(given.name, None, note=note), threads=threads,
                    )  # fmt: skip
                else:
                    listed = alignment.apply(given, onto=grid, inverse=inverse, candidate=place, mirror=mirror)
                    listed.write(staging.path(target))
            del given
    if (warning := pose_warning(alignment, str(result), candidate=candidate)) is not None:
        print_warning(warning)
    if files:
        belonging.warn_of_other_role(result, alignment, files, inverse=inverse)
    if particles is not None and not quiet:
        belonging.note_on_boxes(alignment, onto, inverse=inverse)
    if not quiet:
        for (path, _), target in zip(copies, targets, strict=True):
            print(f"{path} -> {target}")
