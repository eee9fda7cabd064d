"""A scatter plot whose points can be clicked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from napari_botalign.plots import BLUE, ORANGE, Plot

if TYPE_CHECKING:
    from napari.viewer import Viewer

_HEIGHT = 300
_AXES_BOX, _BAR_BOX = (0.15, 0.14, 0.82, 0.83), (0.83, 0.14, 0.03, 0.83)
#: Width of the axes beside a colour bar, and most texts in a legend.
_BESIDE_BAR, _LISTED = 0.65, 10
#: Allowed distance of a click from a point, in screen pixels.
_REACH = 12.0
_HINT = (
    "Press Open… and choose the coordinates.csv\nthat botalign embed wrote, or choose\n"
    "File > Open Sample > BOTalign > Conformations."
)
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
        self._names: Sequence[str] = ()
        self._mark: Any = None
        self._name: Any = None
        self.bar: Any = None
        super().__init__(viewer, height=_HEIGHT, axes_box=_AXES_BOX)
        self.canvas.mpl_connect("button_press_event", self._on_click)
        self.canvas.mpl_connect("motion_notify_event", self._on_move)
        self.canvas.mpl_connect("axes_leave_event", self._on_move)

    def clear(self) -> None:
        """Show only what to do."""
        self.axes.clear()
        self.axes.set_axis_off()
        self.axes.text(0.5, 0.5, _HINT, ha="center", va="center", transform=self.axes.transAxes, fontsize=8)
        self._on_theme()

    def show(
        self,
        x: Sequence[float],
        y: Sequence[float],
        labels: tuple[str, str],
        values: Sequence[Any] | None = None,
        *,
        names: Sequence[str] = (),
        title: str = "",
    ) -> None:
        """Draw points instead of the previous ones.

        Parameters
        ----------
        x, y : sequence of float
            Coordinates of each point.
        labels : tuple of str
            Labels of the two axes.
        values : sequence of float or str, optional
            Values shown by colours: numbers by a colour map with a bar, or a colour for each different text.
        names : sequence of str, optional
            Name of each point, which is shown when the mouse is over it.
        title : str, optional
            What the colours show.
        """
        self._points, self._names = list(zip(map(float, x), map(float, y), strict=True)), names
        self.axes.clear()
        self.axes.scatter(x, y, s=22, c=_colours(values, len(self._points)), linewidths=0.6, edgecolors=GREY)
        self._explain(values, title)
        self._name = self.axes.annotate(
            "", (0, 0), xytext=(0, 9), textcoords="offset points", ha="center", fontsize=8, visible=False,
            bbox={"boxstyle": "round", "linewidth": 0.6}, annotation_clip=False, zorder=9,
        )  # fmt: skip
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

    def _explain(self, values: Sequence[Any] | None, title: str) -> None:
        """Draw a bar for the colours of numbers, or a legend for those of texts."""
        if self.bar is not None:
            self.bar.ax.remove()
            self.bar = None
        left, bottom, width, height = _AXES_BOX
        if values is None or (is_text := _is_text(values)):
            if values is not None and is_text:
                kinds = list(dict.fromkeys(values))[:_LISTED]
                for kind in kinds:
                    self.axes.plot([], [], "o", markersize=4, color=_colours(values, 0)[values.index(kind)], label=kind)
                self.axes.legend(title=title, fontsize=7, title_fontsize=7, framealpha=0.3, borderpad=0.3)
        else:
            width = _BESIDE_BAR
            bar_axes = self.figure.add_axes(_BAR_BOX)
            scale = ScalarMappable(Normalize(*_limits(values)), "viridis")
            self.bar = self.figure.colorbar(scale, cax=bar_axes, label=title)
            self.bar.outline.set_visible(False)
        self.axes.set_position((left, bottom, width, height))

    def _on_theme(self, event: Any = None) -> None:
        super()._on_theme(event)
        ink, ground = self.axes.xaxis.label.get_color(), self.axes.get_facecolor()
        for text in self.axes.texts:
            text.set_color(ink)
        if self._name is not None:
            self._name.get_bbox_patch().set(facecolor=ground, edgecolor=ink)
        legend = self.axes.get_legend()
        if legend is not None:
            legend.get_title().set_color(ink)
            legend.get_frame().set(facecolor=ground, edgecolor=GREY)
        if self.bar is not None:
            self.bar.ax.tick_params(colors=ink, labelsize=8)
            self.bar.ax.yaxis.label.set(color=ink, fontsize=8)

    def _on_click(self, event: Any) -> None:
        """Choose the point nearest to a click, if it is close enough."""
        nearest = self._nearest(event)
        if nearest is not None:
            self._chosen(nearest)

    def _on_move(self, event: Any) -> None:
        """Show the name of the point under the mouse."""
        nearest = self._nearest(event) if event.name == "motion_notify_event" else None
        if self._name is None or not self._names or (nearest is None and not self._name.get_visible()):
            return
        self._name.set_visible(nearest is not None)
        if nearest is not None:
            self._name.set_text(self._names[nearest])
            self._name.xy = self._points[nearest]
            x, y = self.axes.transAxes.inverted().transform(self.axes.transData.transform(self._points[nearest]))
            self._name.set(
                ha="left" if x < 1 / 3 else "right" if x > 2 / 3 else "center", va="bottom" if y < 0.9 else "top"
            )
            self._name.set_position((0, 9 if y < 0.9 else -9))
        self.canvas.draw_idle()

    def _nearest(self, event: Any) -> int | None:
        """Return the number of the point under the mouse."""
        if event.inaxes is not self.axes or not self._points:
            return None
        pixels = self.axes.transData.transform(self._points)
        distances = [float((px - event.x) ** 2 + (py - event.y) ** 2) ** 0.5 for px, py in pixels]
        nearest = min(range(len(distances)), key=lambda i: distances[i] if distances[i] == distances[i] else inf)
        return nearest if distances[nearest] < _REACH * self.canvas.device_pixel_ratio else None


def _colours(values: Sequence[Any] | None, count: int) -> list[Any]:
    """Return a colour for each point."""
    if values is None:
        return [BLUE] * count
    if _is_text(values):
        kinds = list(dict.fromkeys(values))
        palette = colormaps["tab10" if len(kinds) <= 10 else "tab20"]
        return [palette(kinds.index(value) % palette.N) for value in values]
    low, high = _limits(values)
    scale = colormaps["viridis"]
    return [scale((value - low) / ((high - low) or 1.0)) if value == value else GREY for value in values]


def _is_text(values: Sequence[Any]) -> bool:
    return any(isinstance(value, str) for value in values)


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the least and the largest value."""
    known = [value for value in values if value == value]
    return min(known, default=0.0), max(known, default=0.0)
