"""``botalign classify --select``: the particles of chosen classes as a list."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import botalign
from botalign.cli import outputs
from botalign.errors import InputError, Setting, counted

_RANGE = re.compile(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*")


def class_numbers(text: str) -> list[int]:
    """Return the numbers in a text such as ``1,3-7``.

    Raises
    ------
    InputError
        If the text is something else.
    """
    matches = [_RANGE.fullmatch(part) for part in text.split(",")]
    ranges = [(int(match[1]), int(match[2] or match[1])) for match in matches if match is not None]
    if len(ranges) < len(matches) or any(first > last for first, last in ranges):
        raise InputError(Setting("select"), f": got {text!r}, expected class numbers, as in 1,3-7.")
    return sorted({number for first, last in ranges for number in range(first, last + 1)})


def select_classes(source: Path, text: str, target: Path, *, overwrite: bool, quiet: bool) -> None:
    """Write the particles of some classes of a classified list.

    Raises
    ------
    InputError
        If the list has no classes or not these, or the new list cannot be written.
    """
    wanted = class_numbers(text)
    listed = botalign.read_particles(source)
    outputs.check([outputs.Output(target, "-o", (listed.extension,))], inputs=[source], overwrite=overwrite)
    numbers = listed.class_numbers
    if numbers is None:
        raise InputError(f"{source}: no classes in this list; give the list that `botalign classify` wrote.")
    unknown = sorted(set(wanted) - set(numbers.tolist()))
    if unknown:
        of = f"class{'es' * (len(unknown) > 1)} {', '.join(map(str, unknown[:10]))}"
        expected = f"expected numbers from {numbers.min()} to {numbers.max()}"
        raise InputError(Setting("select"), f": no particle in {of}, {expected}.")
    keep = np.isin(numbers, wanted)
    listed.selected(keep).write(target, overwrite=overwrite)
    if not quiet:
        of = f"{counted(int(keep.sum()), 'particle')} of {len(keep)}"
        print(f"selected     {of}, in {counted(len(wanted), 'class', 'classes')}\nwritten      {target}")
