"""The figure of a learned landscape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from botalign.arrays import Matrix
from botalign.figures.curves import BLUE, GREY, ORANGE
from botalign.latent.agreement import lengths
from botalign.latent.landscape import CHECK, LEARN
from botalign.latent.learning import best_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

    from botalign import Landscape


_MOST_POINTS, _MOST_PAIRS = 20_000, 5_000


def landscape_figure(
    landscape: Landscape, latents: Matrix, subset: Matrix, distances: Matrix, *, values: Matrix | None = None
) -> Figure:
    """Draw a latent space before and after the transformation.

    Parameters
    ----------
    landscape : Landscape
        Result of the training.
    latents, subset, distances : ndarray
        Arguments of :func:`botalign.landscape`.
    values : ndarray, shape (n,), optional
        A number for each latent, which colours its point; by default its first principal coordinate after the
        transformation.

    Returns
    -------
    matplotlib.figure.Figure
        Top row: the first two principal coordinates of all latents before and after, in the same colours; stress and
        thickness of fits in 1, 2, ... dimensions. Bottom row: Euclidean distances against the given distances, before
        and after; the loss of the training. The figure is not registered with pyplot: save it with ``figure.savefig``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 7.4), dpi=150, layout="constrained", facecolor="white")
    panels = figure.subplots(2, 3)
    after = _principal(landscape.transformed)
    shade = after[:, 0] if values is None else np.asarray(values, dtype=np.float64)
    factor = _nearest_factor(subset, distances)
    image = _scatter(panels[0, 0], _principal(latents), shade)
    panels[0, 0].set_title("latents as given")
    _scatter(panels[0, 1], after, shade)
    panels[0, 1].set_title(f"transformed, d' = {landscape.transformed.shape[1]}")
    label = "first coordinate, transformed" if values is None else "given value"
    figure.colorbar(image, ax=panels[0, 1], label=label, shrink=0.85)
    for axes, points, scale, agreement, when in (
        (panels[1, 0], subset, factor, landscape.before, "before"),
        (panels[1, 1], landscape.subset_transformed, 1.0, landscape.after, "after"),
    ):
        _shepard(axes, points * scale, distances)
        axes.set_title(f"{when}: stress {agreement.stress:.3f}, correlation {agreement.correlation:.3f}")
    _draw_trials(panels[0, 2], landscape)
    _draw_course(panels[1, 2], landscape)
    for axes in panels.ravel():
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.title.set_fontsize(10)
    return figure


def _nearest_factor(points: Matrix, distances: Matrix) -> float:
    """Return the factor that fits the distances between points best to given distances."""
    upper = np.triu_indices(len(points), 1)
    return best_scale(lengths(points, upper), distances[upper])


def _principal(points: Matrix) -> Matrix:
    """Return the first two principal coordinates, or the only coordinate and the number of the point."""
    if points.shape[1] == 1:
        return np.column_stack([points[:, 0], np.arange(len(points))])
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(2)] < 0, -1.0, 1.0)
    found: Matrix = centred @ axes
    return found


def _thinned(count: int, most: int) -> slice:
    return slice(None, None, -(-count // most))


def _scatter(axes: Axes, points: Matrix, shade: Matrix) -> PathCollection:
    some = _thinned(len(points), _MOST_POINTS)
    size = float(np.clip(4000 / len(points), 1.0, 16.0))
    single = bool((points[:, 1] == np.arange(len(points))).all())
    if not single:
        axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("principal coordinate 1" if not single else "coordinate")
    axes.set_ylabel("principal coordinate 2" if not single else "number")
    return axes.scatter(
        points[some, 0], points[some, 1], c=shade[some], s=size, cmap="viridis", linewidths=0, rasterized=True
    )


def _shepard(axes: Axes, points: Matrix, distances: Matrix) -> None:
    first, second = np.triu_indices(len(points), 1)
    some = _thinned(len(first), _MOST_PAIRS)
    first, second = first[some], second[some]
    found = lengths(points, (first, second))
    known = distances[first, second]
    most = float(max(found.max(), known.max()))
    axes.plot([0, most], [0, most], color="0.6", linewidth=0.8, linestyle=(0, (4, 3)), zorder=3)
    axes.scatter(known, found, s=3, color=BLUE, alpha=0.3, linewidths=0, rasterized=True)
    axes.set(xlim=(0, 1.02 * most), ylim=(0, 1.02 * most))
    axes.set_xlabel("distance between the volumes")
    axes.set_ylabel("distance between the points")


def _draw_trials(axes: Axes, landscape: Landscape) -> None:
    trials = landscape.trials
    if not trials:
        axes.set_axis_off()
        return
    numbers = [trial.dimensions for trial in trials]
    axes.plot(numbers, [trial.thickness for trial in trials], "o-", color=BLUE, label="thickness of the last dimension")
    axes.plot(numbers, [trial.stress for trial in trials], "s-", color=ORANGE, label="stress")
    axes.set_xticks(numbers)
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlabel("dimensions d'")
    axes.set_title(f"intrinsic dimension {landscape.intrinsic_dimension_text}")
    axes.legend(frameon=False, fontsize="small")


def _draw_course(axes: Axes, landscape: Landscape) -> None:
    before = 0
    for stage in dict.fromkeys(step.stage for step in landscape.trace):
        steps = [step for step in landscape.trace if step.stage == stage]
        of_map = stage not in (CHECK, LEARN)
        axes.plot(
            [before + step.done for step in steps],
            np.asarray([step.loss for step in steps], dtype=np.float64),
            color=BLUE if of_map else GREY,
            linewidth=1.4,
            label="maps" if of_map else "distance",
        )
        before += steps[-1].total
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    axes.legend(handles.values(), handles.keys(), frameon=False, fontsize="small")
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.set_title("training")
