"""A plot of points that can be clicked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps

from napari_botalign.plots import BLUE, ORANGE, Plot

if TYPE_CHECKING:
    from napari.viewer import Viewer

_HEIGHT = 300
_PLACE = (0.15, 0.14, 0.82, 0.83)
#: How far from a point a click may be, in screen pixels.
_REACH = 12.0
_HINT = "Press Open… and choose the coordinates.csv\nthat botalign embed has written."
#: Of what has no number, and of the rims, which are seen on dark and on light grounds.
GREY = "#8C8C8C"


class ScatterPlot(Plot):
    """Points, one of them chosen by a click or by the arrow keys.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme to take.
    chosen : callable
        Takes the number of the point that was clicked on.
    """

    def __init__(self, viewer: Viewer, chosen: Callable[[int], None]) -> None:
        self._chosen = chosen
        self._points: list[tuple[float, float]] = []
        self._mark: Any = None
        super().__init__(viewer, height=_HEIGHT, place=_PLACE)
        self.canvas.mpl_connect("button_press_event", self._on_click)

    def clear(self) -> None:
        """Show nothing but what to do."""
        self.axes.clear()
        self.axes.set_axis_off()
        self.axes.text(0.5, 0.5, _HINT, ha="center", va="center", transform=self.axes.transAxes, fontsize=8)
        self._on_theme()

    def show(
        self, x: Sequence[float], y: Sequence[float], labels: tuple[str, str], values: Sequence[Any] | None = None
    ) -> None:
        """Draw points instead of the last.

        Parameters
        ----------
        x, y : sequence of float
            Of each point.
        labels : tuple of str
            Of the two axes.
        values : sequence of float or str, optional
            What colours them: numbers on a scale, or a colour for each kind of text.
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
        """Draw a ring about a point."""
        x, y = self._points[number]
        self._mark.set_data([x], [y])
        self.canvas.draw_idle()

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        for text in self.axes.texts:
            text.set_color(self.axes.xaxis.label.get_color())

    def _on_click(self, event: Any) -> None:
        """Choose the point nearest to a click, if there is one near."""
        if event.inaxes is not self.axes or not self._points:
            return
        places = self.axes.transData.transform(self._points)
        away = [float((px - event.x) ** 2 + (py - event.y) ** 2) ** 0.5 for px, py in places]
        nearest = min(range(len(away)), key=lambda number: away[number] if away[number] == away[number] else inf)
        if away[nearest] < _REACH * self.canvas.device_pixel_ratio:
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
