"""Output files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from botalign.errors import InputError, Setting

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_output(
    path: str | os.PathLike[str], *, overwrite: bool = False, suffixes: Sequence[str] | None = None
) -> Path:
    """Check, before long work begins, that a file can be written; nothing is left behind.

    Parameters
    ----------
    path : path-like
        The file to be written later.
    overwrite : bool
        Whether an existing file may be replaced.
    suffixes : sequence of str, optional
        Endings of which the name must have one, as ``.mrc``; upper and lower case are alike.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    InputError
        If the ending is another, the folder is missing or can't be written, or the file exists and may not be replaced.
    """
    path = Path(path)
    if suffixes is not None and not path.name.lower().endswith(tuple(suffixes)):
        expected = suffixes[0] if len(suffixes) == 1 else f"one of {', '.join(suffixes)}"
        raise InputError(f"{path}: unknown ending, expected {expected}; give the file such a name.")
    folder = path.parent
    try:
        _refuse_taken(path, overwrite=overwrite)
        if not folder.is_dir():
            if folder.exists():
                raise InputError(f"{path}: {folder} is not a folder, so nothing can be written in it; give another.")
            raise InputError(f"{path}: the folder {folder} does not exist; make it first or give another.")
        # A real file tells more than permission bits do: quotas, read-only and network file systems.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error
    return path


@contextmanager
def output_file(
    path: str | os.PathLike[str], *, overwrite: bool = False, suffixes: Sequence[str] | None = None
) -> Iterator[Path]:
    """Write a file beside its place and move it there when it is complete.

    A reader never sees half a file, and after an error or an interruption nothing is left. Without `overwrite`, a file
    that another program makes at `path` during the work is not replaced either.

    Parameters
    ----------
    path : path-like
        Where the file shall be.
    overwrite : bool
        Whether an existing file may be replaced.
    suffixes : sequence of str, optional
        As in :func:`check_output`.

    Yields
    ------
    Path
        The temporary file, empty, in the same folder and with the same last suffix: write this one.

    Raises
    ------
    InputError
        As :func:`check_output`, and if writing fails, because the disk is full for example.
    """
    path = check_output(path, overwrite=overwrite, suffixes=suffixes)
    target = path.resolve() if overwrite else path  # replace what a link points to, not the link
    # tempfile.mkstemp would make a file that only its owner may read.
    temporary = target.with_name(f".botalign-{secrets.token_hex(6)}{target.suffix}")
    try:
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            yield temporary
            _publish(temporary, target, overwrite=overwrite)
        except OSError as error:
            raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _publish(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Give the finished file its name, which without `overwrite` must be free at that very moment."""
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise taken(target) from None
    except OSError:
        # No hard links on this file system: take the name first, then replace one's own empty file.
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            raise taken(target) from None
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _refuse_taken(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise InputError(f"{path}: is a folder, expected the name of a file to write; add one.")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not an ordinary file, so it can't be replaced; give another name.")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise taken(path)


def taken(path: Path) -> InputError:
    """Return the error of a path that exists and may not be replaced."""
    return InputError(
        f"{path}: the file exists; choose another name, or overwrite it with ", Setting("overwrite", True), "."
    )


def _cannot_write(path: Path, error: OSError) -> InputError:
    if error.errno in _FULL:
        return InputError(f"{path}: no space left to write it ({error.strerror}); free some or write elsewhere.")
    return InputError(f"{path}: can't be written ({error.strerror or error}); check the folder or write elsewhere.")
