r"""The probability that unrelated maps would fit as well: the tail of the scores of wrong poses.

Wrong poses of the same two maps show how well maps fit by chance: they have the same spectra, noise and outlines. The
largest of their scores :math:`y_1 \ge y_2 \ge \dots` have an exponential tail. Then the spacing of the :math:`j`-th
largest of all scores and the next, times :math:`j`, has the same exponential distribution for each :math:`j` [1]_. If
the best pose is one of them, its score exceeds the next one by :math:`g` with probability

.. math:: p = \left(1 + \frac{g}{S}\right)^{-k}, \quad S = \sum_{i=1}^{k} (i + 1)\,(y_i - y_{i+1}) .

.. [1] A. Renyi, "On the theory of order statistics", Acta Math. Acad. Sci. Hung. 4 (1953), 191-231.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from botalign.arrays import Matrix

#: From how many spacings of wrong poses the scale of the tail is estimated, if there are as many.
TAIL = 12
#: The scale for white noise: the square of a normal variable has such a tail.
LEAST_SCALE = 2.0


def chance(score: float, wrong: Sequence[float]) -> float:
    """Return the probability that a wrong pose has this score, given the scores of others; 1 if there are too few."""
    x = np.sort(np.asarray(wrong, dtype=np.float64))[::-1]
    count = min(TAIL, len(x) - 1)
    if count < 2:
        return 1.0
    spacings = -np.diff(x[: count + 1]) * np.arange(2, count + 2)
    total = max(float(spacings.sum()), LEAST_SCALE * count)
    return float((1 + max(score - float(x[0]), 0.0) / total) ** -count)


def rotations_of_cube(frame: Matrix) -> Matrix:
    """Return rotations that permute the axes of a frame, 23 without the identity, three mirrors, and the inversion.

    About the principal axes of a molecule, all of them nearly keep its centre, and many its outline.

    Parameters
    ----------
    frame : ndarray, shape (3, 3)
        Unit vectors along the axes, as columns.
    """
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=3)))
    permutations = np.eye(3)[list(itertools.permutations(range(3)))]
    operations = (permutations[:, None] * signs[None, :, :, None]).reshape(-1, 3, 3)
    turns = operations[np.linalg.det(operations) > 0]
    flips = signs[signs.prod(axis=1) < 0]
    chosen = [each for each in turns if not np.allclose(each, np.eye(3))] + [np.diag(flip) for flip in flips]
    return np.asarray(frame @ np.array(chosen) @ frame.T)
