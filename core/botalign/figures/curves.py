"""Curves of a result: Fourier shell correlation, and the course of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from botalign.alignment import Alignment
    from botalign.scores import ShellCorrelation

#: Colours of Okabe and Ito, told apart by colour-blind eyes too.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8C8C8C"
_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


def draw_shells(axes: Axes, alignment: Alignment) -> None:
    """Draw the Fourier shell correlation before and after over the frequency, labelled by resolution."""
    axes.axhline(0.5, color="0.6", linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.axhline(0.0, color="0.85", linewidth=0.8, zorder=1)
    curves = ((alignment.shells_before, "before", GREY), (alignment.shells_after, "after", BLUE))
    for shells, when, colour in curves:
        axes.plot(
            shells.frequency_per_angstrom,
            shells.correlation,
            color=colour,
            linewidth=1.6,
            label=_labelled(when, shells),
        )
    last = max(float(shells.frequency_per_angstrom[-1]) for shells, _, _ in curves)
    ticks = _resolutions(last)
    axes.set_xticks([1 / tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.set_xlim(0, last)
    lowest = min(float(np.min(shells.correlation)) for shells, _, _ in curves)
    axes.set_ylim(min(-0.1, max(lowest - 0.05, -1.0)), 1.03)
    axes.set_xlabel("resolution (Å)")
    axes.set_ylabel("Fourier shell correlation")
    _legend_above(axes)


def draw_search(axes: Axes, alignment: Alignment) -> None:
    """Draw the loss of each evaluation of the search, of which there is one at least, and the lowest so far."""
    for mirrored, colour, name in ((False, BLUE, "as given"), (True, ORANGE, "mirrored")):
        losses = np.array([point.loss for point in alignment.trace if point.mirrored is mirrored])
        if len(losses):
            number = np.arange(1, len(losses) + 1)
            axes.plot(number, losses, ".", color=colour, markersize=4, alpha=0.4, markeredgewidth=0)
            axes.step(
                number, np.minimum.accumulate(losses), where="post", color=colour, linewidth=1.6, label=f"best, {name}"
            )
    _legend_above(axes)
    axes.margins(x=0.02)
    axes.set_xlabel("evaluation")
    axes.set_ylabel(_loss_label(alignment))


def _legend_above(axes: Axes) -> None:
    """Put the legend where it covers no curve, and no line runs through its words."""
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 0.99), ncols=2, borderaxespad=0)


def _labelled(when: str, shells: ShellCorrelation) -> str:
    resolution = shells.resolution(0.5)
    return f"{when}: {resolution:.1f} Å" if np.isfinite(resolution) else f"{when}: below 0.5"


def _loss_label(alignment: Alignment) -> str:
    return {"wemd": "WEMD (Å)", "core": "WEMD (Å)", "l2": "L2 distance"}.get(
        str(alignment.parameters.get("loss")), "loss"
    )


def _resolutions(last_frequency: float) -> list[float]:
    """Choose about five round resolutions whose frequencies are evenly spread up to the last."""
    rounds = [base * 10.0**power for power in range(-1, 4) for base in _ROUND]
    wanted = [last_frequency * (k + 1) / 5 for k in range(5)]
    inside = [r for r in rounds if 1 / r <= 1.001 * last_frequency]
    return sorted({min(inside, key=lambda r: abs(1 / r - frequency)) for frequency in wanted}, reverse=True)
