"""Output files that appear complete or not at all, and text in JSON."""

from __future__ import annotations

import errno
import json
import math
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from botalign.errors import InputError, Setting

#: Extensions of a table.
TABLE_EXTENSIONS = (".csv",)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def check_output(
    path: str | os.PathLike[str], *, overwrite: bool = False, extensions: Sequence[str] | None = None
) -> Path:
    """Check, before a long computation, that a file can be written. No file is left behind.

    Parameters
    ----------
    path : path-like
        File that will be written.
    overwrite : bool
        Whether an existing file may be overwritten.
    extensions : sequence of str, optional
        Allowed extensions, such as ``.mrc``; upper and lower case are equal.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    InputError
        If the extension is unknown, the folder is missing or cannot be written, or the file exists and may not be
        overwritten.
    """
    path = Path(path)
    if extensions is not None:
        check_extension(path, extensions)
    folder = path.parent
    try:
        _refuse_existing(path, overwrite=overwrite)
        if not folder.is_dir():
            if folder.exists():
                raise InputError(path, f": {folder} is a file, expected a folder; choose another.")
            raise InputError(path, f": the folder {folder} does not exist; create it, or choose another.")
        # Permission bits do not know of quotas, read-only and network file systems; a file does.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from error
    return path


def check_extension(path: Path, extensions: Sequence[str]) -> None:
    """Raise an InputError if a file has none of the allowed extensions, in upper or lower case, or is a folder."""
    if not path.name.lower().endswith(tuple(extensions)):
        kinds, example = listed_extensions(extensions), f"{path.name}{extensions[0]}"
        if path.is_dir():
            raise InputError(
                path, f": got a folder, expected the name of a file; use {kinds}, such as {path / example}."
            )
        if not path.suffix:
            raise InputError(
                path, f": no extension, expected the name of a file; use {kinds}, such as {path.with_name(example)}."
            )
        raise InputError(path, f": unknown extension; use {listed_extensions(extensions)}.")


def listed_extensions(extensions: Sequence[str]) -> str:
    """Return extensions as a part of a sentence, those of compressed files together if all kinds have them.

    Examples
    --------
    >>> listed_extensions([".json"])
    '.json'
    >>> listed_extensions([".mrc", ".map", ".mrc.gz", ".map.gz"])
    'one of .mrc, .map (also with .gz)'
    """
    kinds = list(dict.fromkeys(each.removesuffix(".gz").removesuffix(".bz2") for each in extensions))
    packed = [suffix for suffix in (".gz", ".bz2") if all(kind + suffix in extensions for kind in kinds)]
    if len(extensions) != len(kinds) * (1 + len(packed)):
        kinds, packed = list(extensions), []
    also = f" (also with {' or '.join(packed)})" if packed else ""
    return ("one of " if len(kinds) > 1 else "") + ", ".join(kinds) + also


@contextmanager
def output_file(
    path: str | os.PathLike[str], *, overwrite: bool = False, extensions: Sequence[str] | None = None
) -> Iterator[Path]:
    """Write a file under a temporary name and rename it when it is complete.

    A reader never sees an incomplete file, and an error or an interruption leaves nothing behind. Without `overwrite`,
    a file that another program creates at `path` in the meantime is not overwritten either.

    Parameters
    ----------
    path : path-like
        File to write.
    overwrite : bool
        Whether an existing file may be overwritten.
    extensions : sequence of str, optional
        As in :func:`check_output`.

    Yields
    ------
    Path
        The temporary file to write: empty, in the same folder, with the same extension.

    Raises
    ------
    InputError
        As :func:`check_output`, and if writing fails, for example because the disk is full.
    """
    path = check_output(path, overwrite=overwrite, extensions=extensions)
    target = path.resolve() if overwrite else path  # overwrite the file that a link points to, not the link
    # A file from tempfile.mkstemp could be read by its owner only.
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
    """Rename the complete file. Without `overwrite`, the name must still be free."""
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise file_exists(target) from None
    except OSError:
        # The file system has no hard links: create an empty file of this name, then replace it.
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            raise file_exists(target) from None
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _refuse_existing(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise InputError(path, ": got a folder, expected the name of a file; add one.")
    if path.exists() and not path.is_file():
        raise InputError(path, ": not a regular file, so it cannot be overwritten; choose another name.")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise file_exists(path)


def file_exists(path: Path, advice: str = "choose another name") -> InputError:
    """Return the error for a file that exists and may not be overwritten, with advice on what to do instead."""
    return InputError(path, f": the file exists; {advice}, or overwrite it with ", Setting("overwrite", True), ".")


def no_such_file(path: str | os.PathLike[str]) -> InputError:
    """Return the error for a missing file; in ``FILE:A`` of an existing file, A is taken for a chain."""
    name = os.fspath(path)
    before, _, after = name.rpartition(":")
    if before and after and Path(before).is_file():
        return InputError(
            f"{name}: no such file; to use chain {after} of {before}, use ", Setting("chains", after), "."
        )
    return InputError(f"{name}: no such file; check the name.")


def cannot_be_read(path: str | os.PathLike[str], error: OSError, expected: str) -> InputError:
    """Return the error for a file that the system cannot read, given what it should be, such as ``a star file``."""
    name = os.fspath(path)
    if isinstance(error, FileNotFoundError):
        return no_such_file(name)
    if isinstance(error, IsADirectoryError) or Path(name).is_dir():
        return InputError(f"{name}: got a folder, expected {expected}; give a file in it.")
    if isinstance(error, PermissionError):
        return InputError(f"{name}: the file cannot be read (permission denied); change its permissions.")
    reason = error.strerror or error
    return InputError(f"{name}: the file cannot be read ({reason}), expected {expected}; check the file.")


def split_extension(name: str, extensions: Sequence[str]) -> tuple[str, str]:
    """Return a file name in two parts, the second being the longest of some extensions that it has, or empty."""
    found = max((each for each in extensions if name.lower().endswith(each)), key=len, default="")
    return name[: len(name) - len(found)], name[len(name) - len(found) :]


def json_text(content: Any) -> str:
    """Return JSON; infinite numbers, which JSON does not have, become null."""
    return json.dumps(_finite(content), indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    """Replace infinite numbers by None and numpy numbers by Python numbers, at any depth."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if type(value).__module__ == "numpy":
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cannot_write(path: Path, error: OSError) -> InputError:
    if error.errno in _FULL:
        return InputError(path, f": no space left ({error.strerror}); free some space, or choose another folder.")
    reason = error.strerror or str(error)
    return InputError(path, f": it cannot be written ({reason}); check the folder, or choose another.")
