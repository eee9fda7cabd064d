"""Several output files that appear together or not at all."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from botalign.errors import InputError, Setting
from botalign.files import output_file


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
            aligned.write(staging.path(Path("b_on_a.mrc")))
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
                raise InputError(*map(self._with_final_names, error.parts)) from error
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

    def _with_final_names(self, part: str | Setting) -> str | Setting:
        if isinstance(part, str):
            for target, temporary in self._temporary.items():
                part = part.replace(str(temporary), str(target))
        return part
