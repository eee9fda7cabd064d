"""The first averages: images drawn one after the other, far from those drawn before."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.classes.assignment import Nearest, Part, nearer_steps
from botalign.classes.frame import Frame
from botalign.jobs import Workers
from botalign.progress import exhaust

Array32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seeds:
    """Images drawn as first averages, and the nearest of them and its pose for each image."""

    drawn: NDArray[np.int64]
    nearest: Nearest


def seeding_steps(
    frame: Frame, parts: Sequence[Part], splines: Array32, classes: int, rng: np.random.Generator, workers: Workers
) -> Generator[int, None, Seeds]:
    """Draw the first averages: Algorithm 2 of Rao et al. (2020), k-means++ with distances over all poses.

    Each is drawn with a probability proportional to the square of an image's distance from the nearest drawn before.

    Parameters
    ----------
    frame : Frame
        Metric and poses.
    parts : sequence of Part
        The images' vectors.
    splines : ndarray of float32
        The images' spline coefficients.
    classes : int
        How many to draw.
    rng : numpy.random.Generator
        Source of randomness.
    workers : Workers
        Who does it.

    Yields
    ------
    int
        How many are drawn and compared.
    """
    n = len(splines)
    at = rng.random(classes)  # all at once: the draws don't depend on what they meet with
    drawn = np.empty(classes, dtype=np.int64)
    nearest = Nearest(np.full(n, np.inf), np.full(n, np.iinfo(np.int64).max), 0)
    for number in range(classes):
        drawn[number] = _drawn(nearest.distance, at[number], drawn[:number])
        image = splines[drawn[number]]
        found = exhaust(nearer_steps(frame, parts, image, number, nearest, workers))
        nearest = Nearest(found.distance, found.chosen, nearest.work + found.work)
        yield number + 1
    return Seeds(drawn, nearest)


def _drawn(distance: NDArray[np.float64], at: float, before: NDArray[np.int64]) -> int:
    """Return the image whose share of the squares holds the place `at`, from 0 to 1; none that was drawn before."""
    weights = np.square(distance) if len(before) else np.ones(len(distance))
    weights[before] = 0
    if not weights.any():  # all others are copies of images drawn already
        weights[...] = 1
        weights[before] = 0
    heights = np.cumsum(weights)
    place = int(np.searchsorted(heights, at * heights[-1], side="right"))
    return min(place, int(np.flatnonzero(weights)[-1]))
