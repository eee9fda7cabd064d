"""Colours that tell layers apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Image

_FIXED, _MOVING = "bop orange", ("bop blue", "bop purple", "cyan", "yellow")


def tell_apart(fixed: Image, moving: Sequence[Image]) -> None:
    """Colour layers that are still grey, as napari draws any image at first; the choice of a person stays.

    Orange and blue are added up, so that surfaces that coincide are white.
    """
    for layer, colour in zip((fixed, *moving), (_FIXED, *(_MOVING * len(moving))), strict=False):
        if layer.colormap.name == "gray":
            layer.colormap, layer.blending = colour, "additive"
