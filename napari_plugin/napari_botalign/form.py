"""What is asked before an alignment: the layers and the options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox, Container, PushButton, Select

from botalign import InputError
from napari_botalign.arranging import even_labels, narrow
from napari_botalign.choices import map_layers_first
from napari_botalign.layers import MapLayer, map_layer
from napari_botalign.more_options import MoreOptions

if TYPE_CHECKING:
    from napari.viewer import Viewer

HANDS = [("check which fits better", "check"), ("take the better one", "auto"), ("keep, don't look", "keep")]
LOSSES = [("Wasserstein (WEMD)", "wemd"), ("L2, for noisy maps", "l2"), ("common part, for two conformations", "core")]


class AlignForm(Container[Any]):
    """Fixed and moving layers, hand, loss, and folded away the rest of the options of :func:`botalign.align`.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers to offer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self.fixed = narrow(ComboBox(label="fixed", choices=self._choices, tooltip="The map that stays."))
        self.moving = Select(
            label="moving", choices=self._choices, tooltip="The maps to move, each by itself; Ctrl-click for several."
        )
        self.hand = ComboBox(
            label="hand", choices=HANDS, value="check", tooltip="The mirror image is tried too, unless told otherwise."
        )
        self.loss = ComboBox(label="loss", choices=LOSSES, value="wemd", tooltip="What the search minimises.")
        self.follow = CheckBox(
            text="moving layer follows the search",
            value=True,
            tooltip="Show the best pose while the search runs; not in 2-D, which can't show a turned map.",
        )
        self.unfold = PushButton(text="▸ more options")
        self.more = MoreOptions(self._choices)
        self._folded = True
        self.more.visible = False
        self.unfold.changed.connect(self._on_unfold)
        self._first = Container[Any](widgets=[self.fixed, self.moving, self.hand, self.loss], labels=True)
        self._first.margins = (0, 0, 0, 0)
        even_labels(self._first)
        super().__init__(widgets=[self._first, self.follow, self.unfold, self.more], labels=False)
        self.margins = (0, 0, 0, 0)
        self.moving.native.setMaximumHeight(66)
        self._choose_moving()

    def layers(self) -> tuple[MapLayer, list[MapLayer]]:
        """Return the fixed and the moving maps.

        Raises
        ------
        InputError
            If one of them can't be used, or there is none.
        """
        fixed = map_layer(self.fixed.value, "fixed")
        if not self.moving.value:
            raise InputError("moving: no layer is chosen; click on one in the list, with Ctrl for several.")
        moving = [map_layer(layer, "moving") for layer in self.moving.value]
        if any(one.layer == fixed.layer for one in moving):
            raise InputError(f"{fixed.name} is fixed and moving; choose another for one of them.")
        return fixed, moving

    def masks(self) -> dict[str, MapLayer]:
        """Return the masks of the ``"fixed"`` and of the ``"moving"`` maps that are chosen.

        Raises
        ------
        InputError
            If one of them can't be used.
        """
        chosen = {"fixed": self.more.mask_fixed.value, "moving": self.more.mask_moving.value}
        return {role: map_layer(layer, f"mask, {role}") for role, layer in chosen.items() if layer is not None}

    def arguments(self) -> dict[str, Any]:
        """Return options for :func:`botalign.align`.

        Raises
        ------
        InputError
            If a contour level is no number.
        """
        return {"hand": self.hand.value, "loss": self.loss.value} | self.more.arguments()

    def reset_choices(self, *args: Any) -> None:
        """Look at the layers of the viewer again."""
        self._first.reset_choices(*args)
        self.more.reset_choices(*args)
        self._choose_moving()

    def _choices(self, widget: Any) -> list[Any]:
        return map_layers_first(self._viewer)

    def _choose_moving(self) -> None:
        """Choose the first map that isn't the fixed one, if none is chosen."""
        others = [layer for layer in map_layers_first(self._viewer, only=True) if layer != self.fixed.value]
        if not self.moving.value and others:
            self.moving.value = others[:1]

    def _on_unfold(self) -> None:
        self._folded = not self._folded
        self.more.visible = not self._folded
        self.unfold.text = "▸ more options" if self._folded else "▾ fewer options"
