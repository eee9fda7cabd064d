"""Figures of a classification: the averages, and the loss of each iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botalign.classes.facts import resolution_of_class
from botalign.figures.curves import BLUE, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from botalign import Classification

#: Averages in a row, and in the narrowest figure, as many as the title is wide.
_ROW, _LEAST_ROW = 10, 5
#: Height of an average and of a line of text in inches.
_INCHES, _TITLE = 0.95, 0.18
#: Percentage of the pixels of an average that may be saturated, at either end of the grey scale.
_SATURATED_PERCENT = 0.5


def class_gallery(found: Classification, *, most: int = 200) -> Figure:
    """Draw the class averages, largest class first, each with its size, resolution and own grey scale.

    Parameters
    ----------
    found : Classification
        Result of the classification.
    most : int, optional
        Largest number of averages to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The figure is not registered with pyplot: save it with ``figure.savefig``.
    """
    from matplotlib.figure import Figure

    shown = min(most, len(found.sizes))
    columns = min(_ROW, shown)
    rows = -(-shown // columns)
    figure = Figure(figsize=(_INCHES * max(columns, _LEAST_ROW), (_INCHES + _TITLE) * rows + _TITLE), dpi=150)
    axes = figure.subplots(rows, columns, squeeze=False)
    for place, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if place < shown:
            ax.imshow(_greys(found.averages.images[place]), cmap="gray", vmin=0, vmax=1)
            ax.set_title(_title(found, place), fontsize=6, pad=2)
    left_out = "" if shown == len(found.sizes) else f", the {shown} largest shown"
    figure.suptitle(
        f"{len(found.sizes)} classes{left_out}; above each average class, number of images, and resolution", fontsize=7
    )
    figure.subplots_adjust(
        left=0.01, right=0.99, bottom=0.01, top=1 - 2 * _TITLE / figure.get_figheight(), wspace=0.04, hspace=0.2
    )
    return figure


def _title(found: Classification, number: int) -> str:
    resolution = resolution_of_class(found, number)
    return f"{number + 1}: {found.sizes[number]}" + (f", {resolution}" if resolution else "")


def class_course(found: Classification) -> Figure:
    """Draw the loss of each iteration, and the number of images that changed class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 2.6), dpi=150, layout="constrained")
    losses, changes = figure.subplots(1, 2)
    number = [iteration.number for iteration in found.iterations]
    _draw(losses, number, [iteration.loss for iteration in found.iterations], "sum of squared distances", BLUE)
    _draw(changes, number, [iteration.changed for iteration in found.iterations], "images that changed class", GREY)
    changes.set_ylim(bottom=0)
    return figure


def _draw(axes: Axes, number: list[int], values: list[float] | list[int], label: str, colour: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(number, values, ".-", color=colour)
    axes.set_xlabel("iteration")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _greys(image: NDArray[np.float32]) -> NDArray[np.float64]:
    low, high = np.percentile(
        image[image != 0] if image.any() else image, [_SATURATED_PERCENT, 100 - _SATURATED_PERCENT]
    )
    return np.asarray(np.clip((image - low) / max(float(high - low), 1e-30), 0, 1), dtype=np.float64)
