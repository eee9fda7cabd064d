"""Choices of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Select

from napari_botalign.layers import why_not_a_map
from napari_botalign.layout import narrow

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
    maps = [layer for layer in layers if why_not_a_map(layer, series=True) is None]
    return maps if only else maps + [layer for layer in layers if layer not in maps]


class ObjectBox(ComboBox):
    """A choice of an object, such as a layer, which remains when its name changes. magicgui keeps the name instead.

    Parameters
    ----------
    **options
        Options of magicgui's combo box.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        narrow(self)

    def reset_choices(self, *_: Any) -> None:
        """Update the offered objects."""
        chosen = self.value
        with self.changed.blocked():
            super().reset_choices()
            if chosen in self.choices:
                self.value = chosen
        if self.value != chosen:
            self.changed.emit(self.value)


class ObjectList(Select):
    """A choice of several objects, which remains when their names change."""

    def reset_choices(self, *_: Any) -> None:
        """Update the offered objects."""
        chosen = list(self.value)
        with self.changed.blocked():
            super().reset_choices()
            self.value = [layer for layer in chosen if layer in self.choices]
        if self.value != chosen:
            self.changed.emit(self.value)
