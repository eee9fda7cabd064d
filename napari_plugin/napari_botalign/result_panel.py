"""The results: a summary, and buttons to save, load, apply, resample and revert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, PushButton
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, InputError, Scores, resample
from napari_botalign.background import in_background
from napari_botalign.layers import MapLayer, displayed_transform, moved_pose
from napari_botalign.layout import narrow, row, wrapped_label
from napari_botalign.moves import Moves, affine_of
from napari_botalign.new_layer import add_like
from napari_botalign.option_labels import spelled
from napari_botalign.summary import alignment_table, title

if TYPE_CHECKING:
    from napari.viewer import Viewer

_FILES = "Result of BOTalign (*.json)"


class ResultPanel(Container[Any]):
    """The results of this session, of which one is shown, and the buttons.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer of the layers.
    chosen : callable
        Returns the chosen fixed and moving maps.
    moves : Moves
        Affines that layers had before.
    show_message : callable
        Shows a message.
    """

    def __init__(
        self,
        viewer: Viewer,
        chosen: Callable[[], tuple[MapLayer, Sequence[MapLayer]]],
        moves: Moves,
        show_message: Callable[[str], None],
    ) -> None:
        self._viewer, self._chosen, self._moves, self._show_message = viewer, chosen, moves, show_message
        self._results: list[tuple[str, Alignment, Scores]] = []
        self.which = narrow(ComboBox(choices=self._titles, tooltip="The result to show, save and apply."))
        self.summary = wrapped_label(rich=True)
        self.revert = PushButton(text="Revert", tooltip="Move the layers of the last alignment back.")
        self.resample = PushButton(
            text="Resample onto fixed",
            tooltip="Resample each moving layer, as displayed, onto the grid of the fixed map, as a new layer.",
        )
        self.save = PushButton(text="Save…", tooltip="Write the result to a file.")
        self.load = PushButton(text="Load…", tooltip="Read a result of this widget or of `botalign align`.")
        self.apply = PushButton(
            text="Apply",
            tooltip="Apply the transform of the result to the moving layers, for example half maps or a mask.",
        )
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
        """Add a result and show it."""
        name = title(result)
        same = sum(title(other) == name for _, other, _ in self._results)
        self._results.append((f"{name} [{same + 1}]" if same else name, result, before))
        self.which.reset_choices()
        self.which.value = len(self._results) - 1
        self.update_buttons()

    def update_buttons(self, *, running: bool = False) -> None:
        """Enable the buttons that have an effect now."""
        for button in (self.save, self.apply):
            button.enabled = bool(self._results) and not running
        self.revert.enabled = bool(self._moves) and not running
        self.load.enabled = self.resample.enabled = not running
        self.which.visible = self.summary.visible = bool(self._results)

    def _titles(self, widget: object) -> list[tuple[str, int]]:
        return [(name, number) for number, (name, _, _) in enumerate(self._results)]

    @property
    def current(self) -> tuple[Alignment, Scores] | None:
        """The shown result and the scores before; None if there is none."""
        if self.which.value is None:
            return None
        _, result, before = self._results[self.which.value]
        return result, before

    def _show(self) -> None:
        if self.current is not None:
            self.summary.value = alignment_table(*self.current)

    def _do(self, action: Callable[[], None]) -> None:
        """Do the action of a button, and show the error if it fails."""
        self._show_message("")
        try:
            action()
        except InputError as error:
            self._show_message(spelled(error))
        self.update_buttons()

    def _revert(self) -> None:
        names = self._moves.revert(list(self._viewer.layers))
        self._show_message(f"Moved back: {', '.join(names)}." if names else "The moved layers were deleted.")

    def _write(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self.native, "Save the result", "alignment.json", _FILES)
        if path and self.current is not None:
            self.current[0].write(path, overwrite=True)  # the dialog has asked the user
            self._show_message(f"Written: {path}.")

    def _read(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.native, "Load a result", "", _FILES)
        if path:
            result = Alignment.read(path)
            self.add(result, result.before)
            self._show_message(f"Loaded. Apply moves the moving layers by the transform of {result.moving.name}.")

    def _apply(self) -> None:
        fixed, moving = self._chosen()
        if self.current is None:
            return
        result, _ = self.current
        pose = moved_pose(result.moving_to_fixed, fixed.pose())
        self._moves.start_group()
        for one in moving:
            self._moves.add([(one.layer, affine_of(one.layer))])
            one.set_pose(pose)
        self._show_message(f"Moved by the transform of {result.moving.name}: {', '.join(one.name for one in moving)}.")

    def _resample(self) -> None:
        fixed, moving = self._chosen()
        pose = fixed.pose()
        work = [(one, displayed_transform(fixed, one)) for one in moving]
        self._show_message("Resampling…")
        self.resample.enabled = False

        def resampled() -> list[DensityMap]:
            return [resample(one.density(), transform, fixed.grid) for one, transform in work]

        def done(maps: list[DensityMap]) -> None:
            for (one, _), density in zip(work, maps, strict=True):
                add_like(self._viewer, density, f"{one.name} on {fixed.name}", like=one.layer, fixed=fixed, pose=pose)
            finish("Resampled onto the grid of the fixed map.")

        def finish(message: str) -> None:
            self._show_message(message)
            self.update_buttons()

        in_background(self, resampled, done, finish)
