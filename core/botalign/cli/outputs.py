"""Output files: their names, and the check before the work begins that they can be written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from botalign.errors import InputError
from botalign.files import (
    TABLE_EXTENSIONS,
    check_extension,
    check_output,
    file_exists,
    listed_extensions,
    split_extension,
)
from botalign.maps import EXTENSIONS
from botalign.models import MMCIF_EXTENSIONS, MODEL_EXTENSIONS, holds_model

MAPS = EXTENSIONS
#: The first one is for models whose files have an unknown extension: mmCIF holds every model.
MODELS = tuple(sorted(MODEL_EXTENSIONS))
RESULTS = (".json",)
#: Operations of a point group, as JSON or as BIOMT records.
OPERATIONS = (".json", ".txt")
LISTS = (".star", ".cs")
FIGURES = (".png", ".pdf", ".svg")
CURVES = (".csv", ".xml", ".star")
REPORTS = (".html",)
TABLES = TABLE_EXTENSIONS
_KINDS = {
    MAPS: "a density map",
    MODELS: "an atomic model",
    (".star",): "a particle list of RELION",
    (".cs",): "a particle list of cryoSPARC",
}
_SLASHES = tuple(slash for slash in (os.sep, os.altsep) if slash)


@dataclass(frozen=True)
class Output:
    """A file to write.

    Attributes
    ----------
    path : Path
        The file.
    option : str
        The option that names it.
    extensions : tuple of str
        Allowed extensions.
    in_folder : bool
        Whether the option names the folder, which is created if it is missing.
    replaceable : bool
        Whether the file may be overwritten even without ``--overwrite``.
    source : Path, optional
        The input of which the file is a moved copy, if it is one.
    """

    path: Path
    option: str
    extensions: tuple[str, ...]
    in_folder: bool = False
    replaceable: bool = False
    source: Path | None = None


def output_paths(
    given: str | None,
    sources: Sequence[Path],
    *,
    option: str,
    extensions: tuple[str, ...] | Callable[[Path], tuple[str, ...]],
    role: str = "moving maps",
    labels: Sequence[str] | None = None,
) -> list[Output | None]:
    """Return the files that an option asks for, one for each map.

    Parameters
    ----------
    given : str or None
        Value of the option as typed: a file for one map, a folder for several. An existing folder, or a name with a
        slash at the end, is a folder for one map too.
    sources : sequence of Path
        The maps. A file in a folder is named after its map, with the first extension if that of the map is not allowed.
    option : str
        Name of the option.
    extensions : tuple of str or callable
        Allowed extensions, or a function that returns those for a map.
    role : str
        What the maps are, for the error message.
    labels : sequence of str, optional
        Text that each file in a folder gets before its extension.

    Returns
    -------
    list of Output or None
        None for each map if the option is not given.

    Raises
    ------
    InputError
        If several maps would be written to one file.
    """
    if given is None:
        return [None] * len(sources)
    of_each = [extensions(source) if callable(extensions) else extensions for source in sources]
    path = Path(given)
    if len(sources) == 1 and not given.endswith(_SLASHES) and not path.is_dir():
        return [Output(path, option, of_each[0], source=sources[0] if callable(extensions) else None)]
    if not is_folder(given):
        raise InputError(
            f"{given}: got a file name, but {option} needs a folder for several files; give one, such as aligned/."
        )
    names = [_named_after(source, allowed) for source, allowed in zip(sources, of_each, strict=True)]
    if labels is not None:
        names = [_labelled(name, label) for name, label in zip(names, labels, strict=True)]
    _refuse_equal_names(sources, names, option, role)
    return [Output(path / name, option, allowed, in_folder=True) for name, allowed in zip(names, of_each, strict=True)]


def beside(source: Path, label: str, *, extensions: tuple[str, ...], option: str) -> Output:
    """Return the file beside an input whose name has one more label before its extension."""
    return Output(source.parent / _labelled(_named_after(source, extensions), label), option, extensions)


def is_folder(given: str) -> bool:
    """Return whether the value of an option is a folder, or a name that can be one of a new folder.

    A name with any extension is one of a file, unless a slash follows. ``run_2.5`` has no extension.
    """
    path = Path(given)
    has_extension = path.suffix[1:2].isalpha()
    return given.endswith(_SLASHES) or path.is_dir() or not (path.exists() or has_extension)


def of_same_kind(source: Path) -> tuple[str, ...]:
    """Return the extensions for a file that holds what another one holds: a map, an atomic model, or particles."""
    extension = source.suffix.lower().replace(".csg", ".cs")
    if extension in LISTS:
        return (extension,)
    return MODELS if holds_model(source) else MAPS


def files_in(folder: Path, names: Sequence[str]) -> list[Output]:
    """Return the files that a command writes to the folder given by ``-o``."""
    paths = [folder / name for name in names]
    return [Output(path, "-o", (path.suffix,), in_folder=True) for path in paths]


def check(
    outputs: Iterable[Output | None], *, inputs: Iterable[Path], overwrite: bool, can_resume: bool = False
) -> None:
    """Check that all files can be written.

    Parameters
    ----------
    outputs : iterable of Output or None
        The files.
    inputs : iterable of Path
        The files that are read.
    overwrite : bool
        Whether existing files may be overwritten.
    can_resume : bool, optional
        Whether the existing files may be those of an interrupted run that ``--resume`` continues.

    Raises
    ------
    InputError
        For the first file that is an input or given twice, has an unknown extension, exists and may not be overwritten,
        or is in a folder that cannot be written.
    """
    users = {path.resolve(): "" for path in inputs}
    wanted = [output for output in outputs if output is not None]
    created = {output.path.parent.resolve() for output in wanted if output.in_folder}
    for output in wanted:
        path, key = output.path, output.path.resolve()
        if key in users:
            reason = f"{users[key]} writes it too" if users[key] else "it is an input"
            raise InputError(
                f"{path}: {output.option} cannot write it, because {reason}; choose another name or folder."
            )
        users[key] = output.option
        _refuse_other_kind(output)
        if can_resume and path.is_file() and not (overwrite or output.replaceable):
            raise file_exists(path, "keep what an interrupted run has finished with --resume, choose another name")
        if not path.parent.exists() and path.parent.resolve() in created:
            check_extension(path, output.extensions)
            check_output(path.parent)
        else:
            check_output(path, overwrite=overwrite or output.replaceable, extensions=output.extensions)


def _refuse_other_kind(output: Output) -> None:
    """Refuse the extension of another kind of file, and that of PDB files for a complex."""
    name = output.path.name.lower()
    if output.extensions == MMCIF_EXTENSIONS and not name.endswith(MMCIF_EXTENSIONS):
        raise InputError(
            f"{output.path}: {output.option} writes several models as one, in mmCIF format; use the extension .cif, or "
            "give a folder, such as placed/."
        )
    what = _KINDS.get(output.extensions)
    other = next((kind for extensions, kind in _KINDS.items() if name.endswith(extensions)), what)
    if what is not None and other != what:
        written = what if output.source is None else f"{output.source.name}, {what}"
        raise InputError(
            f"{output.path}: {output.option} writes {written}, which cannot be written as {other}; use "
            f"{listed_extensions(output.extensions)}."
        )


def _refuse_equal_names(sources: Sequence[Path], names: Sequence[str], option: str, role: str) -> None:
    name, times = Counter(names).most_common(1)[0]
    if times == 1:
        return
    first, second, *_ = (source.name for source, target in zip(sources, names, strict=True) if target == name)
    what = f"are called {first}" if first == second else f"({first} and {second}) would be written as {name}"
    raise InputError(f"{option}: two of the {role} {what}; rename one of them, or process it in a separate run.")


def _named_after(source: Path, extensions: tuple[str, ...]) -> str:
    name = source.name
    if name.lower().endswith(extensions):
        return name
    stem, extension = split_extension(name, MAPS + MODELS)
    return (stem if extension else source.stem) + extensions[0]


def _labelled(name: str, label: str) -> str:
    """Return a name with text before its extension."""
    stem, extension = split_extension(name, MAPS + MODELS)
    return f"{stem}{label}{extension}"
