"""Options about a map in which parts, models or other maps are placed, each declared once."""

from __future__ import annotations

from typing import Annotated

from botalign.options import Option

Resolution = Annotated[
    float | None, Option("Resolution of the map, needed for atomic models", low=1, high=100, unit="A")
]
ContourLevel = Annotated[float | None, Option("Contour level of the map")]
