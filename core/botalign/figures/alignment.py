"""The figure of an alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from botalign.figures.curves import BLUE, GREY, draw_search, draw_shells, draw_weights
from botalign.figures.layout import HEADER, blank_figure, draw_projection, finish, heading
from botalign.figures.projections import PLANES, coloured_by, overlay, preview, view_box
from botalign.geometry import identity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Alignment
    from botalign.maps.density_map import DensityMap

#: Both rows have the same scale, unless this would shrink the molecule after the alignment by more than this factor.
_LARGEST_BOX = 1.5
#: Height of the figure with two rows in inches.
_HEIGHT = 5.8


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
    figure = blank_figure(HEADER + (_HEIGHT - HEADER) * len(rows) / 2)
    grid = figure.add_gridspec(len(rows), 4, width_ratios=(1, 1, 1, 1.35))
    for row, (title, pictures) in enumerate(rows):
        for column in range(len(PLANES)):
            draw_projection(figure.add_subplot(grid[row, column]), pictures, column, title)
    # The search for a part scans all rotations, so there is no sequence of losses to draw.
    draw_shells(
        figure.add_subplot(grid[0, 3] if alignment.trace else grid[:2, 3]),
        [(alignment.shells_before, "before", GREY), (alignment.shells_after, "after", BLUE)],
        inside="" if alignment.part is None else "the part",
    )
    if alignment.trace:
        draw_search(figure.add_subplot(grid[1, 3]), alignment)
    if weights is not None:
        draw_weights(figure.add_subplot(grid[2, 3]), fixed_shown, weights)
    finish(figure, len(PLANES) * len(rows))
    _title(figure, alignment)
    return figure


def _title(figure: Figure, alignment: Alignment) -> None:
    shift = float(np.linalg.norm(alignment.shift_angstrom))
    before, after = alignment.before.correlation, alignment.after.correlation
    facts = [
        f"rotated by {alignment.angle_degrees:.2f}°, shifted by {shift:.2f} Å",
        f"correlation {before:z.4f} → {after:z.4f}",
    ]
    if alignment.part_correlation is not None:
        facts[-1] += f" inside the part, {alignment.part_correlation:z.4f} of its edges"
    if alignment.mirrored:
        facts.insert(0, "mirrored")
    if alignment.scale is not None and alignment.scale.is_wrong:
        facts.append(f"scale {alignment.scale.value:.4f}{', applied' if alignment.scale.applied else ''}")
    if alignment.hand is not None:
        facts.append(f"hand: {alignment.hand.decision}")
    if alignment.verdict is not None:
        facts.append(f"verdict: {alignment.verdict}")
    heading(figure, [("fixed", alignment.fixed.name), ("moving", alignment.moving.name)], facts)
