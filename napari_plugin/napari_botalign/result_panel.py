"""What can be done with results: read them, save, load, apply, resample, revert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, PushButton
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, InputError, Scores, resample
from napari_botalign.arranging import narrow, row, wrapped_label
from napari_botalign.background import in_background
from napari_botalign.layers import MapLayer, displayed_motion, pose_after
from napari_botalign.moves import Moves, affine_of
from napari_botalign.new_layer import add_like
from napari_botalign.summary import alignment_table, title

if TYPE_CHECKING:
    from napari.viewer import Viewer

_FILES = "Result of BOTalign (*.json)"


class ResultPanel(Container[Any]):
    """The results of this session, one of them shown, and what to do with it.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the layers are.
    chosen : callable
        Returns the fixed and the moving maps that are chosen now.
    moves : Moves
        Remembers where layers were.
    say : callable
        Shows a message.
    """

    def __init__(
        self,
        viewer: Viewer,
        chosen: Callable[[], tuple[MapLayer, Sequence[MapLayer]]],
        moves: Moves,
        say: Callable[[str], None],
    ) -> None:
        self._viewer, self._chosen, self._moves, self._say = viewer, chosen, moves, say
        self._results: list[tuple[str, Alignment, Scores]] = []
        self.which = narrow(ComboBox(choices=self._titles, tooltip="The result that is shown, saved and applied."))
        self.summary = wrapped_label(rich=True)
        self.revert = PushButton(text="Revert", tooltip="Put the layers that were moved last where they were.")
        self.resample = PushButton(
            text="Resample onto fixed",
            tooltip="Make a new layer of each moving one as it lies now, on the fixed map's grid, to be saved.",
        )
        self.save = PushButton(text="Save…", tooltip="Write the result that is shown.")
        self.load = PushButton(text="Load…", tooltip="Read a result, of this widget or of `botalign align`.")
        self.apply = PushButton(text="Apply", tooltip="Move the moving layers as this result says: half maps, a mask.")
        super().__init__(
            widgets=[
                self.which,
                self.summary,
                row(self.revert, self.resample),
                row(self.save, self.load, self.apply),
            ],
            labels=False,
        )
        self.margins = (0, 0, 0, 0)
        self.which.changed.connect(self._show)
        actions: tuple[tuple[PushButton, Callable[[], None]], ...] = (
            (self.revert, self._revert),
            (self.resample, self._resample),
            (self.save, self._write),
            (self.load, self._read),
            (self.apply, self._apply),
        )
        for button, action in actions:
            button.changed.connect(partial(self._do, action))
        self.update_buttons()

    def add(self, result: Alignment, before: Scores) -> None:
        """Take a new result, and show it."""
        numbers = [t for t, _, _ in self._results]
        name = title(result)
        again = sum(t == name or t.startswith(f"{name} [") for t in numbers)
        self._results.append((f"{name} [{again + 1}]" if again else name, result, before))
        self.which.reset_choices()
        self.which.value = len(self._results) - 1
        self.update_buttons()

    def update_buttons(self, *, running: bool = False) -> None:
        """Let those be pressed that can do something."""
        for button in (self.save, self.apply):
            button.enabled = bool(self._results) and not running
        self.revert.enabled = bool(self._moves) and not running
        self.load.enabled = self.resample.enabled = not running
        self.which.visible = self.summary.visible = bool(self._results)

    def _titles(self, widget: object) -> list[tuple[str, int]]:
        return [(name, number) for number, (name, _, _) in enumerate(self._results)]

    @property
    def current(self) -> tuple[Alignment, Scores] | None:
        """The result that is shown, and the scores before; None if there is none yet."""
        if self.which.value is None:
            return None
        _, result, before = self._results[self.which.value]
        return result, before

    def _show(self) -> None:
        if self.current is not None:
            self.summary.value = alignment_table(*self.current)

    def _do(self, action: Callable[[], None]) -> None:
        """Do what a button is for, and say what is wrong if it can't be done."""
        self._say("")
        try:
            action()
        except InputError as error:
            self._say(str(error))
        self.update_buttons()

    def _revert(self) -> None:
        names = self._moves.revert(list(self._viewer.layers))
        self._say(f"Back where it was: {', '.join(names)}." if names else "The layers that were moved are gone.")

    def _write(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self.native, "Save the result", "alignment.json", _FILES)
        if path and self.current is not None:
            self.current[0].write(path, overwrite=True)  # the dialog has asked
            self._say(f"Written: {path}.")

    def _read(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.native, "Load a result", "", _FILES)
        if path:
            result = Alignment.read(path)
            self.add(result, result.before)
            self._say(f"Loaded; Apply moves the moving layers as {result.moving.name} was moved.")

    def _apply(self) -> None:
        fixed, moving = self._chosen()
        if self.current is None:
            return
        result, _ = self.current
        pose = pose_after(result.moving_to_fixed, fixed.pose())
        self._moves.begin()
        for one in moving:
            self._moves.remember([(one.layer, affine_of(one.layer))])
            one.place(pose)
        self._say(f"Moved as {result.moving.name} was: {', '.join(one.name for one in moving)}.")

    def _resample(self) -> None:
        fixed, moving = self._chosen()
        pose = fixed.pose()
        work = [(one, displayed_motion(fixed, one)) for one in moving]
        self._say("Resampling…")
        self.resample.enabled = False

        def resampled() -> list[DensityMap]:
            return [resample(one.density(), motion, fixed.grid) for one, motion in work]

        def done(maps: list[DensityMap]) -> None:
            for (one, _), density in zip(work, maps, strict=True):
                add_like(self._viewer, density, f"{one.name} on {fixed.name}", like=one.layer, fixed=fixed, pose=pose)
            finish("Resampled once, onto the grid of the fixed map.")

        def finish(message: str) -> None:
            self._say(message)
            self.update_buttons()

        in_background(resampled, done, finish)
