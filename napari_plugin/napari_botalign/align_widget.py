"""The dock widget that aligns layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botalign import Alignment, InputError, Progress, Scores
from napari_botalign.colours import tell_apart
from napari_botalign.form import AlignForm
from napari_botalign.layers import MapLayer, without_unit
from napari_botalign.moves import Moves
from napari_botalign.plots import LossPlot
from napari_botalign.result_panel import ResultPanel
from napari_botalign.run import AlignmentRun
from napari_botalign.run_widget import RunWidget

if TYPE_CHECKING:
    import napari.viewer

_FLAT = "A 2-D view shows a turned layer without its turn: see it in 3-D, or press Resample onto fixed."


class AlignWidget(RunWidget):
    """Puts maps onto another: pick them, press Align, see the search work.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer.
    """

    form: AlignForm

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self._viewer = napari_viewer
        self._moves = Moves()
        self._run: AlignmentRun | None = None
        self._name = ""
        self._aligned: list[str] = []
        form = AlignForm(napari_viewer)
        self.plot = LossPlot(napari_viewer)
        self.results = ResultPanel(napari_viewer, form.layers, self._moves, self._say)
        super().__init__(form, "Align", lines=2, below=[self.plot.canvas, self.results])
        self.align = self.start

    @property
    def running(self) -> bool:
        """Whether an alignment is going on."""
        return self._run is not None

    def on_steps(self, name: str, steps: Sequence[Progress], fraction: float) -> None:
        """Show how far the work on a map has come."""
        if name != self._name:
            self._name = name
            self.plot.clear()
        self.plot.add(steps)
        self.progress.value = round(1000 * fraction)
        last = steps[-1]
        best = "" if last.best_loss is None else f", best loss {last.best_loss:.4g}"
        stage = "scores" if last.done == last.total else last.label
        self._say(f"{name}: {stage}, {last.done} of {last.total}{best}")

    def on_aligned(self, fixed: MapLayer, moving: MapLayer, result: Alignment, before: Scores) -> None:
        """Show the result of a map that is in place."""
        self.results.add(result, before)
        self._aligned.append(moving.name)

    def on_end(self, messages: Sequence[str]) -> None:
        """Be ready for the next."""
        self._run = None
        self._set_running(False)
        self.plot.draw()
        said = list(messages)
        if self._aligned:
            said.insert(0, f"In place: {', '.join(self._aligned)}.")
            if self._viewer.dims.ndisplay == 2:  # napari draws the nearest slice, and warns
                said.append(_FLAT)
        self.progress.value = 1000 if self._aligned and not messages else 0
        self._say(" ".join(said))

    def _on_start(self) -> None:
        try:
            fixed, moving = self.form.layers()
            options = self.form.arguments()
            run = AlignmentRun(
                self._viewer, fixed, moving, options, masks=self.form.masks(), follows=self._follows,
                moves=self._moves, watcher=self,
            )  # fmt: skip
        except InputError as error:
            self._say(str(error))
            return
        tell_apart(fixed.layer, [one.layer for one in moving])
        self._moves.begin()
        self._run, self._name, self._aligned = run, "", []
        self._set_running(True)
        vague = [one.name for one in (fixed, *moving) if without_unit(one.layer)]
        self._say("Preparing…" + (f" Without a unit, taken as angstrom: {', '.join(vague)}." if vague else ""))
        run.start()

    def _on_cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def _on_destroyed(self) -> None:
        if self._run is not None:
            self._run.abandon()
            self._run = None

    def _follows(self) -> bool:
        return bool(self.form.follow.value) and self._viewer.dims.ndisplay == 3

    def _set_running(self, running: bool) -> None:
        super()._set_running(running)
        self.results.update_buttons(running=running)
        if running:
            self.plot.clear()
