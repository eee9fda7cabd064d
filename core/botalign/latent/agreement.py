"""Statistics of the agreement of two sets of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix


@dataclass(frozen=True)
class Agreement:
    """The agreement of found distances with known distances.

    Attributes
    ----------
    pairs : int
        Number of pairs.
    stress : float
        Kruskal stress: square root of the sum of squared errors, divided by the sum of squared distances.
    median_error : float
        Median of the absolute errors, divided by the median distance.
    correlation : float
        Pearson correlation; 0 if all distances of one set are equal.
    """

    pairs: int
    stress: float
    median_error: float
    correlation: float


def agreement(found: Matrix, known: Matrix) -> Agreement:
    """Compare two sets of distances, shapes (pairs,)."""
    errors = found - known
    squares = float((known**2).sum())
    constant = len(known) < 2 or found.std() == 0 or known.std() == 0
    return Agreement(
        pairs=len(known),
        stress=float(np.sqrt((errors**2).sum() / squares)) if squares > 0 else 0.0,
        median_error=float(np.median(np.abs(errors)) / np.median(known)) if np.median(known) > 0 else 0.0,
        correlation=0.0 if constant else float(np.corrcoef(found, known)[0, 1]),
    )


def lengths(points: Matrix, pairs: tuple[NDArray[np.intp], ...]) -> Matrix:
    """Return the Euclidean distances, shape (pairs,), of pairs of points, shape (n, d), given by their indices."""
    first, second = pairs
    return np.asarray(np.linalg.norm(points[first] - points[second], axis=1), dtype=np.float64)
