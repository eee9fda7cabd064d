"""The layers that a form offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_botalign.layers import why_not_a_map

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


def map_layers_first(viewer: Viewer, *, only: bool = False) -> list[Layer]:
    """Return the layers, maps first. The others are offered too, so that an error can give the reason for refusal.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose layers are returned.
    only : bool, optional
        Whether to return maps only.
    """
    layers = list(viewer.layers)
    maps = [layer for layer in layers if why_not_a_map(layer) is None]
    return maps if only else maps + [layer for layer in layers if layer not in maps]
