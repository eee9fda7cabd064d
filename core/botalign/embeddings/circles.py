"""Statistics for embeddings that form a circle."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting


def circular_rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    r"""Return the rank correlation of two sets of angles, in either direction around the circle.

    .. math:: r = \max_\pm \Big| \frac 1 n \sum_i e^{i (\alpha_i \pm \beta_i)} \Big|

    where the angles are replaced by their ranks on the circle, :math:`\alpha_i = 2 \pi \operatorname{rank}(\theta_i) /
    n` (Mardia 1975, Journal of the Royal Statistical Society B 37, 349).

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Angles in radians.

    Returns
    -------
    float
        1 if the angles have the same order around the circle, in the same or in opposite directions; about
        :math:`1 / \sqrt n` for independent angles.

    Raises
    ------
    InputError
        If the numbers of angles differ or are 0.
    """
    a, b = (np.asarray(angles, dtype=np.float64).ravel() for angles in (first, second))
    if len(a) != len(b) or not len(a):
        raise InputError(
            Setting("first"), " and ", Setting("second"), f": got {len(a)} and {len(b)} angles, expected the same "
            "number, at least 1.",
        )  # fmt: skip
    alpha, beta = _ranked(a), _ranked(b)
    return float(max(abs(np.exp(1j * (alpha - beta)).mean()), abs(np.exp(1j * (alpha + beta)).mean())))


def openness(coordinates: ArrayLike) -> float:
    """Return the smallest distance between points from the origin, divided by the mean distance.

    Parameters
    ----------
    coordinates : array_like, shape (n, 2)
        Points.

    Returns
    -------
    float
        1 for a circle, 0 for a figure that goes through the origin.
    """
    radii = np.hypot(*np.asarray(coordinates, dtype=np.float64).T)
    return float(radii.min() / radii.mean())


def _ranked(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks of angles, as evenly spaced angles."""
    ranks = np.empty(len(angles))
    ranks[np.argsort(angles % (2 * np.pi), kind="stable")] = np.arange(len(angles))
    return 2 * np.pi * ranks / len(angles)
