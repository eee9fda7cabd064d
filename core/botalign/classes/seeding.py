"""The first averages, drawn from the images by k-means++."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Volume
from botalign.classes.assignment import SharedImages
from botalign.classes.metrics import Nearest
from botalign.progress import map_steps


@dataclass(frozen=True, eq=False)
class Seeds:
    """Images drawn as first averages, and the nearest of them for each image."""

    drawn: NDArray[np.int64]
    nearest: Nearest


def seeding_steps(
    images: SharedImages, splines: Volume, classes: int, rng: np.random.Generator
) -> Generator[int, None, Seeds]:
    """Draw the first averages (Algorithm 2 of Rao et al. 2020: k-means++ with distances over all poses).

    An image is drawn with a probability proportional to the squared distance from the nearest image drawn before.

    Parameters
    ----------
    images : SharedImages
        Images.
    splines : ndarray of float32
        Spline coefficients of the images.
    classes : int
        Number of images to draw.
    rng : numpy.random.Generator
        Random number generator.

    Yields
    ------
    int
        Number of images drawn so far.
    """
    n = len(splines)
    uniform = rng.random(classes)  # drawn at once, so that the numbers do not depend on the images
    drawn = np.empty(classes, dtype=np.int64)
    nearest = Nearest(np.full(n, np.inf), np.full(n, np.iinfo(np.int64).max))
    for number in range(classes):
        drawn[number] = _draw(nearest.distance, uniform[number], drawn[:number])
        image = splines[drawn[number]]
        found = yield from map_steps(images.update(image, number, nearest), lambda _, drawn=number: drawn)  # type: ignore[misc]
        nearest = Nearest(found.distance, found.chosen, nearest.work + found.work)
        yield number + 1
    return Seeds(drawn, nearest)


def _draw(distance: NDArray[np.float64], uniform: float, before: NDArray[np.int64]) -> int:
    """Return the index of an image that was not drawn before, given a uniform random number."""
    weights = np.square(distance) if len(before) else np.ones(len(distance))
    weights[before] = 0
    if not weights.any():  # all other images are copies of drawn images
        weights[...] = 1
        weights[before] = 0
    cumulative = np.cumsum(weights)
    index = int(np.searchsorted(cumulative, uniform * cumulative[-1], side="right"))
    return min(index, int(np.flatnonzero(weights)[-1]))
