r"""How probable places of a part are by chance, given the correlations of all of its places.

The places are divided into right and wrong ones where that is least probable by chance. The wrong ones then show how
well the part fits by chance. They are local maxima over three rotations and three shifts. If Fisher's transform
``z = artanh(q)`` of the correlation of edges is a Gaussian random field, the heights of its local maxima above a high
level have a density proportional to :math:`z^5 e^{-z^2 / 2\sigma^2}` [1]_. Thus the scores :math:`y = z\,|z|` have a
gamma distribution of shape 3 and of scale :math:`s = 2\sigma^2`, with the tail

.. math:: Q(y) = \left(1 + x + \tfrac12 x^2\right) e^{-x}, \quad x = y / s .

Let :math:`y_1 \ge \dots \ge y_{k + 1}` be the best scores of wrong places. If the best place is also wrong, the others
have the likelihood

.. math:: L(s) \propto \frac{Q(y_1)}{Q(y_{k + 1})^{k + 1}} \prod_{i=1}^k s^{-3} y_i^2 e^{-y_i / s} ,

and it has a score :math:`y \ge y_1` with probability :math:`\int Q(y) / Q(y_1)\, L(s)\, ds / s` over
:math:`\int L(s)\, ds / s`. The integrals start at the least scale, that of white noise. With the shape 1, this would be
the tail of :mod:`botalign.alignment.chance`.

.. [1] R. J. Adler and J. E. Taylor, "Random fields and geometry", Springer (2007), chapter 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.alignment.chance import LEAST_SCALE
from botalign.arrays import Matrix

#: The unit of the scores: the smallest standard deviation of ``z`` that counts.
LEAST_SPREAD = 0.02
#: The tail of the scores of wrong places is known from this many of them at least.
FEWEST = 8
#: From how many wrong places the scale of their scores is estimated: the more, the less a probability depends on which
#: of them are found.
PART_TAIL = 24
#: The scales over which the probability is integrated, in units of the mean score.
SCALES = np.geomspace(1 / 300, 10, 400)


def fisher(correlations: Sequence[float]) -> Matrix:
    """Return Fisher's transforms of correlations, the largest first."""
    return np.sort(np.arctanh(np.clip(correlations, -0.999, 0.999)))[::-1]


def place_scores(correlations: Sequence[float]) -> list[float]:
    """Return the scores of places, the largest first."""
    z = fisher(correlations)
    scores: list[float] = (z * np.abs(z) / LEAST_SPREAD**2).tolist()
    return scores


def place_chance(score: float, wrong: Sequence[float], *, tries: int = 1) -> float:
    """Return the probability that a wrong place has this score, given the scores of others; 1 if there are too few.

    If the score is the best of several `tries`, the probability is multiplied by their number.
    """
    y = np.sort(np.maximum(wrong, LEAST_SCALE))[::-1]
    count = min(PART_TAIL, len(y) - 1)
    if count < 2:
        return 1.0
    top = y[:count]
    # For white noise in the coarsest sampling, the scale is the least one.
    scales = SCALES * top.mean()
    scales = scales[scales >= LEAST_SCALE]
    of_best = _log_tail(top[0] / scales)
    likelihood = of_best - (count + 1) * _log_tail(y[count] / scales) - top.sum() / scales - 3 * count * np.log(scales)
    weights = np.exp(likelihood - likelihood.max())
    beyond = np.exp(_log_tail(max(score, top[0]) / scales) - of_best)
    return min(tries * float(weights @ beyond / weights.sum()), 1.0)


def _log_tail(x: Matrix) -> Matrix:
    """Return the logarithm of the tail of the gamma distribution of shape 3 and scale 1."""
    return np.asarray(np.log1p(x + x**2 / 2) - x)


@dataclass(frozen=True)
class PlaceChances:
    """The probabilities that wrong places of a part have the scores of places.

    Attributes
    ----------
    wrong : tuple of float
        Scores of the wrong places, the largest first.
    least_right : float
        Score of the least of the right places.
    best : float or None
        Probability that a wrong place has the score of the least of the right places; None if it is unknown, because
        there are too few wrong ones. The division was chosen among all, so no better place is less probable than it.
    tries : int
        Of how many searches this is the best one: the probabilities are multiplied by it.
    """

    wrong: tuple[float, ...]
    least_right: float
    best: float | None
    tries: int = 1

    @classmethod
    def of(cls, correlations: Sequence[float], *, tries: int = 1) -> PlaceChances:
        """Divide places into right and wrong ones.

        Parameters
        ----------
        correlations : sequence of float
            Correlations of the places, all at one sampling, without those in the surroundings of a better one: around
            a right place there are no wrong ones, and equal wrong places would make the tail too short.
        tries : int, optional
            Of how many searches this is the best one.
        """
        scores = place_scores(correlations)
        if len(scores) <= FEWEST:
            return cls(tuple(scores[1:]), scores[0], None, tries)
        divisions = range(1, len(scores) - FEWEST + 1)
        right = min(divisions, key=lambda count: place_chance(scores[count - 1], scores[count:]))
        probability = place_chance(scores[right - 1], scores[right:], tries=tries)
        return cls(tuple(scores[right:]), scores[right - 1], probability, tries)

    def is_right(self, score: float) -> bool:
        """Whether a place with a score is one of the right ones."""
        return score >= self.least_right

    def of_score(self, score: float) -> float:
        """Return the probability that a wrong place has a score, given those that are worse; 1 if it is unknown."""
        if self.best is None:
            return 1.0
        if self.is_right(score):
            return self.best
        worse = [each for each in self.wrong if each < score]
        return max(place_chance(score, worse, tries=self.tries), self.best)
