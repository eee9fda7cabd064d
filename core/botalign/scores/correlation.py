"""Correlation of two sets of densities, and whether one correlation is really larger than another."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    r"""Correlation :math:`\sum uv / \sqrt{\sum u^2 \sum v^2}`, as Fit in Map of ChimeraX reports it.

    Parameters
    ----------
    first, second : array_like
        Densities at the same places, of any shape.

    Returns
    -------
    float
        From -1 to 1; 0 if either is zero everywhere.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    u, v = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if u.shape != v.shape:
        raise InputError(f"correlation: got densities of shape {u.shape} and {v.shape}, expected the same shape.")
    scale = float(np.sqrt(np.sum(u * u) * np.sum(v * v)))
    return float(np.sum(u * v) / scale) if scale > 0 else 0.0


def correlation_about_mean(first: ArrayLike, second: ArrayLike) -> float:
    """Correlation of the deviations from the means, Pearson's; else as :func:`correlation`."""
    u, v = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if not u.size:
        return 0.0
    return correlation(u - u.mean(), v - v.mean())


def jackknife_difference(
    reference: ArrayLike, first: ArrayLike, second: ArrayLike, blocks: NDArray[np.int64]
) -> tuple[float, float]:
    """How much better `first` correlates with `reference` than `second` does, and the standard error of that.

    The standard error is the delete-one-block jackknife's (Efron 1982), with blocks that are larger than the details of
    the maps, so that neighbouring voxels don't count as independent.

    Parameters
    ----------
    reference, first, second : array_like, shape (n,)
        Densities at the same places.
    blocks : ndarray of int, shape (n,)
        To which block each place belongs.

    Returns
    -------
    difference, standard_error : float
        Of correlations about the mean. The error is infinite with fewer than two blocks.
    """
    r, u, v = (np.asarray(a, dtype=np.float64) for a in (reference, first, second))
    _, index = np.unique(blocks, return_inverse=True)
    terms = np.stack([np.ones_like(r), r, u, v, r * r, u * u, v * v, r * u, r * v])
    sums = np.stack([np.bincount(index.ravel(), weights=t) for t in terms])
    count = sums.shape[1]
    total = sums.sum(axis=1, keepdims=True)
    difference = float(_difference(total)[0])
    if count < 2:
        return difference, float("inf")
    without = _difference(total - sums)
    spread = (count - 1) / count * np.sum((without - without.mean()) ** 2)
    return difference, float(np.sqrt(spread))


def jackknife_mean(values: ArrayLike, blocks: NDArray[np.int64]) -> tuple[float, float]:
    """Mean of values at places, and its standard error; as :func:`jackknife_difference`."""
    _, index = np.unique(blocks, return_inverse=True)
    sums = np.bincount(index.ravel(), weights=np.asarray(values, dtype=np.float64))
    counts = np.bincount(index.ravel())
    mean = float(sums.sum() / counts.sum())
    if len(counts) < 2:
        return mean, float("inf")
    without = (sums.sum() - sums) / (counts.sum() - counts)
    spread = (len(counts) - 1) / len(counts) * np.sum((without - without.mean()) ** 2)
    return mean, float(np.sqrt(spread))


def _difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference of two correlations about the mean from their sums."""
    n, r, u, v, rr, uu, vv, ru, rv = sums
    n = np.maximum(n, 1.0)

    def pearson(b: NDArray[np.float64], bb: NDArray[np.float64], rb: NDArray[np.float64]) -> NDArray[np.float64]:
        variances = np.maximum((rr - r * r / n) * (bb - b * b / n), 1e-300)
        return np.asarray((rb - r * b / n) / np.sqrt(variances))

    return pearson(u, uu, ru) - pearson(v, vv, rv)
