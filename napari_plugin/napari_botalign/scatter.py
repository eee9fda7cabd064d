"""A scatter plot whose points can be clicked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps

from napari_botalign.plots import BLUE, ORANGE, Plot

if TYPE_CHECKING:
    from napari.viewer import Viewer

_HEIGHT = 300
_AXES_BOX = (0.15, 0.14, 0.82, 0.83)
#: Allowed distance of a click from a point, in screen pixels.
_REACH = 12.0
_HINT = "Press Open… and choose the coordinates.csv\nthat botalign embed wrote."
#: Colour of points without a value, and of the edges, visible on dark and light backgrounds.
GREY = "#8C8C8C"


class ScatterPlot(Plot):
    """Points, one of which is marked.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer whose theme is used.
    chosen : callable
        Receives the number of a point that was clicked on.
    """

    def __init__(self, viewer: Viewer, chosen: Callable[[int], None]) -> None:
        self._chosen = chosen
        self._points: list[tuple[float, float]] = []
        self._mark: Any = None
        super().__init__(viewer, height=_HEIGHT, axes_box=_AXES_BOX)
        self.canvas.mpl_connect("button_press_event", self._on_click)

    def clear(self) -> None:
        """Show only what to do."""
        self.axes.clear()
        self.axes.set_axis_off()
        self.axes.text(0.5, 0.5, _HINT, ha="center", va="center", transform=self.axes.transAxes, fontsize=8)
        self._on_theme()

    def show(
        self, x: Sequence[float], y: Sequence[float], labels: tuple[str, str], values: Sequence[Any] | None = None
    ) -> None:
        """Draw points instead of the previous ones.

        Parameters
        ----------
        x, y : sequence of float
            Coordinates of each point.
        labels : tuple of str
            Labels of the two axes.
        values : sequence of float or str, optional
            Values shown by colours: numbers by a colour map, or a colour for each different text.
        """
        self._points = list(zip(map(float, x), map(float, y), strict=True))
        self.axes.clear()
        self.axes.scatter(x, y, s=22, c=_colours(values, len(self._points)), linewidths=0.6, edgecolors=GREY)
        (self._mark,) = self.axes.plot([], [], "o", markersize=11, markerfacecolor="none", markeredgewidth=2)
        self._mark.set_markeredgecolor(ORANGE)
        self.axes.set(xlabel=labels[0], ylabel=labels[1])
        self.axes.margins(0.06)
        self._on_theme()

    def mark(self, number: int) -> None:
        """Draw a ring around a point."""
        x, y = self._points[number]
        self._mark.set_data([x], [y])
        self.canvas.draw_idle()

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        for text in self.axes.texts:
            text.set_color(self.axes.xaxis.label.get_color())

    def _on_click(self, event: Any) -> None:
        """Choose the point nearest to a click, if it is close enough."""
        if event.inaxes is not self.axes or not self._points:
            return
        pixels = self.axes.transData.transform(self._points)
        distances = [float((px - event.x) ** 2 + (py - event.y) ** 2) ** 0.5 for px, py in pixels]
        nearest = min(range(len(distances)), key=lambda i: distances[i] if distances[i] == distances[i] else inf)
        if distances[nearest] < _REACH * self.canvas.device_pixel_ratio:
            self._chosen(nearest)


def _colours(values: Sequence[Any] | None, count: int) -> list[Any]:
    """Return a colour for each point."""
    if values is None:
        return [BLUE] * count
    if any(isinstance(value, str) for value in values):
        kinds = list(dict.fromkeys(values))
        palette = colormaps["tab10" if len(kinds) <= 10 else "tab20"]
        return [palette(kinds.index(value) % palette.N) for value in values]
    known = [value for value in values if value == value]
    low, high = min(known, default=0.0), max(known, default=0.0)
    scale = colormaps["viridis"]
    return [scale((value - low) / ((high - low) or 1.0)) if value == value else GREY for value in values]
