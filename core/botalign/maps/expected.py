"""The check of an argument that must be a density map."""

from __future__ import annotations

from botalign.arguments import kind_of
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
