"""The figure of an alignment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from botalign.figures.curves import draw_search, draw_shells, draw_weights
from botalign.figures.projections import (
    FIXED_COLOUR,
    MOVING_COLOUR,
    PLANES,
    coloured_by,
    overlay,
    preview,
    view_box,
)
from botalign.geometry import identity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from botalign import Alignment
    from botalign.figures.projections import Overlay
    from botalign.maps.density_map import DensityMap

#: Both rows have the same scale, unless this would shrink the molecule after the alignment by more than this factor.
_LARGEST_BOX = 1.5
#: Width and height of the figure with two rows, and height of the two lines of text above them, in inches.
_WIDTH, _HEIGHT, _HEADER = 11.0, 5.8, 0.5
#: Font size of a file name and the width available for it, in points.
_NAME_SIZE, _NAME_WIDTH = 9.5, 300.0
_MOST_LETTERS = 120


def alignment_figure(
    alignment: Alignment, fixed: DensityMap, moving: DensityMap, *, weights: DensityMap | None = None
) -> Figure:
    """Draw two maps before and after their alignment.

    Parameters
    ----------
    alignment : Alignment
        Result of the alignment.
    fixed, moving : DensityMap
        Maps that were aligned.
    weights : DensityMap, optional
        Weights of the part in which the maps agree; see :func:`botalign.common_part`. A third row shows the fixed map
        coloured by them: green where the maps agree, magenta where they differ.

    Returns
    -------
    matplotlib.figure.Figure
        Three projections of the superimposed maps before and after, the fixed map orange and the moving map blue, which
        add up to white; the Fourier shell correlations; the losses of the search, if there was one. The figure is not
        registered with pyplot: save it with ``figure.savefig``.

    Notes
    -----
    Only the density above a contour level is shown, on at most 128 voxels a side.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    fixed_shown, moving_shown = preview(fixed), preview(moving)
    poses = [("before", identity()), ("after", alignment.moving_to_fixed)]
    boxes = [view_box([(fixed_shown, identity()), (moving_shown, pose)]) for _, pose in poses]
    if boxes[0].size_angstrom[0] < _LARGEST_BOX * boxes[1].size_angstrom[0]:
        boxes = [view_box([(fixed_shown, identity()), *((moving_shown, pose) for _, pose in poses)])] * 2
    rows = [
        (when, overlay(fixed_shown, moving_shown, pose, box)) for (when, pose), box in zip(poses, boxes, strict=True)
    ]
    if weights is not None:
        rows.append(("common part", coloured_by(fixed_shown, weights, boxes[1])))
    height = _HEADER + (_HEIGHT - _HEADER) * len(rows) / 2
    layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - _HEADER / height))
    figure = Figure(figsize=(_WIDTH, height), dpi=150, layout=layout, facecolor="white")
    grid = figure.add_gridspec(len(rows), 4, width_ratios=(1, 1, 1, 1.35))
    for row, (title, pictures) in enumerate(rows):
        for column in range(len(PLANES)):
            _draw_projection(figure.add_subplot(grid[row, column]), pictures, column, title)
    # The search for a part scans all rotations, so there is no sequence of losses to draw.
    draw_shells(figure.add_subplot(grid[0, 3] if alignment.trace else grid[:2, 3]), alignment)
    if alignment.trace:
        draw_search(figure.add_subplot(grid[1, 3]), alignment)
    if weights is not None:
        draw_weights(figure.add_subplot(grid[2, 3]), fixed_shown, weights)
    for axes in figure.axes:
        axes.tick_params(labelsize=8)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
    for axes in figure.axes[len(PLANES) * len(rows) :]:
        axes.spines[["top", "right"]].set_visible(False)
    _title(figure, alignment)
    return figure


def _draw_projection(axes: Axes, pictures: Overlay, column: int, when: str) -> None:
    horizontal, vertical, _ = PLANES[column]
    axes.imshow(pictures.images[column], origin="lower", extent=pictures.extents[column], interpolation="bilinear")
    axes.set_xlabel(f"{horizontal} (Å)")
    axes.set_ylabel(f"{vertical} (Å)")
    axes.locator_params(nbins=5)
    if column == 0:
        axes.text(0.04, 0.94, when, transform=axes.transAxes, color="white", fontsize=11, va="top", weight="bold")


def _title(figure: Figure, alignment: Alignment) -> None:
    from matplotlib.patches import Patch

    shift = float(np.linalg.norm(alignment.shift_angstrom))
    before, after = alignment.before.correlation, alignment.after.correlation
    facts = [
        f"rotated by {alignment.angle_degrees:.2f}°, shifted by {shift:.2f} Å",
        f"correlation {before:z.4f} → {after:z.4f}",
    ]
    if alignment.part_correlation is not None:
        facts.append(f"inside the part {alignment.part_correlation:z.4f}")
    if alignment.mirrored:
        facts.insert(0, "mirrored")
    if alignment.hand is not None:
        facts.append(f"hand: {alignment.hand.decision}")
    if alignment.verdict is not None:
        facts.append(f"verdict: {alignment.verdict}")
    roles = ((FIXED_COLOUR, "fixed", alignment.fixed), (MOVING_COLOUR, "moving", alignment.moving))
    handles = [Patch(facecolor=colour, label=f"{role}: {_fitted(reference.name)}") for colour, role, reference in roles]
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
