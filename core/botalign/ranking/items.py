"""The models or maps of a ranking, read when they are needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botalign.arguments import expect_several, kind_of
from botalign.errors import InputError, Setting
from botalign.maps import EXTENSIONS, DensityMap, read
from botalign.models import Model, content_identity, holds_model, read_model

Given = DensityMap | Model | str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Item:
    """A model or a map.

    Attributes
    ----------
    name : str
        Its name, or the path of its file as given.
    given : DensityMap, Model or Path
        The map or model itself, or its file.
    is_model : bool
        Whether it is an atomic model.
    chains : tuple of str or None
        The chains of the model to read from its file; None for all.
    """

    name: str
    given: DensityMap | Model | Path
    is_model: bool
    chains: tuple[str, ...] | None = None

    @classmethod
    def of(cls, given: Given) -> Item:
        """Return the item for an argument.

        Raises
        ------
        InputError
            If it is neither a map, nor a model, nor a path.
        """
        if isinstance(given, DensityMap | Model):
            return cls(given.name, given, isinstance(given, Model))
        if not isinstance(given, str | os.PathLike):
            raise InputError(
                Setting("others"), f": got {kind_of(given)}, expected maps, atomic models, or their files."
            )
        return cls(os.fspath(given), Path(given), holds_model(given))

    @property
    def file(self) -> Path | None:
        """Its file; None if it was given in memory."""
        return self.given if isinstance(self.given, Path) else None

    @property
    def is_map(self) -> bool:
        """Whether it is a map, by the extension if it is a file."""
        return isinstance(self.given, DensityMap) or (not self.is_model and self.name.lower().endswith(EXTENSIONS))

    def without_name(self, message: str) -> str:
        """Return a message about it without its name, with which most messages start."""
        names = [self.name] if self.file is None else [self.name, str(self.file), self.file.name]
        starts = (f"{name}: " for name in names if message.startswith(f"{name}: "))
        return message.removeprefix(next(starts, ""))

    def load(self) -> DensityMap | Model:
        """Return the model or map, read if it is a file.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        if not isinstance(self.given, Path):
            return self.given
        return read_model(self.given, chains=self.chains) if self.is_model else read(self.given)

    def identity(self) -> list[Any]:
        """Return a JSON-compatible value that changes with the item; for a file: path, size and modification time.

        The contents of files are not read: for a large library, that would take hours.
        """
        if isinstance(self.given, Path):
            return [str(self.given.resolve()), *file_state(self.given)]
        return content_identity(self.given)


def _checked_chains(chains: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the names of chains; None for all."""
    if chains is None:
        return None
    names = tuple(chains.split(",") if isinstance(chains, str) else expect_several(chains, "chains", "names of chains"))
    if not names or not all(isinstance(each, str) and each.strip() for each in names):
        given = ",".join(names) if all(isinstance(each, str) for each in names) else chains
        raise InputError(Setting("chains"), f": got {given!r}, expected names of chains, such as 'A,B'.")
    return tuple(each.strip() for each in names)


def file_state(path: Path) -> tuple[int, int]:
    """Return the size and the modification time (in nanoseconds) of a file; -1 for both if it does not exist."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def checked_items(others: Sequence[Given], chains: str | Sequence[str] | None = None) -> list[Item]:
    """Return the items of a ranking.

    Raises
    ------
    InputError
        If there are none, both models and maps are among them, a file is given twice, or chains are given, but there is
        a map or a model that is not read from a file.
    """
    if isinstance(others, str | os.PathLike | DensityMap | Model):
        others = [others]
    items = [Item.of(each) for each in expect_several(others, "others", "maps, of atomic models, or of their files")]
    if not items:
        raise InputError(Setting("others"), ": got none, expected at least one map or atomic model.")
    seen: set[Path] = set()
    for item in items:
        if isinstance(item.given, Path):
            file = item.given.resolve()
            if file in seen:
                raise InputError(f"{item.name}: given twice; give each file once.")
            seen.add(file)
    models = [each for each in items if each.is_model]
    maps = [each for each in items if each.is_map]
    if models and maps:
        raise InputError(
            f"{models[0].name} is an atomic model, and {maps[0].name} a map; rank models and maps in separate runs."
        )
    # A file that is neither is read like the others, and reported as unreadable.
    given = _checked_chains(chains)
    if given is not None and (not models or any(each.file is None for each in items)):
        which = "files of atomic models" if not models else "files; use read_model(path, chains=...) for a single model"
        raise InputError(Setting("chains"), f" has no effect, because it is for {which}; omit it.")
    return [replace(each, is_model=bool(models), chains=given) for each in items]
