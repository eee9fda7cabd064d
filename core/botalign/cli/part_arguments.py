"""The parts of ``botalign assemble`` as they are typed: a file, or ``FILE@N`` for N copies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botalign.errors import InputError

_COPIES = re.compile(r"(?P<path>.+)@(?P<count>[^@/\\]*)")


@dataclass(frozen=True)
class PartArgument:
    """The file of a part, and its number of copies in the complex."""

    path: Path
    count: int

    @classmethod
    def parsed(cls, text: str) -> PartArgument:
        """Return what was typed; a file whose name contains an @ is taken as it is.

        Raises
        ------
        InputError
            If what follows the last @ is not a number of copies.
        """
        found = _COPIES.fullmatch(text)
        if found is None or Path(text).exists():
            return cls(Path(text), 1)
        if not (found["count"].isdecimal() and int(found["count"]) > 0):
            raise InputError(f"{text}: got {found['count']!r} after the @, expected the number of copies, such as @2.")
        return cls(Path(found["path"]), int(found["count"]))


def parsed_parts(texts: Sequence[str]) -> list[PartArgument]:
    """Return the parts that were typed.

    Raises
    ------
    InputError
        If a file is given twice, or the text after an @ is not a number of copies.
    """
    parts = [PartArgument.parsed(text) for text in texts]
    seen: dict[Path, int] = {}
    for each in parts:
        key = each.path.resolve()
        seen[key] = seen.get(key, 0) + 1
    for each in parts:
        if (times := seen[each.path.resolve()]) > 1:
            raise InputError(
                f"{each.path}: is given {times} times; for {times} copies of it, write {each.path}@{times}."
            )
    return parts
