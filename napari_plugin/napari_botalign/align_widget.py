"""The dock widget that aligns layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botalign import Alignment, InputError, Progress
from napari_botalign.any_layer import AnyLayer
from napari_botalign.colour_layers import colour_layers
from napari_botalign.flat_view import FlatViewNote
from napari_botalign.form import AlignForm
from napari_botalign.history import Record
from napari_botalign.layers import MapLayer
from napari_botalign.option_labels import spelled
from napari_botalign.plots import LossPlot
from napari_botalign.result_panel import ResultPanel
from napari_botalign.run import AlignmentRun
from napari_botalign.run_widget import RunWidget
from napari_botalign.summary import outcome
from napari_botalign.voxel_size import ask_voxel_sizes, unit_note
from napari_botalign.work import Pair

if TYPE_CHECKING:
    import napari.viewer


class AlignWidget(RunWidget):
    """Aligns maps to a fixed one, and shows the search and the results.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    form: AlignForm

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._run: AlignmentRun | None = None
        self._name = ""
        self._outcomes: list[str] = []
        self._notes: list[str] = []
        form = AlignForm(napari_viewer)
        self.plot = LossPlot(napari_viewer)
        self.results = ResultPanel(napari_viewer, form, self._show_message, self._show_trace)
        self.flat = FlatViewNote(napari_viewer, self.results.resample)
        super().__init__(form, "Align", lines=2, below=[self.flat, self.results, self.plot.canvas])
        self.align = self.start
        self.results.mirror.changed.connect(self._on_mirror)
        self._show_trace(None)

    @property
    def running(self) -> bool:
        """Whether an alignment is running."""
        return self._run is not None

    def reset_choices(self, *args: object) -> None:
        """Update the offered layers, and the results that belong to them."""
        super().reset_choices(*args)
        self.results.update_results()
        self.flat.watch()

    def on_steps(self, name: str, steps: Sequence[Progress], fraction: float) -> None:
        """Show the progress of the work on a map."""
        if name != self._name:
            self._name = name
            self.plot.clear()
        self.plot.add(steps)
        self.plot.canvas.setVisible(not self.plot.empty)
        self.progress.value = round(1000 * fraction)
        last = steps[-1]
        lowest = "" if last.best_loss is None else f", lowest loss {last.best_loss:.4g}"
        self._show_message(f"{name}: {last.label}, {last.done} of {last.total}{lowest}")

    def on_result(self, pair: Pair, record: Record, along: Sequence[AnyLayer]) -> None:
        """Show the result of a map."""
        self.results.add(pair.moving.layer, record, along)
        self._outcomes.append(outcome(pair.moving.name, record.result))

    def on_end(self, messages: Sequence[str]) -> None:
        """Show the messages of the run."""
        self._run = None
        self._set_running(False)
        shown = [*self._outcomes, *messages, *(self._notes if self._outcomes else ())]
        self.progress.value = 1000 if self._outcomes and not messages else 0
        self._show_message("\n".join(shown))

    def _on_start(self) -> None:
        self._begin()

    def _on_mirror(self) -> None:
        """Align the layers of the shown result again, with the better hand."""
        record = self.results.current
        if record is not None and record.maps is not None:
            fixed, pair = record.maps
            if fixed.layer in self._viewer.layers and pair.moving.layer in self._viewer.layers:
                self.form.layers.choose(fixed.layer, [pair.moving.layer])
        self._begin(hand="auto")

    def _begin(self, hand: str | None = None) -> None:
        """Begin an alignment, with another option for the hand than in the form if it is given."""
        try:
            options = self.form.alignment_options()
            options = replace(options, hand=hand or options.hand)
            fixed, pairs = self.form.pairs()
            if ask_voxel_sizes(self.native, _layers(fixed, pairs)):
                fixed, pairs = self.form.pairs()
                self._viewer.reset_view()
            along = self.form.layers.along_with([pair.moving.layer for pair in pairs])
            run = AlignmentRun(self._viewer, fixed, pairs, options, along=along, follows=self._follows, watcher=self)
        except InputError as error:
            self._show_message(spelled(error))
            return
        colour_layers(fixed.layer, [pair.moving.layer for pair in pairs])
        self._run, self._name, self._outcomes = run, "", []
        self._set_running(True)
        self._notes = unit_note(_layers(fixed, pairs))
        self._show_message("Preparing…")
        self.results.copies.choose_visible()  # a copy would be too slow to follow the search
        run.start()

    def _on_cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def _on_closed(self) -> None:
        self.results.copies.close()
        if self._run is not None:
            self._run.stop_silently()
            self._run = None

    def _follows(self) -> bool:
        return bool(self.form.follow.value) and self._viewer.dims.ndisplay == 3

    def _set_running(self, running: bool) -> None:
        super()._set_running(running)
        self.results.update_results(running=running)
        self.results.visible = not running  # the plot of the search needs its place
        if running:
            self.plot.clear()
            self.plot.canvas.hide()

    def _show_trace(self, result: Alignment | None) -> None:
        """Plot the losses of a result; hide the plot if there are none."""
        if self.running:
            return
        if result is None:
            self.plot.show(())
        else:
            self.plot.show(result.trace, ended=result.ended_text)
        self.plot.canvas.setVisible(not self.plot.empty)


def _layers(fixed: MapLayer, pairs: Sequence[Pair]) -> list[MapLayer]:
    """Return all layers that are used, each once."""
    masks = [mask.layer for pair in pairs for mask in pair.masks if mask is not None]
    return list({one.layer: one for one in (fixed, *(pair.moving for pair in pairs), *masks)}.values())
