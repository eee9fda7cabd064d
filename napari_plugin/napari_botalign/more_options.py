"""The options of an alignment that are folded away."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox, LineEdit, SpinBox

from botalign import InputError
from napari_botalign.arranging import even_labels, narrow

PRESETS = [("fast", None), ("as published, slow", "paper")]
_EVERYWHERE = 180.0


class MoreOptions(Container[Any]):
    """Options that are rarely changed.

    Parameters
    ----------
    choices : callable
        Returns the layers that may be masks.
    """

    def __init__(self, choices: Callable[[Any], list[Any]]) -> None:
        self.partial = CheckBox(
            text="one is a part of the other", tooltip="Look for the smaller molecule in the larger one."
        )
        self.mask_fixed, self.mask_moving = (
            narrow(
                ComboBox(
                    label=f"mask, {role}",
                    choices=choices,
                    nullable=True,
                    value=None,
                    tooltip="A map that is 1 in what is to be aligned, and 0 elsewhere. With one mask only, what it "
                    "holds is looked for in the other map.",
                )
            )
            for role in ("fixed", "moving")
        )
        self.local = FloatSpinBox(
            label="within (degrees)",
            value=_EVERYWHERE,
            min=1.0,
            max=_EVERYWHERE,
            step=5.0,
            tooltip="Search only this near to the pose that is shown now; 180 is everywhere.",
        )
        self.contour_level_fixed = LineEdit(label="level, fixed", tooltip="Contour level; the suggested one if empty.")
        self.contour_level_moving = LineEdit(
            label="level, moving", tooltip="Contour level; the suggested one if empty."
        )
        for line in (self.contour_level_fixed, self.contour_level_moving):
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
                self.partial, self.mask_fixed, self.mask_moving, self.local, self.contour_level_fixed,
                self.contour_level_moving, self.evaluations, self.size, self.refine, self.preset, self.seed,
                self.threads,
            ],
            labels=True,
        )  # fmt: skip
        self.margins = (0, 0, 0, 0)
        even_labels(self)

    def arguments(self) -> dict[str, Any]:
        """Return options for :func:`botalign.align`.

        Raises
        ------
        InputError
            If a contour level is no number.
        """
        return {
            "partial": self.partial.value,
            "local_degrees": None if self.local.value >= _EVERYWHERE else self.local.value,
            "contour_level_fixed": _level(self.contour_level_fixed),
            "contour_level_moving": _level(self.contour_level_moving),
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
