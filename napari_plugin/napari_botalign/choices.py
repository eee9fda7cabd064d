"""Which layers are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_botalign.layers import refusal

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


def map_layers_first(viewer: Viewer, *, only: bool = False) -> list[Layer]:
    """Return the layers, maps first; the others are offered too, so that they can be told why they won't do.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers.
    only : bool, optional
        Whether to leave out what is no map.
    """
    layers = list(viewer.layers)
    maps = [layer for layer in layers if refusal(layer) is None]
    return maps if only else maps + [layer for layer in layers if layer not in maps]
