"""The results: a summary, a choice of poses, and buttons to apply, resample and revert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, PushButton

from botalign import Alignment, Comparison, InputError
from napari_botalign.any_layer import AnyLayer, Move, layers_along
from napari_botalign.background import LatestOnly
from napari_botalign.copies import ResampledCopies
from napari_botalign.form import AlignForm
from napari_botalign.history import (
    Record,
    add_record,
    along_of,
    keep_place,
    layers_of,
    moved_layers,
    new_action,
    poses_of,
    records_of,
    revert,
)
from napari_botalign.kept import model_path
from napari_botalign.layer_choices import ObjectBox
from napari_botalign.layers import MapLayer, moved_pose
from napari_botalign.layout import row, wrapped_label
from napari_botalign.option_labels import spelled
from napari_botalign.poses import PoseChooser, at_pose
from napari_botalign.result_files import ResultFiles
from napari_botalign.summary import alignment_table, short_name, title
from napari_botalign.work import Pair, compared

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class ResultPanel(Container[Any]):
    """The results of the layers and those that were loaded, of which one is shown, and the buttons.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer of the layers.
    form : AlignForm
        The form with the chosen layers.
    show_message : callable
        Shows a message.
    show_trace : callable
        Plots the losses of a result.
    """

    def __init__(
        self,
        viewer: Viewer,
        form: AlignForm,
        show_message: Callable[[str], None],
        show_trace: Callable[[Alignment | None], None],
    ) -> None:
        self._viewer, self._form, self._show_message, self._show_trace = viewer, form, show_message, show_trace
        self._loaded: set[Record] = set()
        self._pose = poses_of(viewer.layers)
        self._at_pose: dict[tuple[Record, int], Alignment] = {}
        self._wanted: tuple[Record, int, tuple[MapLayer, Pair]] | None = None
        self._comparisons = LatestOnly(self, self._begin_comparison)
        self._running = False
        self.copies = ResampledCopies(viewer, self)
        self.which = ObjectBox(choices=self._titles, tooltip="The result to show, save and apply.")
        self.poses = PoseChooser()
        self.mirror = PushButton(
            text="Mirror and place", tooltip="Align the moving layer again, with the hand that fits better."
        )
        self.summary = wrapped_label(rich=True)
        self.revert = PushButton(text="Revert", tooltip="Undo the last alignment, choice of a pose, or use of Apply.")
        self.apply = PushButton(
            text="Apply",
            tooltip="Apply the transform of the result to the moving layers, of any kind: half maps, points, surfaces.",
        )
        self.resample = PushButton(
            text="Resample onto fixed",
            tooltip="Resample each moving layer, as displayed, onto the grid of the fixed map, as a new layer that is "
            "shown instead. It follows the moving layer, and is replaced when you press this again.",
        )
        self.files = ResultFiles(lambda: self.result, self._add_loaded, self._moving_models, self._do)
        self.save, self.load = self.files.save, self.files.load
        super().__init__(
            widgets=[
                self.which, self.poses, self.mirror, self.summary, row(self.revert, self.apply, self.resample),
                self.files,
            ],
            labels=False,
        )  # fmt: skip
        self.margins = (0, 0, 0, 0)
        self.which.changed.connect(self._on_which)
        for signal, action in (
            (self.poses.which.changed, self._move_to_pose), (self.revert.changed, self._revert),
            (self.apply.changed, self._apply), (self.resample.changed, self.resample_layers),
        ):  # fmt: skip
            signal.connect(partial(self._do, action))
        self._select_latest()
        self._compare()

    def add(self, layer: Layer, record: Record, along: Sequence[AnyLayer]) -> None:
        """Keep a result with its layer, which was moved with others unless the maps do not match, and show it."""
        add_record(layer, record, (one.layer for one in along))
        if record.result.verdict != "no match":
            keep_place(layer, (record, 0), record.result.moving_to_fixed)
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
        self.copies.watch()
        self._show()
        exists = self.current is not None
        self.apply.enabled = self.poses.enabled = self.mirror.enabled = exists and not running
        self.revert.enabled = bool(moved_layers(self._viewer.layers)) and not running
        self.resample.enabled = not running
        self.files.enable_buttons(exists=self.result is not None, running=running)
        self.files.model.visible = any(model_path(layer) is not None for layer in self._form.moving.value)
        self.which.visible = self.summary.visible = exists

    @property
    def current(self) -> Record | None:
        """The shown record; None if there is none."""
        record: Record | None = self.which.value
        return record

    @property
    def result(self) -> Alignment | None:
        """The shown result, at the chosen pose; None if there is none, or its scores are still being computed."""
        if self.current is None:
            return None
        number = self._pose.get(self.current, 0)
        return self._at_pose.get((self.current, number)) if number else self.current.result

    def resample_layers(self) -> str:
        """Resample the moving layers, as displayed, onto the grid of the fixed map."""
        fixed, moving = self._form.layers.maps()
        self.copies.make(fixed, moving, lambda: self._finish("Resampled onto the grid of the fixed map."), self._finish)
        return "Resampling…"

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

    def _on_which(self) -> None:
        self._compare()
        self._show()

    def _show(self) -> None:
        record, result = self.current, self.result
        if record is None:
            self.poses.offer(None, 0)
        else:
            self.poses.offer(record.result, self._pose.get(record, 0))
        self.mirror.visible = result is not None and result.other_hand_fits_better and not result.moving.model
        if record is not None and result is not None:
            self.summary.value = alignment_table(result, record.before)
        self._show_trace(None if record is None else record.result)

    def _do(self, action: Callable[[], str]) -> None:
        """Do the action of a button, and show its message or the error."""
        self._show_message("")
        try:
            self._show_message(action())
        except (InputError, FileExistsError) as error:
            self._show_message(spelled(error))
        self.update_results()

    def _revert(self) -> str:
        layers = revert(moved_layers(self._viewer.layers))
        restored = poses_of(layers)
        self._pose = poses_of(self._viewer.layers) | restored
        if restored and self.current not in restored:
            self.which.value = list(restored)[-1]
        self._compare()
        return f"Moved back: {', '.join(str(layer.name) for layer in layers)}."

    def _apply(self) -> str:
        record = self.current
        assert record is not None  # otherwise the button is disabled
        number = self._pose.get(record, 0)
        fixed, moving = self._form.layers.movable()
        along = self._form.layers.along_with([one.layer for one in moving])
        self._move(record, number, fixed, moving, along)
        for one, others in zip(moving, along, strict=True):
            add_record(one.layer, record, (other.layer for other in others))
        name = short_name(record.result.moving.name)
        return f"Moved by the transform of {name}: {', '.join(one.name for one in moving)}."

    def _move_to_pose(self) -> str:
        """Move the layers of a result, and those that moved along, to another pose."""
        record, number = self.current, self.poses.which.value
        assert record is not None  # otherwise there is no choice
        fixed, pair = self._maps_of(record)
        layers = layers_of(record, self._viewer.layers) or [pair.moving.layer]
        kept = [along_of(record, layer) for layer in layers]
        along = layers_along(kept, layers, fixed.layer, self._viewer.layers)
        self._move(record, number, fixed, [self._form.layers.movable_layer(layer) for layer in layers], along)
        self._pose[record] = number
        self._compare()
        return f"Moved to another pose: {', '.join(str(layer.name) for layer in layers)}."

    def _compare(self) -> None:
        """Compute the scores at the chosen pose of the shown result, unless they are known."""
        record = self.current
        number = 0 if record is None else self._pose.get(record, 0)
        if record is None or not number or (record, number) in self._at_pose:
            return
        with suppress(InputError):  # a result that was loaded, and no maps are chosen
            self._wanted = record, number, self._maps_of(record)
            self._comparisons.request()

    def _begin_comparison(self) -> Any:
        if self._wanted is None:
            return None
        (record, number, maps), self._wanted = self._wanted, None
        if (record, number) in self._at_pose:
            return None
        pose = record.result.poses[number]
        transform = pose.moving_to_fixed

        def done(comparison: Comparison) -> None:
            at = at_pose(record.result, transform, comparison, equivalent=pose.group == 0)
            self._at_pose[record, number] = at
            self.update_results()

        part = record.result.part is not None
        return lambda: compared(*maps, transform, of_part=part), done, self._show_message

    def _maps_of(self, record: Record) -> tuple[MapLayer, Pair]:
        """Return the maps of a result; for one that was loaded, the chosen ones."""
        if record.maps is not None:
            return record.maps
        fixed, pairs = self._form.pairs()
        return fixed, pairs[0]

    def _move(
        self,
        record: Record,
        number: int,
        fixed: MapLayer,
        moving: Sequence[MapLayer | AnyLayer],
        along: Sequence[Sequence[AnyLayer]],
    ) -> None:
        """Move layers to a pose of a result, and others along, as one action: all of them, or none on an error."""
        result = record.result
        transform = result.poses[number].moving_to_fixed if number else result.moving_to_fixed
        action, pose = new_action(), moved_pose(transform, fixed.pose())
        for move in [Move(one, others) for one, others in zip(moving, along, strict=True)]:
            move.to(pose)
            move.keep(action)
            keep_place(move.moving.layer, (record, number), transform)

    def _finish(self, message: str) -> None:
        self._show_message(message)
        self._form.layers.reset_choices()  # the copies do not move along
        self.update_results()

    def _add_loaded(self, result: Alignment) -> None:
        self._loaded.add(Record(result, result.before))
        self._select_latest()

    def _moving_models(self) -> tuple[MapLayer, list[MapLayer]]:
        fixed, moving = self._form.layers.maps()
        return fixed, [one for one in moving if one.model_path is not None]
