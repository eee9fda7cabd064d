"""Options that other options leave without effect, as ``botalign`` refuses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from botalign import DensityMap, InputError, declarations, phantom
from napari_botalign.option_labels import spelled


def overruled(kind: type, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the options whose values others leave without effect, with the reason.

    Of two options that contradict each other, the message is about the one that is left without effect.

    Parameters
    ----------
    kind : type
        Class that declares the options.
    values : mapping
        Their values; any map for one that was chosen.
    """
    declared = declarations(kind)
    found: dict[str, str] = {}
    while True:
        error = _error(kind, {**values, **{name: declared[name].default for name in found}})
        name = None if error is None else _governed(error)
        if error is None or name is None or name in found:
            return found
        found[name] = spelled(error)


def unavailable(kind: type, values: Mapping[str, Any], lost: Iterable[str]) -> dict[str, dict[Any, str]]:
    """Return the values of each option that would have no effect beside the others, with the reason.

    Of options that are numbers or maps, a single other value is tested.

    Parameters
    ----------
    kind : type
        Class that declares the options.
    values : mapping
        Their values; any map for one that was chosen.
    lost : iterable of str
        Options that are overruled (:func:`overruled`).
    """
    declared = declarations(kind)
    kept = {**values, **{name: declared[name].default for name in lost}}
    found: dict[str, dict[Any, str]] = {}
    for name in values:
        reasons = {}
        for value in _other_values(declared[name]):
            error = _error(kind, kept | {name: value})
            if error is not None and _governed(error) == name:
                reasons[value] = spelled(error)
        if reasons:
            found[name] = reasons
    return found


@cache
def any_map() -> DensityMap:
    """Return a map, for options where only it matters whether there is one."""
    return phantom(8)


def _error(kind: type, values: Mapping[str, Any]) -> InputError | None:
    try:
        kind(**values)
    except InputError as error:
        return error
    return None


def _governed(error: InputError) -> str | None:
    """Return the option that another one leaves without effect, or None if the error is about something else."""
    named = [part for part in error.parts if hasattr(part, "has_value")]
    return error.option if len(named) == 2 else None


def _other_values(declared: Any) -> list[Any]:
    option = declared.option
    if declared.type is DensityMap:
        return [any_map()]
    if declared.type is bool:
        return [value for value in (True, False) if value != declared.default]
    if option.choices:
        return [value for value in option.choices if value != declared.default]
    if declared.type in (int, float):
        bounds = (option.low, option.high, 1)
        return [bound for bound in bounds if bound is not None and bound != declared.default][:1]
    return []
