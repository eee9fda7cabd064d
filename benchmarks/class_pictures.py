"""Figures of Rao et al. (2020), drawn from the results of ``classes.py``."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

Array = np.ndarray

COLOURS = {"l2": "#D55E00", "wemd": "#0072B2"}
NAMES = {"l2": "L2", "wemd": "earth mover's"}


def angles_picture(angles: dict[tuple[int, str], Array]) -> Figure:
    """Draw the distribution of angles between viewing directions in a class (Figure 2)."""
    ratios = sorted({ratio for ratio, _ in angles})
    figure = Figure(figsize=(3.0 * len(ratios), 2.5), dpi=150, layout="constrained")
    for axes, ratio in zip(figure.subplots(1, len(ratios), squeeze=False, sharey=True)[0], ratios, strict=True):
        for metric, colour in COLOURS.items():
            share, edges = np.histogram(angles[ratio, metric], bins=60, range=(0, 180), density=True)
            axes.plot((edges[1:] + edges[:-1]) / 2, share, color=colour, label=NAMES[metric])
        axes.set_title(f"SNR 1/{ratio}", fontsize=9)
        axes.set_xlabel("angle between directions (degrees)")
        axes.set_xlim(0, 180)
        axes.set_ylim(bottom=0)
    figure.axes[0].set_ylabel("fraction of pairs per degree")
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure


def sizes_picture(sizes: dict[tuple[int, str], Array]) -> Figure:
    """Draw the sizes of the classes, largest first (Figure 4)."""
    ratios = sorted({ratio for ratio, _ in sizes})
    figure = Figure(figsize=(3.0 * len(ratios), 2.5), dpi=150, layout="constrained")
    for axes, ratio in zip(figure.subplots(1, len(ratios), squeeze=False, sharey=True)[0], ratios, strict=True):
        for metric, colour in COLOURS.items():
            axes.plot(
                np.arange(1, len(sizes[ratio, metric]) + 1), sizes[ratio, metric], color=colour, label=NAMES[metric]
            )
        axes.set_title(f"SNR 1/{ratio}", fontsize=9)
        axes.set_xlabel("class, largest first")
        axes.set_ylim(bottom=0)
    figure.axes[0].set_ylabel("images")
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure


def averages_picture(averages: dict[str, Array]) -> Figure:
    """Draw the averages of the largest classes, one row for each metric (Figure 3)."""
    count = len(next(iter(averages.values())))
    figure = Figure(figsize=(1.1 * count, 1.2 * len(averages)), dpi=150, layout="constrained")
    rows = figure.subplots(len(averages), count, squeeze=False)
    for row, (metric, images) in zip(rows, averages.items(), strict=True):
        for axes, image in zip(row, images, strict=True):
            axes.imshow(image, cmap="gray", vmin=np.percentile(image, 1), vmax=np.percentile(image, 99.7))
            axes.set_axis_off()
        row[0].set_title(NAMES[metric], fontsize=8, loc="left")
    return figure


def sensitivity_picture(curves: dict[tuple[str, str], tuple[Array, Array]]) -> Figure:
    """Draw distances against angles between viewing directions (Figure 5)."""
    kinds = list(dict.fromkeys(kind for kind, _ in curves))
    figure = Figure(figsize=(6.4, 2.3 * len(kinds)), dpi=150, layout="constrained")
    for row, kind in zip(figure.subplots(len(kinds), 2, squeeze=False), kinds, strict=True):
        for axes, (metric, colour) in zip(row, COLOURS.items(), strict=True):
            angle, distance = curves[kind, metric]
            axes.plot(angle, distance, ".", color=colour, markersize=2)
            axes.set_title(f"{NAMES[metric]}, {kind}", fontsize=9)
            axes.set_xlabel("angle between viewing directions (degrees)", fontsize=8)
            axes.set_ylabel("distance")
    return figure
