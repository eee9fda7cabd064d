"""Output files of one run: checked before the work, and all there after it or none."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from botalign.errors import InputError
from botalign.files import check_output, output_file

MAPS = tuple(f"{kind}{packed}" for packed in ("", ".gz", ".bz2") for kind in (".mrc", ".map", ".ccp4", ".rec"))
RESULTS = (".json",)
FIGURES = (".png", ".pdf", ".svg")


@dataclass(frozen=True)
class Output:
    """A file to be written, and which option asked for it.

    Attributes
    ----------
    path : Path
        The file.
    option : str
        What messages call it, ``--result`` for example.
    suffixes : tuple of str
        Endings of which the name must have one.
    """

    path: Path
    option: str
    suffixes: tuple[str, ...]


def place(given: Path | None, sources: Sequence[Path], option: str, suffixes: tuple[str, ...]) -> list[Output | None]:
    """Decide where the outputs of an option go, one for each map.

    Parameters
    ----------
    given : Path or None
        What the user gave: a file for a single map, a folder for several. An existing folder also does for a single one.
    sources : sequence of Path
        The maps.
    option : str
        The option's name.
    suffixes : tuple of str
        Endings of which the name of a file must have one. A file in a folder is called as its map is, with the first of
        them if the map's own is none.

    Returns
    -------
    list of Output or None
        None where the option isn't given.
    """
    if given is None:
        return [None] * len(sources)
    if len(sources) == 1 and not given.is_dir():
        return [Output(given, option, suffixes)]
    return [Output(given / _named_as(source, suffixes), option, suffixes) for source in sources]


def check(outputs: Iterable[Output | None], *, inputs: Iterable[Path], overwrite: bool) -> None:
    """Check before long work that all outputs can be written.

    A missing folder is fine if its own folder is there; :class:`Staging` makes it.

    Raises
    ------
    InputError
        For the first output that has another ending, is one of the inputs or another output too, exists and may not be
        replaced, or is in a folder that can't be written.
    """
    taken = {_identity(path): "an input" for path in inputs}
    for output in outputs:
        if output is None:
            continue
        key = _identity(output.path)
        if key in taken:
            raise InputError(f"{output.path} ({output.option}): is also {taken[key]}; give it another name or folder.")
        taken[key] = f"the file for another {output.option}" if output.option == "-o" else f"written for {output.option}"
        folder = output.path.parent
        if not folder.exists() and folder.parent.is_dir():
            check_output(folder / output.path.name if folder.is_symlink() else folder)
            if not output.path.name.lower().endswith(output.suffixes):
                check_output(output.path, suffixes=output.suffixes)
        else:
            check_output(output.path, overwrite=overwrite, suffixes=output.suffixes)


class Staging:
    """Write several files, none of which gets its name before all are complete.

    Parameters
    ----------
    overwrite : bool
        Whether existing files may be replaced.

    Examples
    --------
    ::

        with Staging(overwrite=False) as staging:
            alignment.save(staging.path(Path("r.json")))
            aligned.write(staging.path(Path("b_on_a.mrc")))
    """

    def __init__(self, *, overwrite: bool) -> None:
        self._overwrite = overwrite
        self._staged: dict[Path, Path] = {}
        self._folders: list[Path] = []

    def path(self, target: Path) -> Path:
        """Return where to write what shall become `target`: a hidden name in the same folder, with the same ending."""
        folder = target.parent
        if not folder.exists():
            folder.mkdir()
            self._folders.append(folder)
        ending = Path(target.stem).suffix + target.suffix if target.suffix.lower() in (".gz", ".bz2") else target.suffix
        temporary = target.with_name(f".botalign-{secrets.token_hex(6)}{ending}")
        self._staged[target] = temporary
        return temporary

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        published: list[Path] = []
        complete = False
        try:
            if isinstance(error, InputError):
                raise InputError(self._renamed(str(error))) from error
            if error is None:
                for target, temporary in self._staged.items():
                    with output_file(target, overwrite=self._overwrite) as place_holder:
                        temporary.replace(place_holder)
                    published.append(target)
                complete = True
        finally:
            # What was replaced by --overwrite can't be brought back, and is whole.
            unwanted = list(self._staged.values()) + ([] if complete or self._overwrite else published)
            for path in unwanted:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            for folder in [] if complete else self._folders[::-1]:
                with suppress(OSError):
                    folder.rmdir()

    def _renamed(self, message: str) -> str:
        """Name the files as the user does."""
        for target, temporary in self._staged.items():
            message = message.replace(str(temporary), str(target))
        return message


def _named_as(source: Path, suffixes: tuple[str, ...]) -> str:
    """Name a file after a map, its ending kept if it is among the suffixes."""
    name = source.name
    if name.lower().endswith(suffixes):
        return name
    for known in sorted(MAPS, key=len, reverse=True):
        if name.lower().endswith(known):
            return name[: -len(known)] + suffixes[0]
    return source.stem + suffixes[0]


def _identity(path: Path) -> Path:
    return path.resolve()
