"""The note that napari does not rotate what it draws in a 2-D view, with what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, PushButton

from napari_botalign.coordinates import is_drawn_unrotated
from napari_botalign.layers import why_not_a_map
from napari_botalign.layout import row, wrapped_label

if TYPE_CHECKING:
    from napari.viewer import Viewer


class FlatViewNote(Container[Any]):
    """A note that is visible while a 2-D view draws a rotated map without its rotation, and buttons that change this.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    resample : PushButton
        The button that resamples the layers.
    """

    def __init__(self, viewer: Viewer, resample: PushButton) -> None:
        self._viewer = viewer
        self.show_3d = PushButton(text="Show in 3-D", tooltip="Change to the 3-D view.")
        self.resample = PushButton(
            text="Resample for 2-D",
            tooltip=resample.tooltip,
        )
        note = wrapped_label()
        note.value = "⚠ 2-D slices are drawn without the rotation."
        super().__init__(widgets=[note, row(self.show_3d, self.resample)], labels=False)
        self.margins = (0, 0, 0, 0)
        self.show_3d.changed.connect(self._on_show_3d)
        self.resample.changed.connect(lambda: resample.native.click())
        viewer.dims.events.ndisplay.connect(self._update)
        self.watch()

    def watch(self) -> None:
        """Notice when the layers change. Call it again when there are other layers."""
        for layer in self._viewer.layers:
            layer.events.affine.connect(self._update)
            layer.events.visible.connect(self._update)
        self._update()

    def _update(self) -> None:
        self.visible = self._viewer.dims.ndisplay == 2 and any(
            layer.visible and why_not_a_map(layer, series=True) is None and is_drawn_unrotated(layer)
            for layer in self._viewer.layers
        )

    def _on_show_3d(self) -> None:
        self._viewer.dims.ndisplay = 3
        self._viewer.reset_view()
