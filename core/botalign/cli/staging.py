"""Several output files that appear together or not at all."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from botalign.errors import InputError
from botalign.files import output_file


class Staging:
    """Write several files, none of which gets its name before all are complete.

    Parameters
    ----------
    overwrite : bool
        Whether existing files may be replaced.
    written : list of Path, optional
        Where to note the files that have got their names and keep them.

    Raises
    ------
    InputError
        On leaving, if a file can't get its name. Messages from inside that name a hidden file are put right.

    Examples
    --------
    ::

        with Staging(overwrite=False) as staging:
            alignment.save(staging.path(Path("r.json")))
            aligned.write(staging.path(Path("b_on_a.mrc")))
    """

    def __init__(self, *, overwrite: bool, written: list[Path] | None = None) -> None:
        self._overwrite = overwrite
        self._written = [] if written is None else written
        self._hidden: dict[Path, Path] = {}
        self._folders: list[Path] = []

    def path(self, target: Path) -> Path:
        """Return where to write what shall become `target`: a hidden name beside it, with the same ending.

        The folder is made if it is missing.
        """
        folder = target.parent
        if not folder.exists():
            folder.mkdir()
            self._folders.append(folder)
        packed = target.suffix.lower() in (".gz", ".bz2")
        ending = Path(target.stem).suffix + target.suffix if packed else target.suffix
        # Beside the file that a link points to, which may lie on another file system.
        place = target.resolve() if self._overwrite else target
        self._hidden[target] = place.with_name(f".botalign-{secrets.token_hex(6)}{ending}")
        return self._hidden[target]

    def __enter__(self) -> Staging:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the files their names, or take all away after an error."""
        published: list[Path] = []
        complete = False
        try:
            if isinstance(error, InputError):
                raise InputError(self._as_the_user_named_them(str(error))) from error
            if error is None:
                for target, hidden in self._hidden.items():
                    with output_file(target, overwrite=self._overwrite) as temporary:
                        hidden.replace(temporary)
                    published.append(target)
                complete = True
        finally:
            # A file that --overwrite has replaced by then stays: the old one is gone, and the new one is whole.
            keep = complete or self._overwrite
            if keep:
                self._written += published
            for path in [*self._hidden.values(), *([] if keep else published)]:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            for folder in [] if complete else reversed(self._folders):
                with suppress(OSError):
                    folder.rmdir()

    def _as_the_user_named_them(self, message: str) -> str:
        for target, hidden in self._hidden.items():
            message = message.replace(str(hidden), str(target))
        return message
