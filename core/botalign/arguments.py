"""Checks of arguments: several of something, a path; and what an argument is, for a message."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import Any

from botalign.errors import InputError, Setting


def expect_several(value: object, name: str, what: str) -> list[Any]:
    """Return the items of an argument that is a sequence, also if there are none.

    Parameters
    ----------
    value : object
        The argument.
    name : str
        Name of the argument.
    what : str
        What a sequence is expected of, for the message.

    Raises
    ------
    InputError
        If it is one object or a text instead of several, or a mapping, whose order is not that of a sequence.
    """
    if not isinstance(value, str | bytes | os.PathLike | Mapping | Set):
        try:
            return [*value]  # type: ignore[misc]
        except TypeError:  # not iterable
            pass
    raise InputError(Setting(name), f": got {kind_of(value)}, expected a sequence of {what}.")


def expect_path(value: object, name: str, what: str = "a path") -> None:
    """Refuse an argument that is neither a path nor None.

    Parameters
    ----------
    value : object
        The argument.
    name : str
        Name of the argument.
    what : str, optional
        What is expected, for the message.

    Raises
    ------
    InputError
        If it is something else.
    """
    if value is not None and not isinstance(value, str | os.PathLike):
        raise InputError(Setting(name), f": got {kind_of(value)}, expected {what}.")


def kind_of(value: object) -> str:
    """Return a short description of an argument for a message."""
    if isinstance(value, str | os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, int | float):
        return f"the number {value!r}"
    if type(value).__name__ == "ndarray":  # without importing numpy
        return f"an array of shape {getattr(value, 'shape', ())}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
