"""The figure of an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.figures.curves import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

#: Largest number of maps whose names are written, and largest number of categories with a colour each.
MOST_NAMES, MOST_KINDS = 20, 20
NO_VALUE = "#BBBBBB"
_INCHES = 4.6


def embedding_figure(
    coordinates: ArrayLike,
    *,
    values: Sequence[float] | Sequence[str] | NDArray[np.float64] | NDArray[np.str_] | None = None,
    label: str = "",
    names: Sequence[str] | None = None,
    colours: str = "viridis",
) -> Figure:
    """Draw maps as points.

    Parameters
    ----------
    coordinates : array_like, shape (n, dimensions)
        Coordinates of the maps, for example from :func:`botalign.diffusion_map`. The first three are drawn in pairs.
    values : sequence of float or of str, optional
        Values that colour the points: numbers (NaN is grey), or text values of up to 20 categories.
    label : str, optional
        Label of the colour scale or legend.
    names : sequence of str, optional
        Names of the maps, written beside the points if there are at most 20.
    colours : str, optional
        Colour map of matplotlib for numbers; use ``twilight`` or ``hsv`` for angles.

    Returns
    -------
    matplotlib.figure.Figure
        The figure is not registered with pyplot: save it with ``figure.savefig``.

    Raises
    ------
    InputError
        If the colour map is unknown, the numbers of values and points differ, or there are too many categories.
    """
    from matplotlib.figure import Figure

    points = np.asarray(coordinates, dtype=np.float64)
    pairs = list(combinations(range(min(points.shape[1], 3)), 2)) or [(0, 0)]
    width = _INCHES * len(pairs) + 1.2 * (values is not None)
    figure = Figure(figsize=(width, _INCHES), dpi=150, layout="constrained", facecolor="white")
    panels = [figure.add_subplot(1, len(pairs), number + 1) for number in range(len(pairs))]
    for axes, (x, y) in zip(panels, pairs, strict=True):
        across = points[:, [x, y]] if x != y else np.column_stack([np.arange(1, len(points) + 1), points[:, 0]])
        drawn = draw_embedding(axes, across, values=values, names=names, colours=colours)
        axes.set_xlabel(f"coordinate {x + 1}" if x != y else "map")
        axes.set_ylabel(f"coordinate {y + 1}")
        axes.set_aspect("equal" if x != y else "auto", adjustable="datalim")
    if isinstance(drawn, dict):
        handles, kinds = list(drawn.values()), list(drawn)
        panels[-1].legend(handles, kinds, title=label, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    elif values is not None:
        figure.colorbar(drawn, ax=panels, label=label)
    return figure


def draw_embedding(
    axes: Axes,
    points: NDArray[np.float64],
    *,
    values: Sequence[float] | Sequence[str] | NDArray[np.float64] | NDArray[np.str_] | None = None,
    names: Sequence[str] | None = None,
    colours: str = "viridis",
    size: float = 28.0,
) -> PathCollection | dict[str, PathCollection]:
    """Draw points in a plane; return the artists for a colour bar or a legend."""
    style: dict[str, Any] = {"s": size, "linewidths": 0.4, "edgecolors": "black"}
    if names is not None and len(names) <= MOST_NAMES:
        for name, point in zip(names, points, strict=True):
            shown = name.replace("$", r"\$")
            axes.annotate(shown, point, xytext=(4, 4), textcoords="offset points", fontsize=7, color="0.3")
    if values is None:
        return axes.scatter(*points.T, color=BLUE, **style)
    given = np.asarray(values)
    if len(given) != len(points):
        raise InputError(Setting("values"), f": got {len(given)}, expected one for each of {len(points)} points.")
    if given.dtype.kind in "US":
        return _draw_kinds(axes, points, given, style)
    known = np.isfinite(given)
    axes.scatter(*points[~known].T, color=NO_VALUE, **style)
    x, y = points[known].T
    return axes.scatter(x, y, c=given[known], cmap=_colour_map(colours), **style)


def _draw_kinds(
    axes: Axes, points: NDArray[np.float64], values: NDArray[np.str_], style: dict[str, Any]
) -> dict[str, PathCollection]:
    from matplotlib import colormaps

    kinds = list(dict.fromkeys(values.tolist()))
    if len(kinds) > MOST_KINDS:
        raise InputError(
            Setting("values"),
            f": {len(kinds)} different text values, expected numbers or at most {MOST_KINDS} categories.",
        )
    palette = colormaps["tab10" if len(kinds) <= 10 else "tab20"]
    return {
        kind or "none": axes.scatter(*points[values == kind].T, color=palette(number), **style)
        for number, kind in enumerate(kinds)
    }


def _colour_map(name: str) -> str:
    from matplotlib import colormaps

    if name not in colormaps:
        raise InputError(
            Setting("colours"), f": got {name!r}, expected a colour map of matplotlib such as 'viridis' or 'twilight'."
        )
    return name
