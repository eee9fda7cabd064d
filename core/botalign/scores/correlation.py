"""Correlation of two maps, and the standard error of a difference of two correlations."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    r"""Return the correlation of two arrays, as Fit in Map of ChimeraX reports it.

    .. math:: \frac{\sum_i u_i v_i}{\sqrt{\sum_i u_i^2 \sum_i v_i^2}}

    Parameters
    ----------
    first, second : array_like
        Densities at the same positions, of any shape.

    Returns
    -------
    float
        Correlation, from -1 to 1; 0 if one of the arrays is zero everywhere.

    Raises
    ------
    InputError
        If the shapes differ.

    See Also
    --------
    correlation_about_mean : Subtracts the means first.
    score : Compares two maps on any grids.

    Notes
    -----
    A constant background raises this correlation: use it for densities above a contour level, or for maps whose
    background is zero.

    Examples
    --------
    >>> import botalign.scores
    >>> f"{botalign.scores.correlation([1.0, 2.0, 3.0], [2.0, 4.0, 7.0]):.3f}"
    '0.997'
    """
    u, v = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if u.shape != v.shape:
        raise InputError(f"correlation: got densities of shape {u.shape} and {v.shape}, expected the same shape.")
    scale = float(np.sqrt(np.sum(u * u) * np.sum(v * v)))
    return float(np.sum(u * v) / scale) if scale > 0 else 0.0


def correlation_about_mean(first: ArrayLike, second: ArrayLike) -> float:
    """Return the correlation of two arrays about their means (Pearson correlation).

    Parameters
    ----------
    first, second : array_like
        Densities at the same positions, of any shape.

    Returns
    -------
    float
        Correlation, from -1 to 1; 0 if one of the arrays is constant or empty.

    Raises
    ------
    InputError
        If the shapes differ.

    See Also
    --------
    correlation : Does not subtract the means.

    Notes
    -----
    Over a whole box the empty margin counts too: the larger it is, the higher the correlation. Compare correlations of
    the same positions only.

    Examples
    --------
    >>> import botalign.scores
    >>> f"{botalign.scores.correlation_about_mean([1.0, 2.0, 3.0], [12.0, 14.0, 17.0]):.3f}"
    '0.993'
    """
    u, v = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if not u.size:
        return 0.0
    return correlation(u - u.mean(), v - v.mean())


def jackknife_difference(
    reference: ArrayLike, first: ArrayLike, second: ArrayLike, blocks: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the difference of the correlations of two maps with a reference, and its standard error.

    The standard error is that of the delete-one-block jackknife (Efron 1982). The blocks must be larger than the
    details of the maps, so that neighbouring voxels do not count as independent.

    Parameters
    ----------
    reference, first, second : array_like, shape (n,)
        Densities at the same positions.
    blocks : ndarray of int, shape (n,)
        Number of the block of each position, from 0.

    Returns
    -------
    difference : float
        Correlation about the mean of `first` with `reference`, minus that of `second`.
    standard_error : float
        Standard error of the difference; infinite if there are fewer than two blocks.
    """
    r, u, v = (np.asarray(a, dtype=np.float64) for a in (reference, first, second))
    terms = (np.ones_like(r), r, u, v, r * r, u * u, v * v, r * u, r * v)
    sums = np.stack([np.bincount(blocks, weights=t) for t in terms])
    sums = sums[:, sums[0] > 0]
    count = sums.shape[1]
    total = sums.sum(axis=1, keepdims=True)
    difference = float(_difference(total)[0])
    if count < 2:
        return difference, float("inf")
    without = _difference(total - sums)
    spread = (count - 1) / count * np.sum((without - without.mean()) ** 2)
    return difference, float(np.sqrt(spread))


def jackknife_mean(values: ArrayLike, blocks: NDArray[np.int64]) -> tuple[float, float]:
    """Return the mean of values, and its standard error by the jackknife of :func:`jackknife_difference`."""
    counts = np.bincount(blocks)
    sums = np.bincount(blocks, weights=np.asarray(values, dtype=np.float64))[counts > 0]
    counts = counts[counts > 0]
    mean = float(sums.sum() / counts.sum())
    if len(counts) < 2:
        return mean, float("inf")
    without = (sums.sum() - sums) / (counts.sum() - counts)
    spread = (len(counts) - 1) / len(counts) * np.sum((without - without.mean()) ** 2)
    return mean, float(np.sqrt(spread))


def _difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the difference of two correlations about the mean, given their sums."""
    n, r, u, v, rr, uu, vv, ru, rv = sums
    n = np.maximum(n, 1.0)

    def pearson(b: NDArray[np.float64], bb: NDArray[np.float64], rb: NDArray[np.float64]) -> NDArray[np.float64]:
        variances = np.maximum((rr - r * r / n) * (bb - b * b / n), 1e-300)
        return np.asarray((rb - r * b / n) / np.sqrt(variances))

    return pearson(u, uu, ru) - pearson(v, vv, rv)
