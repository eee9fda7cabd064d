"""Checks of arguments: a density map, several of something, a path."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap


def expect_map(value: object, name: str) -> None:
    """Refuse an argument that is not a map.

    Parameters
    ----------
    value : object
        The argument.
    name : str
        Name of the argument.

    Raises
    ------
    InputError
        If it is not a :class:`DensityMap`; the message explains how to make one from it.
    """
    if not isinstance(value, DensityMap):
        advice = "read a file with botalign.read, convert an array with botalign.DensityMap(array, grid)"
        raise InputError(Setting(name), f": got {kind_of(value)}, expected a DensityMap; {advice}.")


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


def expect_path(value: object, name: str) -> None:
    """Refuse an argument that is neither a path nor None.

    Raises
    ------
    InputError
        If it is something else.
    """
    if value is not None and not isinstance(value, str | os.PathLike):
        raise InputError(Setting(name), f": got {value!r}, expected a path.")


def kind_of(value: object) -> str:
    """Return a short description of an argument for a message."""
    if isinstance(value, str | os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, int | float):
        return f"the number {value!r}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
