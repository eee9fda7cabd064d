"""Files that belong to the maps of a result: the moving map itself, its half maps, and the box of its particles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import botalign
from botalign.cli.messages import print_note, print_warning
from botalign.errors import InputError
from botalign.files import split_extension
from botalign.maps import EXTENSIONS

if TYPE_CHECKING:
    from botalign import Alignment
    from botalign.alignment import MapReference

#: What distinguishes the name of a half map: run_half1_class001_unfil.mrc, J5_map_half_A.mrc, emd_1_half_map_2.map.gz.
_HALF = re.compile(r"[_-]?half([_-]?map)?[_-]?[12ab](?![a-z0-9])", re.IGNORECASE)
#: Parts of names that half maps and final maps have or lack.
_VARIANT = re.compile(r"[_-](unfil|unfiltered|sharp|sharpened|masked|locres)(?![a-z0-9])", re.IGNORECASE)


def own_maps(result: Path, alignment: Alignment, *, inverse: bool, half_maps: bool) -> list[Path]:
    """Return the files of the map that a result moves, and the half maps beside them.

    Parameters
    ----------
    result : Path
        The result file; maps are also searched for in its folder.
    alignment : Alignment
        Its content.
    inverse : bool
        Whether the inverse transform is applied, which moves the fixed map.
    half_maps : bool
        Whether to add half maps. If not, they are mentioned.

    Raises
    ------
    InputError
        If a file is missing, or has another grid than the map that was aligned.
    """
    reference = alignment.fixed if inverse else alignment.moving
    found = [_found(result, name) for name in reference.mean_of or (reference.name,)]
    if reference.model or reference.mean_of:
        return found
    if botalign.read_header(found[0]).grid != reference.grid:
        raise InputError(
            f"{found[0]}: the grid is not that of the map that was aligned ({result}); give the files to move after it."
        )
    halves = _halves_beside(found[0], reference)
    if halves and not half_maps:
        names = " and ".join(path.name for path in halves)
        print_note(f"{names} were not moved; to move them too, give a folder with -o.")
    return found + (halves if half_maps else [])


def warn_of_other_role(result: Path, alignment: Alignment, files: Sequence[Path], *, inverse: bool) -> None:
    """Warn if a file is the map to which the transform moves others, judged by its name and its grid."""
    target, source = (alignment.moving, alignment.fixed) if inverse else (alignment.fixed, alignment.moving)
    if target.model or Path(target.name).name == Path(source.name).name:
        return
    for path in files:
        if path.name == Path(target.name).name and botalign.read_header(path).grid == target.grid:
            role, advice = ("moving", "omit") if inverse else ("fixed", "add")
            print_warning(
                f"{path}: this is the {role} map of {result}; to move it onto the other map, {advice} --inverse."
            )


def note_on_boxes(alignment: Alignment, onto: Path | None, *, inverse: bool) -> None:
    """Print to which box the poses of particles belong, if the boxes of the two maps differ."""
    source, target = (alignment.fixed, alignment.moving) if inverse else (alignment.moving, alignment.fixed)
    if onto is None and not target.model and source.grid != target.grid:
        name = Path(target.name).name
        print_note(f"the new poses belong to the box of {name}; maps for them are written with --onto {target.name}.")


def _found(result: Path, name: str) -> Path:
    for path in (Path(name), result.parent / name, result.parent / Path(name).name):
        if path.is_file():
            return path
    raise InputError(f"{name}: no such file, but it was aligned ({result}); give the files to move after it.")


def _halves_beside(path: Path, reference: MapReference) -> list[Path]:
    """Return the two half maps in the folder of a map, judged by their names and grids; none if they are unclear."""
    own = _VARIANT.sub("", _stem(path))
    candidates = [
        other
        for other in sorted(path.parent.iterdir())
        if other.name.lower().endswith(EXTENSIONS)
        and _HALF.search(_stem(other))
        and _VARIANT.sub("", _HALF.sub("", _stem(other))) in ("", own)
    ]
    halves = [other for other in candidates if botalign.read_header(other).grid == reference.grid]
    return halves if len(halves) == 2 and path not in halves else []


def _stem(path: Path) -> str:
    """Return the name of a map without its extension."""
    return split_extension(path.name, EXTENSIONS)[0]
