"""Colours that distinguish layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Image

_FIXED, _MOVING = "bop orange", ("bop blue", "bop purple", "cyan", "yellow")


def colour_layers(fixed: Image, moving: Sequence[Image]) -> None:
    """Colour the layers that have napari's default, grey. Colours that the user chose do not change.

    Orange and blue add up to white where two surfaces coincide.
    """
    for layer, colour in zip((fixed, *moving), (_FIXED, *(_MOVING * len(moving))), strict=False):
        if layer.colormap.name == "gray":
            layer.colormap, layer.blending = colour, "additive"
