"""Where outputs go, and whether they may: asked before the work begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botalign.errors import InputError
from botalign.files import check_output
from botalign.maps import SUFFIXES

MAPS = SUFFIXES
RESULTS = (".json",)
FIGURES = (".png", ".pdf", ".svg")


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
    """

    path: Path
    option: str
    suffixes: tuple[str, ...]
    in_folder: bool = False


def place(
    given: Path | None, sources: Sequence[Path], *, option: str, suffixes: tuple[str, ...]
) -> list[Output | None]:
    """Decide where the outputs of an option go, one for each map.

    Parameters
    ----------
    given : Path or None
        What the user gave: a file for one map, a folder for several. An existing folder does for one map too.
    sources : sequence of Path
        The maps. A file in a folder is named after its map, with another ending if that isn't among `suffixes`.
    option : str
        The option's name.
    suffixes : tuple of str
        Endings of which the name of a file must have one.

    Returns
    -------
    list of Output or None
        None where the option isn't given.
    """
    if given is None:
        return [None] * len(sources)
    if len(sources) == 1 and not given.is_dir():
        return [Output(given, option, suffixes)]
    return [Output(given / _named_after(source, suffixes), option, suffixes, in_folder=True) for source in sources]


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
            check_output(path, overwrite=overwrite, suffixes=output.suffixes)


def _named_after(source: Path, suffixes: tuple[str, ...]) -> str:
    name = source.name
    if name.lower().endswith(suffixes):
        return name
    for ending in sorted(MAPS, key=len, reverse=True):
        if name.lower().endswith(ending):
            return name[: -len(ending)] + suffixes[0]
    return source.stem + suffixes[0]
