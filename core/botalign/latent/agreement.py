"""How well two sets of distances agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix


@dataclass(frozen=True)
class Agreement:
    """How well found distances agree with known ones.

    Attributes
    ----------
    pairs : int
        How many were compared.
    stress : float
        Kruskal's: the root of the sum of squared errors over that of squared distances.
    median_error : float
        Median of the errors' sizes over the median distance.
    correlation : float
        Pearson's; 0 where all are alike.
    """

    pairs: int
    stress: float
    median_error: float
    correlation: float


def agreement(found: Matrix, known: Matrix) -> Agreement:
    """Compare distances, shapes (pairs,)."""
    errors = found - known
    squares = float((known**2).sum())
    alike = len(known) < 2 or found.std() == 0 or known.std() == 0
    return Agreement(
        pairs=len(known),
        stress=float(np.sqrt((errors**2).sum() / squares)) if squares > 0 else 0.0,
        median_error=float(np.median(np.abs(errors)) / np.median(known)) if np.median(known) > 0 else 0.0,
        correlation=0.0 if alike else float(np.corrcoef(found, known)[0, 1]),
    )


def lengths(points: Matrix, pairs: tuple[NDArray[np.intp], ...]) -> Matrix:
    """Return the Euclidean distances of pairs of points, shapes (n, d) and two of (pairs,) to (pairs,)."""
    first, second = pairs
    return np.asarray(np.linalg.norm(points[first] - points[second], axis=1), dtype=np.float64)
