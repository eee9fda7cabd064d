"""Options of the assembly of a complex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from botalign.options import Option, check_options


@dataclass(frozen=True)
class AssemblyOptions:
    """Options of :func:`botalign.assemble`.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.AssemblyOptions(resolution=0)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: resolution: got 0, expected a number from 1 to 100 A.
    """

    resolution: Annotated[
        float | None, Option("Resolution of the map, needed if a part is an atomic model", low=1, high=100, unit="A")
    ] = None
    contour_level: Annotated[float | None, Option("Contour level of the map")] = None

    def __post_init__(self) -> None:
        """Check each option."""
        check_options(self)
