"""The dock widget that finds the point group of a map, and aligns its axes with those of the world."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from magicgui.widgets import PushButton

from botalign import DensityMap, InputError, Orientation, Progress, orient_steps
from napari_botalign.any_layer import AnyLayer, Move
from napari_botalign.background import in_background, in_batches, start_worker
from napari_botalign.coordinates import Matrix
from napari_botalign.dialogs import file_to_save
from napari_botalign.flat_view import FlatViewNote
from napari_botalign.history import keep_place, moved_layers, new_action, revert
from napari_botalign.layers import MapLayer, oriented_pose
from napari_botalign.layout import row, wrapped_label
from napari_botalign.new_layer import add_like
from napari_botalign.option_labels import spelled
from napari_botalign.orient_form import OrientForm
from napari_botalign.run_widget import RunWidget
from napari_botalign.summary import orientation_outcome, orientation_table
from napari_botalign.voxel_size import ask_voxel_sizes, unit_note
from napari_botalign.writing import with_extension

if TYPE_CHECKING:
    import napari.viewer

_JSON, _OPERATIONS = "JSON (*.json)", "JSON (*.json);;BIOMT records (*.txt)"
_MAPS = "Density map (*.mrc *.map *.ccp4 *.mrc.gz *.map.gz)"
_STAGES = {"prepare": "preparing", "axes": "finding the group", "refine": "fitting the axes"}


@dataclass(frozen=True, eq=False)
class Oriented:
    """A result, the map that it is about, and the pose of its oriented grid in the world."""

    chosen: MapLayer
    density: DensityMap
    found: Orientation
    pose: Matrix


Update = Progress | tuple[DensityMap, Orientation] | Exception


class OrientWidget(RunWidget):
    """Finds the point group of a map, moves the map onto its conventional axes, and saves what belongs to the group.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    form: OrientForm

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._stop: Event | None = None
        self._notes: list[str] = []
        self.current: Oriented | None = None
        self.summary = wrapped_label(rich=True)
        self.revert = PushButton(text="Revert", tooltip="Move the layers back to where they were before.")
        self.resample = PushButton(
            text="Resample", tooltip="A new layer: the oriented map, resampled onto its own grid; the map is hidden."
        )
        self.symmetrise = PushButton(
            text="Symmetrise", tooltip="A new layer: the oriented map, averaged over the operations of the group."
        )
        self.save_result = PushButton(
            text="Save result…", tooltip="Write the transform, by which `botalign apply` moves half maps and particles."
        )
        self.save_operations = PushButton(
            text="Save operations…",
            tooltip="Write the operations of the group: JSON or BIOMT records for the oriented map.",
        )
        self.save_map = PushButton(
            text="Save symmetrised map…",
            tooltip="Write the oriented map, averaged over the operations of the group, on the grid of the map.",
        )
        self.flat = FlatViewNote(napari_viewer, self.resample)
        below = [
            self.flat,
            self.summary,
            row(self.revert, self.resample, self.symmetrise),
            row(self.save_result, self.save_operations),
            self.save_map,
        ]
        super().__init__(OrientForm(napari_viewer), "Orient", lines=2, below=below)
        self.orient = self.start
        for button, action in (
            (self.revert, self._on_revert), (self.resample, self._on_resample), (self.symmetrise, self._on_symmetrise),
            (self.save_result, self._on_save_result), (self.save_operations, self._on_save_operations),
            (self.save_map, self._on_save_map),
        ):  # fmt: skip
            button.changed.connect(lambda _, action=action: self._do(action))
        self._update_buttons()

    @property
    def running(self) -> bool:
        """Whether a search is running."""
        return self._stop is not None

    def reset_choices(self, *args: object) -> None:
        """Update the offered layers."""
        super().reset_choices(*args)
        self.flat.watch()
        self._update_buttons()

    def _on_start(self) -> None:
        try:
            chosen = self.form.chosen()
            if ask_voxel_sizes(self.native, [chosen]):
                chosen = self.form.chosen()
                self._viewer.reset_view()
            along = self.form.moving_along()
        except InputError as error:
            self._show_message(spelled(error))
            return
        stop = self._stop = Event()
        self.current = None
        self.summary.value = ""
        self._notes = unit_note([chosen])
        self._set_running(True)
        self._update_buttons()
        self._show_message("Preparing…")

        def receive(update: Update) -> None:
            if stop is self._stop:  # otherwise it was cancelled, and may have been started again
                self._process(update, chosen, along)

        start_worker(_oriented(chosen, *self.form.group(), stop), receive)

    def _process(self, update: Update, chosen: MapLayer, along: Sequence[AnyLayer]) -> None:
        if isinstance(update, Progress):
            self.progress.value = round(1000 * update.done / update.total)
            self._show_message(f"{chosen.name}: {_STAGES[update.stage]}…")
            return
        self._end()
        if isinstance(update, Exception):
            self._show_message(spelled(update))
            if not isinstance(update, InputError):
                raise update  # a bug, which napari shows
            return
        density, found = update
        self.summary.value = orientation_table(found)
        message = orientation_outcome(chosen.name, found)
        if found.is_symmetric:
            try:
                self._move(chosen, density, found, along)
            except InputError as error:  # the layer was changed
                message = spelled(error)
        self.progress.value = 1000
        self._show_message("\n".join([message, *self._notes]))
        self._update_buttons()

    def _move(self, chosen: MapLayer, density: DensityMap, found: Orientation, along: Sequence[AnyLayer]) -> None:
        """Move the map onto its axes, and others along."""
        if chosen.layer not in self._viewer.layers:
            raise InputError(f"{chosen.name} was deleted, so it was not moved.")
        shown = [one for one in along if one.layer in self._viewer.layers]
        grid, oriented = oriented_pose(chosen, found)
        move = Move(chosen, shown)
        move.to(oriented)
        move.keep(new_action())
        keep_place(chosen.layer, None, found.transform)
        self.current = Oriented(chosen, density, found, grid)

    def _on_revert(self) -> str:
        layers = revert(moved_layers(self._viewer.layers))
        if self.current is not None and self.current.chosen.layer in layers:
            self.current.chosen.layer.visible = True
        return f"Moved back: {', '.join(str(layer.name) for layer in layers)}."

    def _on_resample(self) -> str:
        now = self._shown()
        self._add_layer(lambda: now.found.apply(now.density), "oriented", "Resampling…")
        return "Resampling…"

    def _on_symmetrise(self) -> str:
        now = self._shown()
        group = now.found.symmetry.group
        self._add_layer(lambda: now.found.symmetrised(now.density), group, "Symmetrising…")
        return "Symmetrising…"

    def _add_layer(self, make: Callable[[], DensityMap], suffix: str, busy: str) -> None:
        now = self._shown()
        layer = now.chosen.layer

        def done(density: DensityMap) -> None:
            name = f"{now.chosen.name}, {suffix}"
            add_like(self._viewer, density, name, fixed=now.chosen, pose=now.pose, like=layer)
            layer.visible = False  # it would hide the new one
            self._ready(f"New layer: {name}.")

        self._in_background(make, done, busy)

    def _on_save_result(self) -> str:
        now = self._shown()
        return self._save(
            "Save the result", "oriented.json", _JSON,
            lambda path: now.found.to_alignment(now.density).write(path, overwrite=True),
        )  # fmt: skip

    def _on_save_operations(self) -> str:
        now = self._shown()
        return self._save(
            "Save the operations", f"{now.found.symmetry.group}.json", _OPERATIONS,
            lambda path: now.found.write_operations(path, overwrite=True),
        )  # fmt: skip

    def _on_save_map(self) -> str:
        now = self._shown()
        name = f"{now.chosen.name}_{now.found.symmetry.group}.mrc"
        return self._save(
            "Save the symmetrised map", name, _MAPS,
            lambda path: now.found.symmetrised(now.density).write(path, overwrite=True),
        )  # fmt: skip

    def _save(self, title: str, name: str, kinds: str, write: Callable[[str], None]) -> str:
        """Ask for a file and write it off the GUI thread; the dialog asks whether to replace it."""
        path = file_to_save(self.native, title, name, kinds)
        if not path:
            return ""
        path = with_extension(path, name[name.rindex(".") :])
        self._in_background(lambda: write(path), lambda _: self._ready(f"Written: {path}."), "Writing…")
        return "Writing…"

    def _in_background(self, work: Callable[[], Any], done: Callable[[Any], None], busy: str) -> None:
        for button in (self.start, *self._of_result()):
            button.enabled = False
        self._show_message(busy)
        in_background(self, work, done, self._ready)

    def _ready(self, message: str) -> None:
        self.start.enabled = True
        self._show_message(message)
        self._update_buttons()

    def _do(self, action: Callable[[], str]) -> None:
        """Do the action of a button, and show its message or the error."""
        try:
            self._show_message(action())
        except (InputError, FileExistsError) as error:
            self._show_message(spelled(error))
        if self.start.enabled:  # otherwise it continues off the GUI thread
            self._update_buttons()

    def _shown(self) -> Oriented:
        assert self.current is not None  # otherwise the buttons are disabled
        return self.current

    def _of_result(self) -> tuple[PushButton, ...]:
        return (
            self.resample, self.flat.resample, self.symmetrise, self.save_result, self.save_operations, self.save_map
        )  # fmt: skip

    def _update_buttons(self) -> None:
        exists = self.current is not None and self.current.chosen.layer in self._viewer.layers
        for button in self._of_result():
            button.enabled = exists and not self.running
        self.revert.enabled = bool(moved_layers(self._viewer.layers)) and not self.running

    def _on_cancel(self) -> None:
        if self._stop is not None:
            self._end()
            self._update_buttons()
            self._show_message("Cancelled.")

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None
        self._set_running(False)

    def _on_closed(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None


def _oriented(
    chosen: MapLayer, symmetry: str | None, setting: str | None, stop: Event
) -> Generator[Update, None, None]:
    """Take the steps of a search off the GUI thread; yield progress, and at the end the map and its result."""
    try:
        density = chosen.density()
        steps = orient_steps(density, symmetry=symmetry, setting=setting)
        found = yield from in_batches(steps, stop.is_set, lambda taken: taken[-1])
        if found is not None:
            yield density, found
    except Exception as error:
        yield error
