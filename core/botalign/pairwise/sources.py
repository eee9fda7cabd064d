"""The maps of a set, read when they are needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from botalign.errors import InputError, Setting
from botalign.files import cannot_be_read
from botalign.maps.density_map import DensityMap
from botalign.maps.reading import read
from botalign.models import content_identity

#: Bytes at the start and at the end of a file that are hashed.
HASHED_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class Source:
    """A map that is read when it is needed, because a set of maps may not fit into memory.

    Attributes
    ----------
    name : str
        Name of the map.
    given : DensityMap or Path
        The map, or its file.
    """

    name: str
    given: DensityMap | Path

    def load(self) -> DensityMap:
        """Return the map."""
        return self.given if isinstance(self.given, DensityMap) else read(self.given)

    def identity(self) -> list[Any]:
        """Return an identifier of the map, JSON-compatible, that changes if the map or its file changes.

        For a file these are its path, size, modification time, and a hash of its start and end: reading all files of a
        large set would take minutes.
        """
        if isinstance(self.given, DensityMap):
            return content_identity(self.given)
        try:
            path = self.given.resolve()
            found = path.stat()
            with path.open("rb") as file:
                digest = blake2b(file.read(HASHED_BYTES), digest_size=16)
                file.seek(max(found.st_size - HASHED_BYTES, 0))
                digest.update(file.read(HASHED_BYTES))
        except OSError as error:
            raise cannot_be_read(self.given, error, "a map") from None
        return [str(path), found.st_size, found.st_mtime_ns, digest.hexdigest()]


def sources(maps: Sequence[DensityMap | str | os.PathLike[str]]) -> list[Source]:
    """Return the maps of a set as sources.

    Raises
    ------
    InputError
        If there are fewer than two maps.
    """
    found = [
        Source(each.name, each) if isinstance(each, DensityMap) else Source(os.fspath(each), Path(each))
        for each in maps
    ]
    if len(found) < 2:
        raise InputError(Setting("maps"), f": got {len(found)}, expected at least 2.")
    return found
