"""The options of a ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from botalign.alignment.whole_options import ContourLevel, Resolution
from botalign.options import LARGEST, Option, check_options


@dataclass(frozen=True)
class RankOptions:
    """Options of :func:`botalign.rank`.

    Raises
    ------
    InputError
        For the first option that cannot be used.

    Examples
    --------
    >>> import botalign
    >>> botalign.RankOptions(resolution=0.1)
    Traceback (most recent call last):
        ...
    botalign.errors.InputError: resolution: got 0.1, expected a number from 1 to 100 A.
    """

    resolution: Resolution = None
    contour_level: ContourLevel = None
    whole_library: Annotated[
        bool, Option("Align all maps of the library, not only those that may show the same molecule")
    ] = False
    seed: Annotated[
        int,
        Option("Seed of the alignments of maps; the same seed gives the same result, bit for bit", low=0, high=LARGEST),
    ] = 0

    def __post_init__(self) -> None:
        """Check each option."""
        check_options(self)

    def as_parameters(self) -> dict[str, Any]:
        """Return the options that the results depend on."""
        return {name: getattr(self, name) for name in ("resolution", "contour_level", "whole_library", "seed")}
