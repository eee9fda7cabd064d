"""What is asked before an alignment: the layers and the options."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox, LineEdit, PushButton, Select, SpinBox

from botalign import InputError
from napari_botalign.arranging import even_labels, narrow
from napari_botalign.choices import map_layers_first
from napari_botalign.layers import MapLayer, map_layer

if TYPE_CHECKING:
    from napari.viewer import Viewer

HANDS = [("check which fits better", "check"), ("take the better one", "auto"), ("keep, don't look", "keep")]
LOSSES = [("Wasserstein (WEMD)", "wemd"), ("L2, for noisy maps", "l2"), ("common part, for two conformations", "core")]
PRESETS = [("fast", None), ("as published, slow", "paper")]
_EVERYWHERE = 180.0


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
        self.more = _MoreOptions()
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


class _MoreOptions(Container[Any]):
    """Options that are rarely changed."""

    def __init__(self) -> None:
        self.local = FloatSpinBox(
            label="within (degrees)",
            value=_EVERYWHERE,
            min=1.0,
            max=_EVERYWHERE,
            step=5.0,
            tooltip="Search only this near to the pose that is shown now; 180 is everywhere.",
        )
        self.level_fixed = LineEdit(label="level, fixed", tooltip="Contour level; the suggested one if empty.")
        self.level_moving = LineEdit(label="level, moving", tooltip="Contour level; the suggested one if empty.")
        for line in (self.level_fixed, self.level_moving):
            line.native.setPlaceholderText("suggested")
        self.evaluations = SpinBox(
            label="evaluations", value=200, min=1, max=5000, step=50, tooltip="Of the search, for each hand."
        )
        self.size = SpinBox(
            label="size", value=32, min=8, max=128, step=8, tooltip="Voxels a side that the search works with."
        )
        self.refine = CheckBox(text="refine what the search found", value=True)
        self.preset = ComboBox(label="method", choices=PRESETS, value=None)
        self.seed = SpinBox(label="seed", value=0, min=0, max=2**31 - 1, tooltip="The same seed, the same result.")
        self.threads = SpinBox(label="threads", value=min(2, os.cpu_count() or 1), min=1, max=64)
        super().__init__(
            widgets=[
                self.local, self.level_fixed, self.level_moving, self.evaluations, self.size, self.refine, self.preset,
                self.seed, self.threads,
            ],
            labels=True,
        )  # fmt: skip
        self.margins = (0, 0, 0, 0)
        even_labels(self)

    def arguments(self) -> dict[str, Any]:
        return {
            "local_degrees": None if self.local.value >= _EVERYWHERE else self.local.value,
            "level_fixed": _level(self.level_fixed),
            "level_moving": _level(self.level_moving),
            "evaluations": self.evaluations.value,
            "size": self.size.value,
            "refine": self.refine.value,
            "preset": self.preset.value,
            "seed": self.seed.value,
            "threads": self.threads.value,
        }


def _level(line: LineEdit) -> float | None:
    text = line.value.strip()
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError(f"{line.label}: got {text!r}, expected a number, or nothing.") from None
