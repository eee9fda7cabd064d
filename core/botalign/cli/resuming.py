"""Results of an interrupted run that can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import botalign
from botalign.errors import InputError, Setting
from botalign.maps import read_header


def kept_result(
    result: Path,
    files: Sequence[Path],
    fixed: Path,
    moving: Path,
    options: botalign.AlignmentOptions,
    option_files: Sequence[Path],
) -> botalign.Alignment | None:
    """Return the result of an earlier run for a pair, or None if the pair has to be aligned again.

    It has to be aligned again if an output is missing, an input is newer than the result, or the result is from another
    version.

    Parameters
    ----------
    result : Path
        The result file.
    files : sequence of Path
        All output files of the pair.
    fixed, moving : Path
        The two maps.
    options : AlignmentOptions
        The options of this run.
    option_files : sequence of Path
        Files that the options name, such as masks.

    Raises
    ------
    InputError
        If the result is from other maps or other options.
    """
    if not result.exists():
        return None
    found = botalign.Alignment.read(result)
    differing: list[str | Setting] = [
        f"{role} map"
        for role, path, reference in (("fixed", fixed, found.fixed), ("moving", moving, found.moving))
        if (path.name, read_header(path).grid) != (Path(reference.name).name, reference.grid)
    ]
    differing += options.differing(found.parameters)
    if found.seed != options.seed:
        differing.append(Setting("seed"))
    if differing:
        names = [part for each in differing for part in (each, ", ")][:-1]
        raise InputError(
            f"{result}: was made with a different ", *names, "; repeat the command that made it, choose another "
            "folder, or overwrite it with ", Setting("overwrite", True), ".",
        )  # fmt: skip
    made = result.stat().st_mtime_ns
    is_newer = any(path.stat().st_mtime_ns > made for path in (fixed, moving, *option_files))
    if is_newer or found.versions.get("botalign") != botalign.__version__ or not all(path.exists() for path in files):
        return None
    return found
