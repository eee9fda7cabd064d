"""The figure of a comparison of two maps, or of a map and an atomic model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botalign.figures.curves import BLUE, GREY, draw_shells
from botalign.figures.layout import HEADER, blank_figure, draw_projection, finish, heading
from botalign.figures.projections import PLANES, overlay, preview, view_box
from botalign.geometry import checked_transform, identity
from botalign.scores import THRESHOLDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from botalign.maps.density_map import DensityMap
    from botalign.scores import ShellCurves

#: Height of the projections in inches.
_HEIGHT = 2.9


def comparison_figure(
    curves: ShellCurves,
    first: DensityMap,
    second: DensityMap,
    *,
    transform: ArrayLike | None = None,
    facts: Sequence[str] = (),
) -> Figure:
    """Draw two maps as they are placed, and their Fourier shell correlations.

    Parameters
    ----------
    curves : ShellCurves
        The Fourier shell correlations, for example ``botalign.score(first, second).curves``.
    first, second : DensityMap
        The maps, or the simulated map of an atomic model; see :func:`botalign.simulate`.
    transform : array_like of shape (3, 4), optional
        Transform of the second map.
    facts : sequence of str, optional
        What to write above the figure, for example scores.

    Returns
    -------
    matplotlib.figure.Figure
        Three projections of the superimposed maps, the first one orange and the second one blue, which add up to white,
        and the curves with the resolutions at which they fall below 0.5 and 0.143. The figure is not registered with
        pyplot: save it with ``figure.savefig``.
    """
    pose = checked_transform(transform)
    shown = (preview(first), preview(second))
    pictures = overlay(*shown, pose, view_box([(shown[0], identity()), (shown[1], pose)]))
    figure = blank_figure(HEADER + _HEIGHT)
    grid = figure.add_gridspec(1, len(PLANES) + 1, width_ratios=(1, 1, 1, 1.35))
    for column in range(len(PLANES)):
        draw_projection(figure.add_subplot(grid[0, column]), pictures, column, "")
    colours = {"unmasked": GREY, "masked": BLUE}
    lines = [(curve, name, colours[name]) for name, curve in curves.named().items()]
    draw_shells(figure.add_subplot(grid[0, 3]), lines, thresholds=THRESHOLDS)
    finish(figure, len(PLANES))
    heading(figure, [("first", first.name), ("second", second.name)], facts)
    return figure
