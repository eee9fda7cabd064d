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
    """

    resolution: Annotated[
        float | None, Option("Resolution of the map, needed if a part is an atomic model", low=1, high=100, unit="A")
    ] = None
    contour_level: Annotated[float | None, Option("Contour level of the map")] = None
    largest_overlap: Annotated[
        float,
        Option("Largest share of the volume of a placed part that may lie inside another one", above=0, high=1),
    ] = 0.35

    def __post_init__(self) -> None:
        """Check each option."""
        check_options(self)
