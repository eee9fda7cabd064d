"""Options of the assembly of a complex."""

from __future__ import annotations

from dataclasses import dataclass

from botalign.alignment.whole_options import ContourLevel, Resolution
from botalign.options import check_options


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

    resolution: Resolution = None
    contour_level: ContourLevel = None

    def __post_init__(self) -> None:
        """Check each option."""
        check_options(self)
