"""Checks that an argument is a density map."""

from __future__ import annotations

import os

import numpy as np

from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap


def expect_map(value: object, role: str) -> None:
    """Refuse what is no map.

    Parameters
    ----------
    value : object
        What was given.
    role : str
        What messages call the argument.

    Raises
    ------
    InputError
        If it isn't a :class:`DensityMap`; the message says how to make one of it.
    """
    if not isinstance(value, DensityMap):
        advice = "botalign.DensityMap(array, grid) makes one of an array, botalign.read reads one"
        raise InputError(Setting(role), f": got {kind_of(value)}, expected a DensityMap; {advice}.")


def kind_of(value: object) -> str:
    """Return what something is, in few words."""
    if isinstance(value, str | os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
