"""What distinguishes the work in a folder from the work to resume, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botalign.errors import Setting

#: Differences that a message lists.
_MOST = 4
#: Longer values of options, such as matrices, are not shown.
_LONGEST = 40

Clause = tuple[str | Setting, ...]


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str | Setting, ...]:
    """Return the differences of two descriptions of work as parts of a message, at least one.

    Parameters
    ----------
    earlier, now : mapping
        The descriptions, as those of :class:`botalign.jobs.BlockStore`.

    Returns
    -------
    tuple of str or Setting
        Clauses separated by commas.

    Examples
    --------
    >>> earlier = {"maps": [["a.mrc", 1], ["b.mrc", 1]], "options": {"seed": 1}}
    >>> print(*differences(earlier, {"maps": [["a.mrc", 2], ["c.mrc", 1]], "options": {"seed": 2}}), sep="")
    a.mrc has changed, c.mrc was added, b.mrc was left out, seed was 1 and is 2 now
    """
    clauses = [clause for key in sorted({*earlier, *now}) for clause in _clauses(key, earlier.get(key), now.get(key))]
    if len(clauses) > _MOST:
        clauses = [*clauses[:_MOST], (f"and {len(clauses) - _MOST} more",)]
    parts = [part for clause in clauses for part in (*clause, ", ")]
    return tuple(parts[:-1])


def _clauses(key: str, earlier: Any, now: Any) -> Iterator[Clause]:
    """Yield the differences of one item of two descriptions."""
    if earlier == now:
        return
    if isinstance(earlier, dict) and isinstance(now, dict):
        for name in sorted({*earlier, *now}):
            old, new = earlier.get(name), now.get(name)
            if old != new:
                yield (Setting(name) if key == "options" else name), _change(old, new)
    elif _is_identity(earlier) and _is_identity(now):
        yield from _changed_inputs([earlier], [now], key)
    elif _are_identities(earlier) and _are_identities(now):
        yield from _changed_inputs(earlier, now, key)
    else:
        yield (f"other {key.replace('_', ' ')}",)


def _change(old: Any, new: Any) -> str:
    shown = [_shown(each) for each in (old, new)]
    return " has changed" if max(map(len, shown)) > _LONGEST else f" was {shown[0]} and is {shown[1]} now"


def _shown(value: Any) -> str:
    """Return the value of an option as a user gives it."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _changed_inputs(earlier: Sequence[Any], now: Sequence[Any], key: str) -> Iterator[Clause]:
    """Yield the differences of two lists of inputs, of which each is a list that begins with a name."""
    before, after = [each[0] for each in earlier], [each[0] for each in now]
    changed = [each[0] for each in now if each not in earlier and each[0] in before]
    found = [
        *((f"{name} has changed",) for name in changed),
        *((f"{name} was added",) for name in after if name not in before),
        *((f"{name} was left out",) for name in before if name not in after),
    ]
    yield from found or [(f"another order of the {key.replace('_', ' ')}",)]


def _is_identity(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _are_identities(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_identity, value))
