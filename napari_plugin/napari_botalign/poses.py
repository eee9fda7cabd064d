"""The poses of a result: a chooser that steps through them, and the result at another one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from magicgui.widgets import ComboBox, Container, PushButton

from botalign import Alignment, Comparison
from napari_botalign.coordinates import Matrix
from napari_botalign.layout import narrow, row

#: Width of the buttons in pixels.
_BUTTON = 32


class PoseChooser(Container[Any]):
    """A choice of one of the distinct poses of a result, with buttons that step through them.

    It is visible if there are several. The signal ``which.changed`` is emitted when one is chosen, with its index.
    """

    def __init__(self) -> None:
        self.poses: tuple[Any, ...] = ()
        self._offered: Alignment | None = None
        self.which = narrow(
            ComboBox(
                choices=lambda _: [(self._text(number), number) for number in range(len(self.poses))],
            )
        )
        self.back, self.on = PushButton(text="◂"), PushButton(text="▸")
        super().__init__(widgets=[row(self.back, self.which, self.on)], labels=False)
        self.margins = (0, 0, 0, 0)
        for button, by in ((self.back, -1), (self.on, 1)):
            button.native.setFixedWidth(_BUTTON)
            button.changed.connect(partial(self._step, by))
        self.which.changed.connect(self._update_buttons)

    def offer(self, result: Alignment | None, number: int) -> None:
        """Offer the poses of a result, and show one of them as chosen, without the signal."""
        if result is not self._offered:
            self.poses = () if result is None or result.verdict == "no match" else result.poses
            self._offered = result
            value = "" if result is None else f": {result.quality_name}, and angle and distance from the first one"
            self.which.tooltip = f"Poses that were found, best first{value}. The layer moves to the one that is chosen."
        with self.which.changed.blocked():
            self.which.reset_choices()
            if self.poses:
                self.which.value = number
        self.visible = len(self.poses) > 1
        self._update_buttons()

    def _step(self, by: int) -> None:
        self.which.value += by

    def _update_buttons(self) -> None:
        number = self.which.value or 0
        self.back.enabled, self.on.enabled = number > 0, number < len(self.poses) - 1

    def _text(self, number: int) -> str:
        pose, name = self.poses[number], f"{number + 1} of {len(self.poses)}"
        fits = ", equivalent" if pose.group == 0 else ", fits as well" if pose.as_good else ""
        away = f", {pose.angle_degrees:.0f}°, {pose.shift_angstrom:.0f} Å{fits}" if number else ", the result"
        return f"{name}: {pose.quality:.3f}{away}"


def at_pose(result: Alignment, transform: Matrix, compared: Comparison, *, equivalent: bool) -> Alignment:
    """Return a result at another of its poses, with the scores there; its standard errors are not known.

    It is ambiguous unless the poses are equivalent, since the first one fits too.
    """
    first, *others = result.candidates
    chosen = next((each for each in others if each.moving_to_fixed is transform), None)
    return replace(
        result,
        moving_to_fixed=transform,
        after=compared.scores,
        shells_after=compared.shells,
        candidates=(
            chosen or replace(first, moving_to_fixed=transform),
            replace(first, as_good=True),
            *(each for each in others if each is not chosen),
        ),
        verdict=result.verdict if equivalent else "ambiguous",
        probability=result.probability if equivalent else None,
        uncertainty=None,
    )
