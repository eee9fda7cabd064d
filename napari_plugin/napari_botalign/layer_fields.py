"""The choice of the layers of an alignment: the fixed one, the moving ones, and those that move along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, PushButton
from qtpy.QtWidgets import QSizePolicy

from botalign import InputError
from napari_botalign.any_layer import AnyLayer, any_layer, layers_along, why_not_movable
from napari_botalign.history import resampled_of
from napari_botalign.layer_choices import ObjectBox, ObjectList, map_layers_first
from napari_botalign.layers import MapLayer, map_layer, why_not_a_map
from napari_botalign.layout import row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer
    from napari.viewer import Viewer

#: Height of a list of layers in pixels: three of them.
_LIST_HEIGHT = 62


class LayerFields(Container[Any]):
    """Fixed and moving layers, and layers of any kind that move along. A layer is never both fixed and moving.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose layers are offered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.fixed = ObjectBox(label="fixed", choices=self._all, tooltip="The map that stays.")
        self.moving = ObjectList(
            label="moving", choices=self._all, tooltip="The maps to align, each separately; Ctrl-click for several."
        )
        self.swap = PushButton(text="⇅ Swap", tooltip="Exchange the fixed and the moving map.")
        self.selected = PushButton(
            text="Use selected layers", tooltip="Make the layers that are selected in the layer list the moving ones."
        )
        self.along = ObjectList(
            label="along",
            choices=self._others,
            tooltip="Layers of any kind that keep their position relative to the moving one, such as points, labels or "
            "surfaces; Ctrl-click for several. Those of an atomic model always move together.",
        )
        buttons = row(self.swap, self.selected)
        buttons.label = ""
        super().__init__(widgets=[self.fixed, self.moving, buttons, self.along], labels=True)
        self.margins = (0, 0, 0, 0)
        self.moving.native.setMaximumHeight(_LIST_HEIGHT)
        self.along.native.setMaximumHeight(_LIST_HEIGHT)
        self.native.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._fixed, self._moving = self.fixed.value, list(self.moving.value)
        self._choose_moving()
        self.fixed.changed.connect(self._on_fixed)
        self.moving.changed.connect(self._on_moving)
        self.swap.changed.connect(self._on_swap)
        self.selected.changed.connect(self._on_selected)

    def maps(self) -> tuple[MapLayer, list[MapLayer]]:
        """Return the fixed and the moving maps; of a time series the displayed frame.

        Raises
        ------
        InputError
            If one of them cannot be used or is missing.
        """
        return self._fixed_map(), [self._map(layer, "moving") for layer in self._chosen()]

    def movable(self) -> tuple[MapLayer, list[MapLayer | AnyLayer]]:
        """Return the fixed map, and the moving layers, which may be of any kind.

        Raises
        ------
        InputError
            If one of them cannot be used or is missing.
        """
        return self._fixed_map(), [self.movable_layer(layer) for layer in self._chosen()]

    def movable_layer(self, layer: Layer) -> MapLayer | AnyLayer:
        """Return a layer as a map or a mask if it is one, so that its grid is moved as in a file."""
        is_map = why_not_a_map(layer, mask=True, series=True) is None
        return self._map(layer, "moving", mask=True) if is_map else any_layer(layer, "moving")

    def choose(self, fixed: Layer | None, moving: list[Layer]) -> None:
        """Choose the fixed and the moving layers."""
        self._fixed, self._moving = fixed, moving
        if self.moving.value != moving:
            self.moving.value = moving
        if self.fixed.value != fixed:
            self.fixed.value = fixed
        self._update_along()

    def along_with(self, moving: Sequence[Layer]) -> list[list[AnyLayer]]:
        """Return the layers that move along with each of some moving layers.

        Raises
        ------
        InputError
            If layers were chosen to move along with several ones.
        """
        chosen = list(self.along.value)
        if chosen and len(moving) > 1:
            raise InputError(f"along needs one moving layer, got {len(moving)}; choose one, or none to move along.")
        return layers_along([chosen] * len(moving), moving, self.fixed.value, self._viewer.layers)

    def reset_choices(self, *args: Any) -> None:
        """Update the offered layers."""
        super().reset_choices(*args)
        self._choose_moving()
        self._update_along()

    def _fixed_map(self) -> MapLayer:
        return self._map(self.fixed.value, "fixed")

    def _map(self, layer: Layer | None, role: str, *, mask: bool = False) -> MapLayer:
        return map_layer(layer, role, mask=mask, point=self._viewer.dims.point)

    def _chosen(self) -> list[Layer]:
        """Return the moving layers."""
        chosen = list(self.moving.value)
        if not chosen:
            raise InputError("moving: no layer is chosen; click on one in the list, or Ctrl-click on several.")
        if self.fixed.value in chosen:
            raise InputError(
                f"{self.fixed.value.name} is chosen as fixed and as moving; choose another layer for one of them."
            )
        return chosen

    def _all(self, widget: Any) -> list[Any]:
        return map_layers_first(self._viewer)

    def _others(self, widget: Any) -> list[Any]:
        """Return the layers that can move along."""
        layers = self._viewer.layers
        taken = [self.fixed.value, *self.moving.value, *(resampled_of(layer)[0] for layer in layers)]
        return [layer for layer in layers if layer not in taken and why_not_movable(layer) is None]

    def _choose_moving(self) -> None:
        """Choose the first map that is not the fixed one, if none is chosen."""
        others = [layer for layer in map_layers_first(self._viewer, only=True) if layer != self.fixed.value]
        if not self.moving.value and others:
            self.choose(self.fixed.value, others[:1])

    def _on_fixed(self, fixed: Layer | None) -> None:
        """Make the former fixed layer a moving one if a moving one was chosen."""
        former = self._fixed
        exchange = [former] if former in self.fixed.choices and former not in self.moving.value else []
        moving = [each for layer in self.moving.value for each in (exchange if layer == fixed else [layer])]
        self.choose(fixed, moving)

    def _on_moving(self, moving: list[Layer]) -> None:
        """Make the former moving layer the fixed one if that was chosen instead."""
        former = [layer for layer in self._moving if layer in self.moving.choices and layer not in moving]
        fixed = former[0] if moving == [self.fixed.value] and former else self.fixed.value
        self.choose(fixed, list(moving))

    def _on_swap(self) -> None:
        if len(self.moving.value) == 1:
            self.choose(self.moving.value[0], [self.fixed.value])

    def _on_selected(self) -> None:
        selected = [layer for layer in self._viewer.layers if layer in self._viewer.layers.selection]
        others = [layer for layer in selected if layer != self.fixed.value]
        self.moving.value = others or selected

    def _update_along(self) -> None:
        self.along.reset_choices()
        self.along.visible = bool(self.along.choices)
        self.swap.enabled = len(self.moving.value) == 1
