"""The results: a summary, and buttons to save, load, apply, resample and revert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, PushButton
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, InputError, resample
from napari_botalign.background import in_background
from napari_botalign.history import (
    Record,
    add_move,
    add_record,
    affine_of,
    moved_layers,
    new_action,
    records_of,
    revert,
)
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layers import MapLayer, displayed_transform, moved_pose
from napari_botalign.layout import row, wrapped_label
from napari_botalign.new_layer import add_like
from napari_botalign.option_labels import spelled
from napari_botalign.summary import alignment_table, title
from napari_botalign.writing import with_extension

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_FILES = "Result of BOTalign (*.json)"


class ResultPanel(Container[Any]):
    """The results of the layers and those that were loaded, of which one is shown, and the buttons.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer of the layers.
    chosen : callable
        Returns the chosen fixed and moving maps.
    show_message : callable
        Shows a message.
    """

    def __init__(
        self,
        viewer: Viewer,
        chosen: Callable[[], tuple[MapLayer, Sequence[MapLayer]]],
        show_message: Callable[[str], None],
    ) -> None:
        self._viewer, self._chosen, self._show_message = viewer, chosen, show_message
        self._loaded: set[Record] = set()
        self._running = False
        self.which = ObjectBox(choices=self._titles, tooltip="The result to show, save and apply.")
        self.summary = wrapped_label(rich=True)
        self.revert = PushButton(text="Revert", tooltip="Undo the last alignment, or the last use of Apply.")
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
        self._select_latest()

    def add(self, layer: Layer, record: Record) -> None:
        """Keep a result with its layer, and show it."""
        add_record(layer, record)
        self._select_latest()

    def update_results(self, *, running: bool | None = None) -> None:
        """Update the offered results, and enable the buttons that have an effect now.

        Parameters
        ----------
        running : bool, optional
            Whether an alignment is running; by default as at the last call.
        """
        self._running = running = self._running if running is None else running
        self.which.reset_choices()
        exists = self.current is not None
        for button in (self.save, self.apply):
            button.enabled = exists and not running
        self.revert.enabled = bool(moved_layers(self._viewer.layers)) and not running
        self.load.enabled = self.resample.enabled = not running
        self.which.visible = self.summary.visible = exists
        self._show()

    @property
    def current(self) -> Record | None:
        """The shown result; None if there is none."""
        record: Record | None = self.which.value
        return record

    def _records(self) -> list[Record]:
        return sorted(records_of(self._viewer.layers) | self._loaded, key=lambda record: record.number)

    def _titles(self, widget: object) -> list[tuple[str, Record]]:
        titles: list[tuple[str, Record]] = []
        names: list[str] = []
        for record in self._records():
            name = title(record.result)
            same = names.count(name)
            names.append(name)
            titles.append((f"{name} [{same + 1}]" if same else name, record))
        return titles

    def _select_latest(self) -> None:
        self.which.reset_choices()
        records = self._records()
        if records:
            self.which.value = records[-1]
        self.update_results()

    def _show(self) -> None:
        if self.current is not None:
            self.summary.value = alignment_table(self.current.result, self.current.before)

    def _do(self, action: Callable[[], None]) -> None:
        """Do the action of a button, and show the error if it fails."""
        self._show_message("")
        try:
            action()
        except (InputError, FileExistsError) as error:
            self._show_message(spelled(error))
        self.update_results()

    def _revert(self) -> None:
        self._show_message(f"Moved back: {', '.join(revert(moved_layers(self._viewer.layers)))}.")

    def _write(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self.native, "Save the result", "alignment.json", _FILES)
        if path:
            assert self.current is not None  # otherwise the button is disabled
            path = with_extension(path, ".json")
            self.current.result.write(path, overwrite=True)  # the dialog has asked the user
            self._show_message(f"Written: {path}.")

    def _read(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.native, "Load a result", "", _FILES)
        if path:
            result = Alignment.read(path)
            self._loaded.add(Record(result, result.before))
            self._select_latest()
            self._show_message(f"Loaded. Apply moves the moving layers by the transform of {result.moving.name}.")

    def _apply(self) -> None:
        fixed, moving = self._chosen()
        record = self.current
        assert record is not None  # otherwise the button is disabled
        result, action = record.result, new_action()
        pose = moved_pose(result.moving_to_fixed, fixed.pose())
        for one in moving:
            add_move(one.layer, action, affine_of(one.layer))
            one.set_pose(pose)
            add_record(one.layer, record)
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
            self.update_results()

        in_background(self, resampled, done, finish)
