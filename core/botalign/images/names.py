"""Names of images in lists, and the files that they refer to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from botalign.arrays import Counts
from botalign.errors import InputError, counted
from botalign.maps.reading import split_content

_NUMBERED = re.compile(r"\s*(\d+)@(.+)", re.DOTALL)
#: Instead of the number of an image of a file that is listed without one.
NO_NUMBER = -2  # 0@FILE, which is wrong, has the number -1


@dataclass(frozen=True, eq=False)
class ImageNames:
    """The file and the number of each image of a list.

    Attributes
    ----------
    files : tuple of str
        Files, each once, in the order of their first images.
    file_of : ndarray of int64, shape (n,)
        Index of the file of each image.
    number_of : ndarray of int64, shape (n,)
        Number of each image in its file, from 0; `NO_NUMBER` if the list gives a file without a number.
    """

    files: tuple[str, ...]
    file_of: Counts
    number_of: Counts

    @classmethod
    def of(cls, names: Sequence[str]) -> ImageNames:
        """Return the names in the format of RELION: ``NUMBER@FILE``, with numbers from 1, or ``FILE``.

        The number ends at the first ``@``, because the name of a folder may have one.
        """
        matches = [_NUMBERED.match(name) for name in names]
        files = [name if match is None else match[2] for name, match in zip(names, matches, strict=True)]
        numbers = [NO_NUMBER if match is None else min(int(match[1]), 2**62) - 1 for match in matches]
        return cls.of_pairs(files, np.array(numbers, dtype=np.int64))

    @classmethod
    def of_pairs(cls, files: Sequence[str], numbers: Counts) -> ImageNames:
        """Return the names given by the file and the number of each image."""
        index: dict[str, int] = {}
        file_of = np.array([index.setdefault(file, len(index)) for file in files], dtype=np.int64)
        return cls(tuple(index), file_of, numbers)

    def first(self, file: int) -> int:
        """Return the position of the first image of a file in the list, from 1."""
        return int(np.argmax(self.file_of == file)) + 1


def located(listed: Path, names: ImageNames) -> list[Path]:
    """Return the path of each file: relative to the current folder, as in RELION, to the list, or to a folder above it.

    Raises
    ------
    InputError
        If files are missing; the message names all of them.
    """
    folders = [Path(), *listed.resolve().parents]
    found = [_found(folders, file) for file in names.files]
    missing = [names.files[i] for i, path in enumerate(found) if path is None]
    if missing:
        number = names.first(names.files.index(missing[0]))
        of = f" of {len(found)}" if len(found) > 1 else ""
        hint = ", or correct the name, which should be NUMBER@STACK" if missing[0].partition("@")[1] else ""
        raise InputError(
            f"{listed}: {counted(len(missing), 'stack')}{of} {'does' if len(missing) == 1 else 'do'} not exist: "
            f"{', '.join(missing)} (first at image {number}); run the command from the folder to "
            f"which the paths in the list are relative{hint}."
        )
    return [path for path in found if path is not None]


def _found(folders: Sequence[Path], file: str) -> Path | None:
    with suppress(OSError):  # a name that is too long
        for folder in folders:
            path = split_content(folder / file)[0]
            if Path(path).is_file():
                return Path(path)
    return None
