"""Results of blocks, kept in a folder until all are there: what was done when the work was stopped isn't done again."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.jobs.locks import Lock, lock_of

Arrays = dict[str, NDArray[Any]]

_DESCRIPTION = "work.json"
_TEMPORARY, _LOCK, _BLOCK = ".botalign-", ".botalign-lock", ".npz"


class BlockStore:
    """A folder with one file a block.

    A file appears when its block is complete, under its own name, whatever moment the work is killed at. Only one
    program at a time works in a folder, until it closes the store or ends.

    Parameters
    ----------
    folder : path-like
        The folder; made if it isn't there, with the folders above it.
    description : mapping
        What the work depends on: inputs and options, as JSON can hold them. It must hold all that changes a result, and
        nothing that doesn't, such as the number of workers.

    Raises
    ------
    InputError
        If the folder holds other work, or something else, another program works in it, or it can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str], description: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        text = json.dumps(description, sort_keys=True, indent=1)
        place = self.folder / _DESCRIPTION
        try:
            self._refuse_others(place, json.loads(text))  # before anything is written
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock: Lock | None = lock_of(self.folder / _LOCK)
            if self._lock is None:
                raise InputError(
                    f"{self.folder}: another run is at work here, expected none; wait for its end, or write elsewhere."
                )
            self._refuse_others(place, json.loads(text))  # it may have begun meanwhile
            if not place.exists():
                self._write(place, text.encode())
            if self._lock.fresh:
                for left in self.folder.glob(f"{_TEMPORARY}*"):  # of a run that was killed while it wrote
                    if left.name != _LOCK:
                        left.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def __enter__(self) -> BlockStore:
        """Hand out the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let others work in the folder."""
        self._lock = None

    def get(self, key: str) -> Arrays | None:
        """Return the arrays of a block, or None if it isn't done."""
        try:
            # numpy leaves a file open that it can't read, unless it was opened here.
            with self._place(key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (FileNotFoundError, EOFError, ValueError, zipfile.BadZipFile):
            return None  # not done, or cut off when the machine went down: to be done again

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays of a block.

        Raises
        ------
        InputError
            If the disk is full or the folder can't be written any more.
        """
        temporary = self.folder / f"{_TEMPORARY}{secrets.token_hex(6)}{_BLOCK}"
        try:
            with temporary.open("xb") as file:
                # mypy: numpy's stub takes every keyword for `allow_pickle`.
                np.savez(file, **arrays)  # type: ignore[arg-type]
            temporary.replace(self._place(key))
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder and all that it holds, and only then let go of it."""
        if sys.platform == "win32":
            self._lock = None  # a file that is open can't be removed there
        remove_work(self.folder)
        self._lock = None

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}{_BLOCK}"

    def _write(self, place: Path, content: bytes) -> None:
        temporary = place.with_name(f"{_TEMPORARY}{secrets.token_hex(6)}")
        temporary.write_bytes(content)
        temporary.replace(place)

    def _refuse_others(self, place: Path, wanted: dict[str, Any]) -> None:
        if not self.folder.is_dir() or all(each.name.startswith(_TEMPORARY) for each in self.folder.iterdir()):
            return  # nothing there, or of a run that was killed before it had written what it is about
        try:
            found = json.loads(place.read_text())
        except (OSError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise InputError(
                f"{self.folder}: found something else, expected no folder or one with unfinished work; give another."
            )
        differing = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        if differing:
            what = ", ".join(differing).replace("_", " ")
            raise InputError(
                f"{self.folder}: holds unfinished work with other {what}; repeat what began it to go on, or remove the "
                "folder."
            )

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.folder}: can't be used for unfinished work ({error.strerror or error}); free some space or write "
            "elsewhere."
        )


def remove_work(folder: Path) -> None:
    """Remove a folder of unfinished work with all that it holds; what isn't one stays."""
    if (folder / _DESCRIPTION).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def block_names(folder: Path) -> list[str]:
    """Return the names of the blocks that are stored in a folder."""
    return [path.stem for path in folder.glob(f"[!.]*{_BLOCK}")]
