"""Plots of the loss during a search, and of the Fourier shell correlation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from napari.utils.theme import get_theme

from botalign import Progress, ShellCurves

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Colours of Okabe and Ito, which colour-blind readers can distinguish, on dark and light backgrounds.
BLUE, ORANGE = "#56B4E9", "#E69F00"
_HEIGHT = 150
_AXES_BOX = (0.15, 0.26, 0.82, 0.63)
#: Seconds between two drawings of a search; drawing slows the search down.
_PERIOD = 0.5


class Plot:
    """A small plot in the colours of napari's theme.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose theme is used.
    height : int, optional
        Height in pixels.
    axes_box : tuple of float, optional
        Left, bottom, width and height of the axes, as fractions of the figure.
    """

    def __init__(
        self, viewer: Viewer, *, height: int = _HEIGHT, axes_box: tuple[float, float, float, float] = _AXES_BOX
    ) -> None:
        self.figure = Figure(figsize=(3.4, height / 100), dpi=100)
        # A layout engine would double the time for drawing.
        self.axes = self.figure.add_axes(axes_box)
        self.canvas: Any = FigureCanvasQTAgg(self.figure)  # type: ignore[no-untyped-call]
        self.canvas.setFixedHeight(height)
        self._viewer = viewer
        viewer.events.theme.connect(self._on_theme)
        self.clear()

    def clear(self) -> None:
        """Clear the plot."""
        self.axes.clear()
        self._on_theme()

    def _on_theme(self, event: Any = None) -> None:
        theme = get_theme(self._viewer.theme)
        ink, ground = theme.text.as_hex(), theme.background.as_hex()
        self.figure.set_facecolor(ground)
        self.axes.set_facecolor(ground)
        self.axes.tick_params(colors=ink, labelsize=8)
        for text in (self.axes.xaxis.label, self.axes.yaxis.label):
            text.set(color=ink, fontsize=8)
        self.axes.spines[["top", "right"]].set_visible(False)
        self.axes.spines[["left", "bottom"]].set_color(ink)
        legend = self.axes.get_legend()
        if legend is not None:
            for text in legend.get_texts():
                text.set_color(ink)
        self.canvas.draw_idle()


class LossPlot(Plot):
    """Loss of each evaluation, and the lowest so far, for each hand."""

    def clear(self) -> None:
        """Clear the plot for the next map."""
        self.axes.clear()
        self.axes.set(xlabel="evaluation", ylabel="loss", xticks=[], yticks=[])
        self._points: dict[str | None, tuple[list[float], list[float]]] = {}
        self._lines: dict[str | None, tuple[Any, Any]] = {}
        self._drawn = 0.0
        self._shown: Sequence[Any] | None = None
        self._on_theme()

    def add(self, steps: Sequence[Progress]) -> None:
        """Add evaluations, and draw them if enough time has passed."""
        for step in steps:
            if step.loss is None or step.best_loss is None:
                continue
            if step.hand not in self._points:
                self._add_hand(step.hand)
            losses, lowest = self._points[step.hand]
            losses.append(step.loss)
            lowest.append(step.best_loss)
        if time.perf_counter() > self._drawn + _PERIOD:
            self.draw()

    def show(self, trace: Sequence[Any], *, ended: str | None = None) -> None:
        """Draw the evaluations of a result instead of the previous ones.

        Parameters
        ----------
        trace : sequence of TracePoint
            The evaluations.
        ended : str, optional
            After how many evaluations the search ended and why, if it did not make all.
        """
        if trace is self._shown:
            return
        self.clear()
        self._shown = trace
        for point in trace:
            hand = "mirrored" if point.mirrored else "as given"
            if hand not in self._points:
                self._add_hand(hand)
            losses, lowest = self._points[hand]
            losses.append(point.loss)
            lowest.append(min([point.loss, *lowest[-1:]]))
        if ended is not None:
            self.axes.set_xlabel(f"evaluation ({ended})")
        self.draw()

    @property
    def empty(self) -> bool:
        """Whether there are no evaluations, as in the search for a part."""
        return not self._points

    def draw(self) -> None:
        """Draw all evaluations."""
        for hand, (losses, lowest) in self._points.items():
            dots, line = self._lines[hand]
            number = range(1, len(losses) + 1)
            dots.set_data(number, losses)
            line.set_data(number, lowest)
        self.axes.relim()
        self.axes.autoscale_view()
        self.canvas.draw_idle()
        self._drawn = time.perf_counter()

    def _add_hand(self, hand: str | None) -> None:
        mirrored = hand == "mirrored"
        colour = ORANGE if mirrored else BLUE
        self.axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        self.axes.yaxis.set_major_locator(MaxNLocator(4))
        (dots,) = self.axes.plot([], [], ".", color=colour, markersize=4, alpha=0.45, markeredgewidth=0)
        label = "lowest, mirrored" if mirrored else "lowest so far"
        (line,) = self.axes.plot([], [], color=colour, linewidth=1.6, drawstyle="steps-post", label=label)
        self._points[hand], self._lines[hand] = ([], []), (dots, line)
        # Above the axes, where it covers no points.
        self.axes.legend(
            fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 0.97), ncols=2, handlelength=1.4,
            borderaxespad=0,
        )  # fmt: skip
        self._on_theme()


class ShellPlot(Plot):
    """Fourier shell correlations, inside a mask and of the whole boxes, as functions of the resolution."""

    def show(self, curves: ShellCurves) -> None:
        """Draw curves instead of the previous ones."""
        self.axes.clear()
        for threshold in (0.5, 0.143):
            self.axes.axhline(threshold, color="0.55", linewidth=0.8, linestyle=(0, (4, 3)))
            self.axes.annotate(f"{threshold:g}", (0.01, threshold), xycoords=("axes fraction", "data"), ha="left",
                               va="bottom", fontsize=7, color="0.55")  # fmt: skip
        shells, lowest = curves.masked, -0.05
        for name, curve in curves.named().items():  # the masked one last
            colour = BLUE if name == "masked" else ORANGE
            self.axes.plot(curve.frequency_per_angstrom, curve.correlation, color=colour, linewidth=1.6, label=name)
            lowest = min(lowest, *curve.correlation)
        self.axes.legend(
            fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 0.97), ncols=2, handlelength=1.4,
            borderaxespad=0,
        )  # fmt: skip
        self.axes.set(xlabel="resolution (Å)", ylabel="FSC", ylim=(lowest, 1.03))
        self.axes.set_xlim(0, shells.frequency_per_angstrom[-1])
        self.axes.xaxis.set_major_locator(MaxNLocator(5))
        self.axes.xaxis.set_major_formatter(FuncFormatter(lambda f, _: f"{1 / f:.3g}" if f > 0 else "∞"))
        self._on_theme()
