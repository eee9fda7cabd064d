"""The parts of ``botalign assemble`` as they are typed: a file, some chains of it, and the number of copies."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import botalign
from botalign.cli import inputs
from botalign.complexes.assembly_inputs import MOST_COPIES
from botalign.errors import InputError
from botalign.models import MODEL_EXTENSIONS

_COPIES = re.compile(r"(?P<path>.+)@(?P<count>[^@/\\]*)")
_CHAINS = re.compile(r"(?P<path>.+):(?P<chains>[^:/\\]*)")


@dataclass(frozen=True)
class PartArgument:
    """A part that was typed: ``FILE``, ``FILE:A,B`` for some chains of a model, ``FILE@N`` for N copies.

    Attributes
    ----------
    path : Path
        Its file.
    count : int
        Its number of copies in the complex.
    chains : tuple of str or None
        Its chains; None for all.
    """

    path: Path
    count: int
    chains: tuple[str, ...] | None = None

    @classmethod
    def parsed(cls, text: str) -> PartArgument:
        """Return what was typed; a file whose name contains an @ or a colon is taken as it is.

        Raises
        ------
        InputError
            If what follows the last @ is not a number of copies, or no chain follows the colon.
        """
        found = None if Path(text).exists() else _COPIES.fullmatch(text)
        if found is None:
            return cls._with_chains(text, 1)
        copies = found["count"]
        if not (copies.isdecimal() and len(copies) < 9 and 1 <= int(copies) <= MOST_COPIES):
            raise InputError(
                f"{found['path']}: got {copies!r} after the @, expected the number of copies, from 1 to "
                f"{MOST_COPIES}, such as @2."
            )
        return cls._with_chains(found["path"], int(copies))

    @classmethod
    def _with_chains(cls, text: str, count: int) -> PartArgument:
        found = _CHAINS.fullmatch(text)
        if found is None or Path(text).exists() or not found["path"].lower().endswith(MODEL_EXTENSIONS):
            return cls(Path(text), count)
        chains = tuple(name.strip() for name in found["chains"].split(","))
        if not all(chains):
            raise InputError(
                f"{found['path']}: got {found['chains']!r} after the colon, expected names of chains, such as :A,B."
            )
        return cls(Path(found["path"]), count, chains)

    @property
    def name(self) -> str:
        """The file with the chains, as it is typed."""
        return str(self.path) if self.chains is None else f"{self.path}:{','.join(self.chains)}"

    def uses(self, chain: str) -> bool:
        """Whether a chain of its file belongs to it."""
        return self.chains is None or chain in self.chains

    def check(self) -> None:
        """Check that it can be read; of a map, only the header.

        Raises
        ------
        InputError
            If it cannot be read, or has no such chain.
        """
        inputs.check(self.path, self.chains)

    def load(self) -> botalign.DensityMap | botalign.Model:
        """Return the map or the model, with a name that distinguishes it from other chains of the same file."""
        loaded = inputs.load(self.path, self.chains)
        return loaded if self.chains is None else replace(loaded, name=self.name)


def parsed_parts(texts: Sequence[str]) -> list[PartArgument]:
    """Return the parts that were typed.

    Raises
    ------
    InputError
        If a part is given twice, or the text after an @ or a colon cannot be used.
    """
    parts = [PartArgument.parsed(text) for text in texts]
    for each in parts:
        same = [other.count for other in parts if _key(other) == _key(each)]
        if len(same) > 1:
            copies = sum(same)
            raise InputError(
                f"{each.name}: given {len(same)} times; for {copies} copies of it, write {each.name}@{copies}."
            )
    return parts


def check_parts(parts: Sequence[PartArgument]) -> None:
    """Check that all parts can be read, and that no chain of a file is in two of them.

    Raises
    ------
    InputError
        If a file cannot be read or lacks a chain, or a chain is given twice.
    """
    for each in parts:
        each.check()
    for first, second in itertools.combinations(parts, 2):
        if first.path.resolve() != second.path.resolve():
            continue
        named = [*(first.chains or ()), *(second.chains or ())]
        chain = next((name for name in named if first.uses(name) and second.uses(name)), None)
        if chain is not None:
            raise InputError(
                f"{second.name}: chain {chain} is also in {first.name}; give each chain in one part only, and several "
                f"copies of it as {first.path}:{chain}@2."
            )


def _key(part: PartArgument) -> tuple[Path, frozenset[str] | None]:
    return part.path.resolve(), None if part.chains is None else frozenset(part.chains)
