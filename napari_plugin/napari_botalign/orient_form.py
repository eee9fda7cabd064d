"""The form of the symmetry search: the map, the layers that move along, and the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, LineEdit
from qtpy.QtWidgets import QSizePolicy

from napari_botalign.any_layer import AnyLayer, layers_along, why_not_movable
from napari_botalign.layer_choices import ObjectBox, ObjectList, map_layers_first
from napari_botalign.layers import MapLayer, map_layer
from napari_botalign.layout import even_labels, narrow

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: Settings of T and I; that of RELION is the default of both.
SETTINGS = ("T", "T222", "I1", "I2", "I3", "I4")
#: Height of the list of layers in pixels: three of them.
_LIST_HEIGHT = 62


class OrientForm(Container[Any]):
    """A map, layers of any kind that move along, and the group with its setting.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose layers are offered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.map = ObjectBox(
            label="map", choices=lambda _: map_layers_first(viewer), tooltip="The map whose symmetry is searched for."
        )
        self.along = ObjectList(
            label="along",
            choices=self._others,
            tooltip="Layers of any kind that keep their position relative to the map, such as half maps, masks or "
            "points; Ctrl-click for several.",
        )
        self.symmetry = LineEdit(label="symmetry", tooltip="Point group to look for: Cn, Dn, T, O or I.")
        self.symmetry.native.setPlaceholderText("automatic")
        self.setting = narrow(
            ComboBox(
                label="setting",
                choices=[("that of RELION", None), *((each, each) for each in SETTINGS)],
                value=None,
                tooltip="Which axes of T or I go along x, y and z; other groups have one setting.",
            )
        )
        super().__init__(widgets=[self.map, self.along, self.symmetry, self.setting], labels=True)
        self.margins = (0, 0, 0, 0)
        self.along.native.setMaximumHeight(_LIST_HEIGHT)
        self.native.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        even_labels(self)
        self.map.changed.connect(self._update_along)
        self._choose_active()
        self._update_along()

    def chosen(self) -> MapLayer:
        """Return the map; of a time series the displayed frame.

        Raises
        ------
        InputError
            If the layer cannot be used or is missing.
        """
        return map_layer(self.map.value, "map", point=self._viewer.dims.point)

    def moving_along(self) -> list[AnyLayer]:
        """Return the layers that move along.

        Raises
        ------
        InputError
            If one of them cannot be moved.
        """
        return layers_along([list(self.along.value)], [self.map.value], None, self._viewer.layers)[0]

    def group(self) -> tuple[str | None, str | None]:
        """Return the group to look for and its setting; None where it is to be found, and for RELION's setting."""
        return self.symmetry.value.strip() or None, self.setting.value

    def reset_choices(self, *args: Any) -> None:
        """Update the offered layers."""
        super().reset_choices(*args)
        self._update_along()

    def _choose_active(self) -> None:
        """Choose the layer that is selected, if it is a map."""
        active = self._viewer.layers.selection.active
        if active in map_layers_first(self._viewer, only=True):
            self.map.value = active

    def _others(self, widget: Any) -> list[Layer]:
        """Return the layers that can move along."""
        return [layer for layer in self._viewer.layers if layer != self.map.value and why_not_movable(layer) is None]

    def _update_along(self) -> None:
        self.along.reset_choices()
        self.along.visible = bool(self.along.choices)
