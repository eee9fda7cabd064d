"""The index of a library of maps: their signatures, in a file.

The file is a NumPy archive (``.npz``, without pickled objects) with these arrays:

==============  ========================  ==========================================================================
name            shape                     content
==============  ========================  ==========================================================================
``format``      ()                        ``"botalign-map-index"``
``version``     ()                        version of the format, 1
``scheme``      ()                        version of the signatures; those of other versions are computed again
``paths``       (n,)                      files, relative to the folder of the index
``states``      (n, 2)                    sizes in bytes and modification times in nanoseconds
``numbers``     (n, 2)                    radius of gyration in angstrom, contrast
``norms``       (n, shells, degrees)      norms of the degrees on the shells
``warnings``    (n,)                      warnings about the files, without their names, one a line
==============  ========================  ==========================================================================
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from botalign.arguments import expect_path
from botalign.errors import InputError
from botalign.files import cannot_be_read, check_output, output_file
from botalign.ranking.items import file_state
from botalign.ranking.signature import DEGREES, SCHEME, SHELLS, Described, from_numbers, to_numbers

FORMAT, VERSION, EXTENSION = "botalign-map-index", 1, ".npz"
NAMES = {"format", "version", "scheme", "paths", "states", "numbers", "norms", "warnings"}


class MapIndex:
    """The signatures of the maps of a library and the warnings about them, by their files.

    Parameters
    ----------
    path : path-like
        File of the index. It is read if it exists.

    Raises
    ------
    InputError
        If the extension is not ``.npz``, or the file is not an index, damaged, or of a newer version.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        expect_path(path, "index")
        self.path = Path(path)
        self._folder = self.path.parent.resolve()
        self._entries: dict[str, tuple[tuple[int, int], Described]] = {}
        if self.path.suffix.lower() != EXTENSION:
            raise InputError(f"{self.path}: unknown extension; an index has {EXTENSION}.")
        if self.path.exists():
            self._read()

    @classmethod
    def for_files(cls, path: str | os.PathLike[str], files: Iterable[str | os.PathLike[str]]) -> MapIndex:
        """Return an index, checked before a long computation: it can be read, and written if it lacks one of the files.

        Raises
        ------
        InputError
            As the constructor, and if signatures must be added, but the file cannot be written.
        """
        index = cls(path)
        if any(index.get(each) is None for each in files):
            check_output(index.path, overwrite=True)
        return index

    def __len__(self) -> int:
        """Return the number of maps."""
        return len(self._entries)

    def get(self, path: str | os.PathLike[str]) -> Described | None:
        """Return what is known of a file; None if nothing is, or the size or modification time has changed."""
        state, known = self._entries.get(self._key(path), (None, None))
        return known if state == file_state(Path(path)) else None

    def add(self, described: Mapping[Path, tuple[tuple[int, int], Described]]) -> None:
        """Add maps, each with the state that the file had before it was read, and write the file.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        if not described:
            return
        self._entries |= {self._key(path): entry for path, entry in described.items()}
        states, found = zip(*self._entries.values(), strict=True)
        numbers, norms = to_numbers([each.signature for each in found])
        with output_file(self.path, overwrite=True) as temporary, temporary.open("wb") as file:
            np.savez(
                file, format=np.array(FORMAT), version=np.array(VERSION), scheme=np.array(SCHEME),
                paths=np.array(list(self._entries)), states=np.array(states, dtype=np.int64),
                numbers=numbers, norms=norms, warnings=np.array(["\n".join(each.warnings) for each in found]),
            )  # fmt: skip

    def _key(self, path: str | os.PathLike[str]) -> str:
        file = Path(path).resolve()
        try:
            return Path(os.path.relpath(file, self._folder)).as_posix()
        except ValueError:  # on another drive of Windows
            return file.as_posix()

    def _read(self) -> None:
        content = self._content()
        version = None if content is None else _whole_number(content.get("version"))
        if content is None or version is None or not _is_text(content.get("format"), FORMAT):
            raise self._not_an_index()
        if version > VERSION:
            raise InputError(
                f"{self.path}: got version {version} of the format, expected at most {VERSION}; update BOTalign, or "
                "give another file."
            )
        scheme = _whole_number(content.get("scheme"))
        if scheme is None:
            raise self._not_an_index()
        if scheme != SCHEME:
            return
        if not content.keys() >= NAMES:
            raise self._not_an_index()
        arrays = [content[name] for name in ("paths", "states", "numbers", "norms", "warnings")]
        names, states, numbers, norms, warnings = arrays
        count = names.size
        shapes = [(count,), (count, 2), (count, 2), (count, SHELLS, DEGREES), (count,)]
        if [each.dtype.kind for each in arrays] != list("UiffU") or [each.shape for each in arrays] != shapes:
            raise self._not_an_index()
        known = ((size, time) for size, time in states.tolist())
        lines = (tuple(each.splitlines()) for each in warnings.tolist())
        described = map(Described, from_numbers(numbers, norms), lines)
        self._entries = dict(zip(names.tolist(), zip(known, described, strict=True), strict=True))

    def _content(self) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays in the file; None if it is not an archive of arrays."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise cannot_be_read(self.path, error, "an index of maps") from None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return {name: arrays[name] for name in NAMES.intersection(arrays.files)}
        except MemoryError:
            raise
        except Exception:  # a damaged archive can raise almost any error
            return None

    def _not_an_index(self) -> InputError:
        return InputError(f"{self.path}: not an index of maps; give another file, or remove it.")


def _whole_number(value: NDArray[np.generic] | None) -> int | None:
    """Return the number in an array without dimensions; None if it does not hold one."""
    return None if value is None or value.ndim or value.dtype.kind not in "iu" else int(value)


def _is_text(value: NDArray[np.generic] | None, text: str) -> bool:
    return value is not None and value.ndim == 0 and value.dtype.kind == "U" and str(value) == text
