"""What is no map and no stack, where one is expected: paths and arrays, most of the time."""

from __future__ import annotations

import os

import numpy as np

from botalign.errors import InputError
from botalign.maps.density_map import DensityMap
from botalign.maps.image_stack import ImageStack


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
        raise InputError(f"{role}: got {_kind(value)}, expected a DensityMap; {advice}.")


def expect_stack(value: object, role: str) -> None:
    """Refuse what is no stack of images; as :func:`expect_map` for maps."""
    if not isinstance(value, ImageStack):
        advice = "botalign.ImageStack(array) makes one of an array, botalign.read_images(path).stack reads one"
        raise InputError(f"{role}: got {_kind(value)}, expected an ImageStack; {advice}.")


def _kind(value: object) -> str:
    """Return what something is, in few words."""
    if isinstance(value, str | os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
