"""Plots of a result: Fourier shell correlation, losses of the search, weights of the common part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from botalign.figures.projections import weight_colours
from botalign.geometry import identity
from botalign.maps.resampling import resample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from botalign import Alignment
    from botalign.maps.density_map import DensityMap
    from botalign.scores import ShellCorrelation

#: Colours of Okabe and Ito, which colour-blind readers can distinguish.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8C8C8C"
_WEIGHT_BINS = 20
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


def draw_shells(
    axes: Axes,
    curves: Sequence[tuple[ShellCorrelation, str, str]],
    *,
    thresholds: Sequence[float] = (0.5,),
    inside: str = "",
) -> None:
    """Draw Fourier shell correlations; the frequency axis is labelled with the resolution.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    curves : sequence of tuple
        Each curve with its name and its colour.
    thresholds : sequence of float, optional
        Correlations for which the legend gives the resolutions.
    inside : str, optional
        What is compared, if that is not all.
    """
    for threshold in thresholds:
        axes.axhline(threshold, color="0.6", linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.axhline(0.0, color="0.85", linewidth=0.8, zorder=1)
    for shells, name, colour in curves:
        label = f"{name}: {', '.join(_crossing(shells, each, several=len(thresholds) > 1) for each in thresholds)}"
        axes.plot(shells.frequency_per_angstrom, shells.correlation, color=colour, linewidth=1.6, label=label)
    last = max(float(shells.frequency_per_angstrom[-1]) for shells, _, _ in curves)
    ticks = _resolutions(last)
    axes.set_xticks([1 / tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.set_xlim(0, last)
    lowest = min(float(np.min(shells.correlation)) for shells, _, _ in curves)
    axes.set_ylim(min(-0.1, max(lowest - 0.05, -1.0)), 1.03)
    axes.set_xlabel("resolution (Å)")
    axes.set_ylabel(f"Fourier shell correlation{f' inside {inside}' if inside else ''}")
    legend_above(axes, columns=1 if len(thresholds) > 1 else 2)


def draw_search(axes: Axes, alignment: Alignment) -> None:
    """Draw the loss of each evaluation of a search, which must have at least one, and the lowest loss so far."""
    for mirrored, colour, name in ((False, BLUE, "as given"), (True, ORANGE, "mirrored")):
        losses = np.array([point.loss for point in alignment.trace if point.mirrored is mirrored])
        if len(losses):
            number = np.arange(1, len(losses) + 1)
            axes.plot(number, losses, ".", color=colour, markersize=4, alpha=0.4, markeredgewidth=0)
            axes.step(
                number, np.minimum.accumulate(losses), where="post", color=colour, linewidth=1.6, label=f"best, {name}"
            )
    legend_above(axes)
    axes.margins(x=0.02)
    axes.set_xlabel("evaluation" if alignment.ended_text is None else f"evaluation ({alignment.ended_text})")
    axes.set_ylabel(_loss_label(alignment))


def draw_weights(axes: Axes, shown: DensityMap, weights: DensityMap) -> None:
    """Draw how much of a molecule, a preview, has which weight in the common part; the colours are those of the map."""
    inside = resample(weights, identity(), shown.grid).data[shown.data > 0]
    edges = np.linspace(0, 1, _WEIGHT_BINS + 1)
    share = 100 * np.histogram(np.clip(inside, 0, 1), edges)[0] / max(len(inside), 1)
    middles = (edges[1:] + edges[:-1]) / 2
    axes.bar(middles, share, width=1 / _WEIGHT_BINS, color=weight_colours(middles), edgecolor="white", linewidth=0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("weight in the common part")
    axes.set_ylabel("fraction of the molecule (%)")
    for position, text, weight, alignment in ((0.0, "maps differ", 0.0, "left"), (1.0, "maps agree", 1.0, "right")):
        colour = 0.8 * weight_colours(np.array([weight]))[0]  # dark enough for text on white
        axes.text(position, 1.03, text, transform=axes.transAxes, ha=alignment, color=colour, fontsize=9, weight="bold")


def legend_above(axes: Axes, *, columns: int = 2) -> None:
    """Put the legend above the axes, where it covers no curve and no point."""
    axes.legend(
        frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 0.99), ncols=columns, borderaxespad=0
    )


def _crossing(shells: ShellCorrelation, threshold: float, *, several: bool) -> str:
    """Return the resolution at which a curve falls below a threshold as text."""
    resolution = shells.resolution(threshold)
    if not np.isfinite(resolution):
        return f"below {threshold:g}"
    finer = "" if shells.falls_below(threshold) else "≤ "
    return f"{finer}{resolution:.1f} Å{f' at {threshold:g}' if several else ''}"


def _loss_label(alignment: Alignment) -> str:
    return {"wemd": "WEMD", "core": "WEMD", "l2": "L2 distance"}.get(str(alignment.parameters.get("loss")), "loss")


def _resolutions(last_frequency: float) -> list[float]:
    """Choose about five round resolutions whose frequencies are evenly spread up to the last."""
    rounds = [base * 10.0**power for power in range(-1, 4) for base in _ROUND]
    wanted = [last_frequency * (k + 1) / 5 for k in range(5)]
    inside = [r for r in rounds if 1 / r <= 1.001 * last_frequency]
    return sorted({min(inside, key=lambda r: abs(1 / r - frequency)) for frequency in wanted}, reverse=True)
