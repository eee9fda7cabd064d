"""The dock widget that aligns layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botalign import Alignment, InputError, Progress, Scores
from napari_botalign.colour_layers import colour_layers
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

if TYPE_CHECKING:
    import napari.viewer

_FLAT = "A 2-D view does not show rotations of layers: use the 3-D view, or press Resample onto fixed."


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
        self.results = ResultPanel(napari_viewer, form.layers, self._show_message)
        super().__init__(form, "Align", lines=2, below=[self.plot.canvas, self.results])
        self.align = self.start

    @property
    def running(self) -> bool:
        """Whether an alignment is running."""
        return self._run is not None

    def reset_choices(self, *args: object) -> None:
        """Update the offered layers, and the results that belong to them."""
        super().reset_choices(*args)
        self.results.update_results()

    def on_steps(self, name: str, steps: Sequence[Progress], fraction: float) -> None:
        """Show the progress of the work on a map."""
        if name != self._name:
            self._name = name
            self.plot.clear()
        self.plot.add(steps)
        self.progress.value = round(1000 * fraction)
        last = steps[-1]
        lowest = "" if last.best_loss is None else f", lowest loss {last.best_loss:.4g}"
        self._show_message(f"{name}: {last.label}, {last.done} of {last.total}{lowest}")

    def on_result(self, moving: MapLayer, result: Alignment, before: Scores) -> None:
        """Show the result of a map."""
        self.results.add(moving.layer, Record(result, before))
        self._outcomes.append(outcome(moving.name, result))

    def on_end(self, messages: Sequence[str]) -> None:
        """Show the messages of the run."""
        self._run = None
        self._set_running(False)
        self.plot.draw()
        shown = [*self._outcomes, *messages, *(self._notes if self._outcomes else ())]
        if self._outcomes and self._viewer.dims.ndisplay == 2:  # napari draws the nearest slice, and warns
            shown.append(_FLAT)
        self.progress.value = 1000 if self._outcomes and not messages else 0
        self._show_message("\n".join(shown))

    def _on_start(self) -> None:
        try:
            options = self.form.alignment_options()
            fixed, moving = self.form.layers()
            if ask_voxel_sizes(self.native, [fixed, *moving, *self.form.masks().values()]):
                fixed, moving = self.form.layers()
                self._viewer.reset_view()
            masks = self.form.masks()
            run = AlignmentRun(self._viewer, fixed, moving, options, masks=masks, follows=self._follows, watcher=self)
        except InputError as error:
            self._show_message(spelled(error))
            return
        colour_layers(fixed.layer, [one.layer for one in moving])
        self._run, self._name, self._outcomes = run, "", []
        self._set_running(True)
        self._notes = unit_note([fixed, *moving, *masks.values()])
        self._show_message("Preparing…")
        run.start()

    def _on_cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def _on_closed(self) -> None:
        if self._run is not None:
            self._run.stop_silently()
            self._run = None

    def _follows(self) -> bool:
        return bool(self.form.follow.value) and self._viewer.dims.ndisplay == 3

    def _set_running(self, running: bool) -> None:
        super()._set_running(running)
        self.results.update_results(running=running)
        if running:
            self.plot.clear()
