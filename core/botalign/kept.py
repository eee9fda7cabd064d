"""Values that are computed once and kept, as many as there is memory for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def kept(known: dict[Key, Value], key: Key, compute: Callable[[], Value], *, most: int) -> Value:
    """Return the value of a key. If it is missing, compute it, and drop the first one if there are more than `most`.

    Values are dropped in the order in which they were computed, however often they were used. Two threads may compute
    the same value. They are equal, so the result does not depend on it.
    """
    if (found := known.get(key)) is None:
        known[key] = found = compute()
        for first in list(known)[:-most]:
            known.pop(first, None)
    return found
