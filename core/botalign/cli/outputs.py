"""Where outputs go, and whether they may: asked before the work begins."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botalign.errors import InputError
from botalign.files import check_output
from botalign.maps import EXTENSIONS

MAPS = EXTENSIONS
RESULTS = (".json",)
FIGURES = (".png", ".pdf", ".svg")
_SLASHES = tuple(slash for slash in (os.sep, os.altsep) if slash)


@dataclass(frozen=True)
class Output:
    """A file to be written.

    Attributes
    ----------
    path : Path
        The file.
    option : str
        The option that asks for it.
    suffixes : tuple of str
        Endings of which the name must have one.
    in_folder : bool
        Whether the option names the folder, which is made if it is missing.
    replaceable : bool
        Whether it may be replaced even if others may not.
    """

    path: Path
    option: str
    suffixes: tuple[str, ...]
    in_folder: bool = False
    replaceable: bool = False


def place(
    given: str | None, sources: Sequence[Path], *, option: str, suffixes: tuple[str, ...], role: str = "moving maps"
) -> list[Output | None]:
    """Decide where the outputs of an option go, one for each map.

    Parameters
    ----------
    given : str or None
        What the user gave: a file for one map, a folder for several. What is a folder, or ends with a slash, does for
        one map too. As typed, since a Path has no slash at its end.
    sources : sequence of Path
        The maps. A file in a folder is named after its map, with another ending if that isn't among `suffixes`.
    option : str
        The option's name.
    suffixes : tuple of str
        Endings of which the name of a file must have one.
    role : str
        What the maps are called, all together.

    Returns
    -------
    list of Output or None
        None where the option isn't given.

    Raises
    ------
    InputError
        If several maps would go into one file.
    """
    if given is None:
        return [None] * len(sources)
    path = Path(given)
    is_folder = given.endswith(_SLASHES) or path.is_dir()
    if len(sources) == 1 and not is_folder:
        return [Output(path, option, suffixes)]
    if not is_folder and (path.exists() or given.lower().endswith(MAPS + RESULTS + FIGURES)):
        raise InputError(f"{given}: is the name of a file, but {option} must be a folder for several maps; give one.")
    names = [_named_after(source, suffixes) for source in sources]
    _refuse_twins(sources, names, option, role)
    return [Output(path / name, option, suffixes, in_folder=True) for name in names]


def check(outputs: Iterable[Output | None], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Check that all outputs can be written.

    Raises
    ------
    InputError
        For the first that is an input, is asked for twice, has another ending, exists and may not be replaced, or is in
        a folder that can't be written.
    """
    claims = {path.resolve(): "" for path in inputs}
    for output in outputs:
        if output is None:
            continue
        path, key = output.path, output.path.resolve()
        if key in claims:
            reason = f"{claims[key]} writes it already" if claims[key] else "it is an input"
            raise InputError(f"{path}: {output.option} can't write it, since {reason}; give another name or folder.")
        claims[key] = output.option
        if output.in_folder and not path.parent.exists():
            check_output(path.parent)
        else:
            check_output(path, overwrite=overwrite or output.replaceable, suffixes=output.suffixes)


def _refuse_twins(sources: Sequence[Path], names: Sequence[str], option: str, role: str) -> None:
    """Refuse maps that would be written under one name."""
    name, times = Counter(names).most_common(1)[0]
    if times == 1:
        return
    one, other, *_ = (source.name for source, target in zip(sources, names, strict=True) if target == name)
    what = f"are called {one}" if one == other else f"({one} and {other}) would be written as {name}"
    raise InputError(f"{option}: two of the {role} {what}; rename one of them, or take it in a run of its own.")


def _named_after(source: Path, suffixes: tuple[str, ...]) -> str:
    name = source.name
    if name.lower().endswith(suffixes):
        return name
    for ending in sorted(MAPS, key=len, reverse=True):
        if name.lower().endswith(ending):
            return name[: -len(ending)] + suffixes[0]
    return source.stem + suffixes[0]
