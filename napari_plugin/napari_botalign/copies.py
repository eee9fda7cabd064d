"""Resampled copies of layers, on the grid of another one: in a 2-D view they show what napari does not rotate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botalign import DensityMap, InputError, resample
from napari_botalign.background import LatestOnly, in_background
from napari_botalign.history import history_of, resampled_of
from napari_botalign.layers import MapLayer, displayed_transform, map_layer
from napari_botalign.new_layer import add_like

if TYPE_CHECKING:
    from magicgui.widgets import Container
    from napari.layers import Layer
    from napari.viewer import Viewer


class ResampledCopies:
    """Makes one resampled copy of a layer, and updates it when the layer moves.

    The copy is shown instead of the layer; after a change between the 2-D and the 3-D view, the copy is shown in 2-D
    and the layer in 3-D.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer of the layers.
    widget : Container
        The widget that the copies are made for.
    """

    def __init__(self, viewer: Viewer, widget: Container[Any]) -> None:
        self._viewer, self._widget = viewer, widget
        self._stale: list[Layer] = []
        self._closed = False
        self._updates = LatestOnly(widget, self._begin_update)
        viewer.dims.events.ndisplay.connect(self.choose_visible)

    def make(
        self, fixed: MapLayer, moving: Sequence[MapLayer], done: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        """Resample layers, as displayed, onto the grid of the fixed map; an earlier copy is replaced."""
        work = [(one, displayed_transform(fixed, one)) for one in moving]
        pose = fixed.pose()

        def resampled() -> list[DensityMap]:
            return [resample(one.density(), transform, fixed.grid) for one, transform in work]

        def receive(maps: list[DensityMap]) -> None:
            for one, density in zip(moving, maps, strict=True):
                former, _ = resampled_of(one.layer)
                if former in self._viewer.layers:
                    self._viewer.layers.remove(former)
                name = f"{one.name} on {fixed.name}"
                copy = add_like(self._viewer, density, name, like=one.layer, fixed=fixed, pose=pose)
                history_of(one.layer).resampled = (copy, fixed.layer)
                one.layer.visible = False
            self.watch()
            done()

        in_background(self._widget, resampled, receive, failed)

    def watch(self) -> None:
        """Notice when the layers move. Call it again when there are other layers."""
        for layer in self._viewer.layers:
            layer.events.affine.connect(self._on_moved)
            layer.events.visible.connect(self._on_shown)

    def choose_visible(self) -> None:
        """Show the copies in a 2-D view, and the layers in a 3-D view, if either is visible."""
        flat = self._viewer.dims.ndisplay == 2
        for layer, copy, _ in self._copied():
            shown = layer.visible or copy.visible
            layer.visible, copy.visible = shown and not flat, shown and flat

    def close(self) -> None:
        """Do nothing any more, because the widget was closed."""
        self._closed = True

    def _copied(self) -> list[tuple[Layer, Layer, Layer]]:
        """Return the layers with a copy, the copies, and the layers whose grid these have, as far as they exist."""
        layers = [] if self._closed else list(self._viewer.layers)
        found = []
        for layer in layers:
            copy, fixed = resampled_of(layer)
            if copy in layers and fixed in layers:
                found.append((layer, copy, fixed))
        return found

    def _on_moved(self, event: Any) -> None:
        moved = [layer for layer, _, fixed in self._copied() if event.source in (layer, fixed)]
        self._stale += [layer for layer in moved if layer not in self._stale]
        if moved:
            self._updates.request()

    def _on_shown(self) -> None:
        if self._stale:
            self._updates.request()

    def _begin_update(self) -> Any:
        """Begin to resample the next layer that has moved, if its copy is visible."""
        for layer, copy, fixed_layer in self._copied():
            if layer not in self._stale or not copy.visible:
                continue
            self._stale.remove(layer)
            try:
                point = self._viewer.dims.point
                fixed, moving = map_layer(fixed_layer, "fixed", point=point), map_layer(layer, "moving", point=point)
            except InputError:  # it was changed into something that cannot be resampled
                continue
            return self._update(copy, fixed, moving)
        return None

    def _update(self, copy: Layer, fixed: MapLayer, moving: MapLayer) -> Any:
        transform, affine = displayed_transform(fixed, moving), fixed.layer.affine

        def receive(density: DensityMap) -> None:
            if copy.data.shape == density.data.shape:
                copy.data, copy.affine = density.data, affine
            self._updates.request()  # for the other layers

        return lambda: resample(moving.density(), transform, fixed.grid), receive, lambda message: None
