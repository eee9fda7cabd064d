"""Is an embedding a circle? Numbers for it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting


def circular_rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    r"""Tell how well two circles of angles agree in their order, whichever way round (Mardia 1975).

    .. math:: r = \max_\pm \Big| \frac 1 n \sum_i e^{i (\alpha_i \pm \beta_i)} \Big|

    with the ranks of the angles on a circle, :math:`\alpha_i = 2 \pi \operatorname{rank}(\theta_i) / n`. After Mardia
    1975, Journal of the Royal Statistical Society B 37, 349.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Angles, in radians, of any turn.

    Returns
    -------
    float
        1 if going round the one circle is going round the other, in the same direction or the other; about
        :math:`1 / \sqrt n` for angles that have nothing to do with each other.

    Raises
    ------
    InputError
        If the two differ in number or are empty.
    """
    one, other = (np.asarray(angles, dtype=np.float64).ravel() for angles in (first, second))
    if len(one) != len(other) or not len(one):
        raise InputError(
            Setting("angles"), f": got {len(one)} and {len(other)}, expected the same number, one at least."
        )
    alpha, beta = _ranked(one), _ranked(other)
    return float(max(abs(np.exp(1j * (alpha - beta)).mean()), abs(np.exp(1j * (alpha + beta)).mean())))


def openness(coordinates: ArrayLike) -> float:
    """Tell how open a circle about the origin is: the smallest distance from the origin, as a part of the mean.

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
    """Return the ranks of angles on a circle, spread evenly over it."""
    ranks = np.empty(len(angles))
    ranks[np.argsort(angles % (2 * np.pi), kind="stable")] = np.arange(len(angles))
    return 2 * np.pi * ranks / len(angles)
