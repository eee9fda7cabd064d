"""Several output files that appear together or not at all."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from botalign.errors import InputError, Message
from botalign.files import output_file

if TYPE_CHECKING:
    from botalign import Model


class Staging:
    """Write several files under temporary names, and rename them when all are complete.

    Parameters
    ----------
    overwrite : bool
        Whether existing files may be overwritten.
    written : list of Path, optional
        List to which the files are added when they have their final names.

    Raises
    ------
    InputError
        On leaving, if a file cannot be renamed. In errors from inside, temporary names are replaced by final names.

    Examples
    --------
    ::

        with Staging(overwrite=False) as staging:
            alignment.write(staging.path(Path("r.json")))
            with staging.file(Path("figure.png")) as temporary:
                figure.savefig(temporary)
    """

    def __init__(self, *, overwrite: bool, written: list[Path] | None = None) -> None:
        self._overwrite = overwrite
        self._written = [] if written is None else written
        self._temporary: dict[Path, Path] = {}
        self._folders: list[Path] = []

    def path(self, target: Path) -> Path:
        """Return the temporary name under which to write `target`: in the same folder, with the same extension.

        The folder is created if it is missing.
        """
        folder = target.parent
        if not folder.exists():
            folder.mkdir()
            self._folders.append(folder)
        packed = target.suffix.lower() in (".gz", ".bz2")
        extension = Path(target.stem).suffix + target.suffix if packed else target.suffix
        # In the folder of the file that a link points to, which may be on another file system.
        final = target.resolve() if self._overwrite else target
        self._temporary[target] = final.with_name(f".botalign-{secrets.token_hex(6)}{extension}")
        return self._temporary[target]

    @contextmanager
    def file(self, target: Path) -> Iterator[Path]:
        """Yield the temporary name under which to write `target`; report an error like those of maps and results."""
        with output_file(self.path(target)) as temporary:
            yield temporary

    def write_model(self, model: Model, target: Path) -> None:
        """Write an atomic model; a warning gives the final name of the file, too."""
        temporary = self.path(target)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.write(temporary)
        for each in caught:
            parts = each.message.parts if isinstance(each.message, Message) else (str(each.message),)
            named = (target if part == temporary else part for part in parts)
            warnings.warn(each.category(*named), stacklevel=2)

    def __enter__(self) -> Staging:
        """Return the object."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Rename the files, or remove all of them after an error."""
        published: list[Path] = []
        complete = False
        try:
            if isinstance(error, InputError):
                final = {temporary: target for target, temporary in self._temporary.items()}
                parts = (final.get(part, part) if isinstance(part, Path) else part for part in error.parts)
                raise InputError(*parts) from error
            if error is None:
                for target, written in self._temporary.items():
                    with output_file(target, overwrite=self._overwrite) as temporary:
                        written.replace(temporary)
                    published.append(target)
                complete = True
        finally:
            # After an error, files that --overwrite has replaced stay: the old ones are gone, the new ones complete.
            keep = complete or self._overwrite
            if keep:
                self._written += published
            for path in [*self._temporary.values(), *([] if keep else published)]:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            for folder in [] if complete else reversed(self._folders):
                with suppress(OSError):
                    folder.rmdir()
