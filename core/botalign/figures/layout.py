"""What figures of two maps have in common: projections of both, and two lines of text above them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from botalign.figures.projections import FIXED_COLOUR, MOVING_COLOUR, PLANES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from botalign.figures.projections import Overlay

#: Width of a figure, and height of the two lines of text above it, in inches.
WIDTH, HEADER = 11.0, 0.5
#: Font size of a file name and the width available for it, in points.
_NAME_SIZE, _NAME_WIDTH = 9.5, 300.0
_MOST_LETTERS = 120


def blank_figure(height: float) -> Figure:
    """Return a figure of a height in inches whose layout leaves space for the lines of :func:`heading`."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - HEADER / height))
    return Figure(figsize=(WIDTH, height), dpi=150, layout=layout, facecolor="white")


def draw_projection(axes: Axes, pictures: Overlay, column: int, title: str) -> None:
    """Draw one of the projections of two superimposed maps; the first one has the title."""
    horizontal, vertical, _ = PLANES[column]
    axes.imshow(pictures.images[column], origin="lower", extent=pictures.extents[column], interpolation="bilinear")
    axes.set_xlabel(f"{horizontal} (Å)")
    axes.set_ylabel(f"{vertical} (Å)")
    axes.locator_params(nbins=5)
    if column == 0:
        axes.text(0.04, 0.94, title, transform=axes.transAxes, color="white", fontsize=11, va="top", weight="bold")


def finish(figure: Figure, projections: int) -> None:
    """Set the sizes of the text, and remove the frames of all axes after the projections."""
    for axes in figure.axes:
        axes.tick_params(labelsize=8)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
    for axes in figure.axes[projections:]:
        axes.spines[["top", "right"]].set_visible(False)


def heading(figure: Figure, names: Sequence[tuple[str, str]], facts: Sequence[str]) -> None:
    """Write the roles and names of the two maps in their colours, and a line of facts."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, label=f"{role}: {_fitted(name)}")
        for colour, (role, name) in zip((FIXED_COLOUR, MOVING_COLOUR), names, strict=True)
    ]
    figure.legend(
        handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=_NAME_SIZE, borderaxespad=0.2
    )
    figure.text(0.008, 1 - 0.3 / figure.get_figheight(), " · ".join(facts), ha="left", va="top", fontsize=10)


def _fitted(name: str) -> str:
    """Return a file name, shortened in the middle to the available width, with dollar signs escaped."""
    from matplotlib.textpath import TextPath

    name = Path(name).name
    for length in range(min(len(name), _MOST_LETTERS), 2, -1):
        half = (length - 1) // 2
        shown = name if length == len(name) else f"{name[:half]}…{name[-half:]}"
        shown = shown.replace("$", r"\$")
        if TextPath((0, 0), shown, size=_NAME_SIZE).get_extents().width <= _NAME_WIDTH:
            break
    return shown
