"""The work folder: results of blocks, kept until the work is complete, so that it can be resumed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.jobs.differences import differences
from botalign.jobs.locks import Lock, lock_file

Arrays = dict[str, NDArray[Any]]

_DESCRIPTION = "work.json"
_TEMPORARY, _LOCK, _BLOCK = ".botalign-", ".botalign-lock", ".npz"


class BlockStore:
    """A folder with one file for each block.

    A file is renamed to its final name when its block is complete, so a program that is killed leaves no incomplete
    block. Only one program at a time can use a folder, until it closes the store or ends.

    Parameters
    ----------
    folder : path-like
        Work folder. It is created if it does not exist, with its parents.
    description : mapping
        Inputs and options that the results depend on, as JSON-compatible values: ``"options"`` by their names, and an
        input as a list that begins with its name. It must not contain what the results do not depend on, such as the
        number of workers.

    Raises
    ------
    InputError
        If the folder holds other work or other files, another program uses it, or it cannot be written.
    """

    def __init__(self, folder: str | os.PathLike[str], description: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        text = json.dumps(description, sort_keys=True, indent=1)
        path = self.folder / _DESCRIPTION
        try:
            self._refuse_other_work(path, json.loads(text))  # before anything is written
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock: Lock | None = lock_file(self.folder / _LOCK)
            if self._lock is None:
                raise InputError(f"{self.folder}: another run uses this work folder; wait for it, or write elsewhere.")
            self._refuse_other_work(path, json.loads(text))  # another run may have started in the meantime
            if not path.exists():
                self._write(path, text.encode())
            if self._lock.is_first:
                for leftover in self.folder.glob(f"{_TEMPORARY}*"):  # of a run that was killed while writing
                    if leftover.name != _LOCK:
                        leftover.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def __enter__(self) -> BlockStore:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the folder for other programs."""
        self._lock = None

    def get(self, key: str) -> Arrays | None:
        """Return the arrays of a block, or None if it is not complete."""
        return read_block(self.folder, key)

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store the arrays of a block.

        Raises
        ------
        InputError
            If the disk is full or the folder cannot be written.
        """
        temporary = self.folder / f"{_TEMPORARY}{secrets.token_hex(6)}{_BLOCK}"
        try:
            with temporary.open("xb") as file:
                # The stub of numpy treats every keyword as `allow_pickle`.
                np.savez(file, **arrays)  # type: ignore[arg-type]
            temporary.replace(_path(self.folder, key))
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder and its content, then release it."""
        if sys.platform == "win32":
            self._lock = None  # Windows cannot remove an open file
        remove_work(self.folder)
        self._lock = None

    def _write(self, path: Path, content: bytes) -> None:
        temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(6)}")
        temporary.write_bytes(content)
        temporary.replace(path)

    def _refuse_other_work(self, path: Path, description: dict[str, Any]) -> None:
        if not self.folder.is_dir() or all(each.name.startswith(_TEMPORARY) for each in self.folder.iterdir()):
            return  # no work, or a run that was killed before it wrote its description
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self.folder}: not a BOTalign work folder; give another folder, or a new one.")
        if found != description:
            raise InputError(
                f"{self.folder}: the unfinished work in this folder differs from this run (",
                *differences(found, description),
                "); repeat the command that started it to resume it, or remove the folder.",
            )

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.folder}: it cannot be used as a work folder ({error.strerror or error}); free some space or write "
            "elsewhere."
        )


def opened_store(
    store: BlockStore | None, work: str | os.PathLike[str] | None, describe: Callable[[], Mapping[str, Any]]
) -> AbstractContextManager[BlockStore | None]:
    """Return a context with the store of a run: that in its work folder, otherwise the one that is open already.

    Parameters
    ----------
    store : BlockStore or None
        Open store, which stays open. It is ignored if there is a work folder.
    work : path-like or None
        Work folder. It is created, or resumed if it exists.
    describe : callable
        Returns the description of the work; called only if there is a work folder.

    Raises
    ------
    InputError
        As :class:`BlockStore`.
    """
    return nullcontext(store) if work is None else BlockStore(work, describe())


def remove_work(folder: Path) -> None:
    """Remove a work folder and its content; do nothing if it is not a work folder."""
    if (folder / _DESCRIPTION).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def read_block(folder: Path, key: str) -> Arrays | None:
    """Return the arrays of a block that is stored in a folder, or None if it is not complete."""
    try:
        # numpy does not close a file that it opened itself if it cannot read it.
        with _path(folder, key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (FileNotFoundError, EOFError, ValueError, zipfile.BadZipFile):
        return None  # missing, or cut off when the machine crashed


def block_names(folder: Path) -> list[str]:
    """Return the names of the blocks that are stored in a folder."""
    return [path.stem for path in folder.glob(f"[!.]*{_BLOCK}")]


def versions() -> dict[str, str]:
    """Return the versions that results depend on, by name, so that blocks of different versions are not mixed."""
    return {name: metadata.version(name) for name in ("botalign", "numpy", "scipy", "numba")}


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}{_BLOCK}"
