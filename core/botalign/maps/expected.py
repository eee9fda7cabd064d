"""The check that an argument is a density map."""

from __future__ import annotations

import os

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


def kind_of(value: object) -> str:
    """Return a short description of an argument for a message."""
    if isinstance(value, str | os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
