"""The form of an alignment: the layers and the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, Container, PushButton
from qtpy.QtWidgets import QSizePolicy

from botalign import AlignmentOptions, InputError
from napari_botalign.layer_choices import ObjectBox, ObjectList, map_layers_first
from napari_botalign.layers import MapLayer, map_layer
from napari_botalign.layout import even_labels
from napari_botalign.option_fields import OptionFields
from napari_botalign.option_labels import label

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Options without a field. The start is the displayed pose.
_OMITTED = ("start", "resolution", "half_maps_fixed", "half_maps_moving", "wavelet", "scales")
#: Options that are always visible.
_FIRST = ("hand", "loss")


class AlignForm(Container[Any]):
    """Fixed and moving layers, hand and loss, and the other options of :func:`botalign.align`, which can be unfolded.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose layers are offered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.fixed = ObjectBox(label="fixed", choices=self._choices, tooltip="The map that stays.")
        self.moving = ObjectList(
            label="moving", choices=self._choices, tooltip="The maps to align, each separately; Ctrl-click for several."
        )
        self.follow = CheckBox(
            text="moving layer follows the search",
            value=True,
            tooltip="Show the best pose during the search; not in 2-D, where napari does not show rotations.",
        )
        self._options = OptionFields(AlignmentOptions, omit=_OMITTED, layers=self._choices)
        self.hand, self.loss = (self._options.widgets[name] for name in _FIRST)
        self.more = Container[Any](widgets=self._options.without(_FIRST), labels=True)
        self.unfold = PushButton(text="▸ more options")
        self._folded = True
        self.more.visible = False
        self.unfold.changed.connect(self._on_unfold)
        self._first = Container[Any](widgets=[self.fixed, self.moving, self.hand, self.loss], labels=True)
        for part in (self._first, self.more):
            part.margins = (0, 0, 0, 0)
            even_labels(part)
        super().__init__(widgets=[self._first, self.follow, self.unfold, self.more], labels=False)
        self.margins = (0, 0, 0, 0)
        self.moving.native.setMaximumHeight(66)
        self._first.native.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._choose_moving()

    def layers(self) -> tuple[MapLayer, list[MapLayer]]:
        """Return the fixed and the moving maps.

        Raises
        ------
        InputError
            If one of them cannot be used or is missing.
        """
        fixed = map_layer(self.fixed.value, "fixed")
        if not self.moving.value:
            raise InputError("moving: no layer is chosen; click on one in the list, or Ctrl-click on several.")
        moving = [map_layer(layer, "moving") for layer in self.moving.value]
        if any(one.layer == fixed.layer for one in moving):
            raise InputError(f"{fixed.name} is chosen as fixed and as moving; choose another layer for one of them.")
        return fixed, moving

    def masks(self) -> dict[str, MapLayer]:
        """Return the chosen masks by the name of their option.

        Raises
        ------
        InputError
            If one of them cannot be used.
        """
        chosen = self._options.maps()
        return {name: map_layer(layer, label(name), mask=True) for name, layer in chosen.items() if layer is not None}

    def alignment_options(self) -> AlignmentOptions:
        """Return the options, without the masks.

        Raises
        ------
        InputError
            If an option cannot be used.
        """
        masks = self._options.maps()
        values = {name: value for name, value in self._options.values().items() if name not in masks}
        return AlignmentOptions(**values)

    def reset_choices(self, *args: Any) -> None:
        """Update the offered layers."""
        self._first.reset_choices(*args)
        self.more.reset_choices(*args)
        self._choose_moving()

    def _choices(self, widget: Any) -> list[Any]:
        return map_layers_first(self._viewer)

    def _choose_moving(self) -> None:
        """Choose the first map that is not the fixed one, if none is chosen."""
        others = [layer for layer in map_layers_first(self._viewer, only=True) if layer != self.fixed.value]
        if not self.moving.value and others:
            self.moving.value = others[:1]

    def _on_unfold(self) -> None:
        self._folded = not self._folded
        self.more.visible = not self._folded
        self.unfold.text = "▸ more options" if self._folded else "▾ fewer options"
