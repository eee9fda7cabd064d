"""How probable places of a part are by chance, given the correlations of all of its places.

The places are divided into right and wrong ones where that is least probable by chance. The wrong ones then show how
well the part fits by chance: with Fisher's transform ``z = artanh(q)`` of the correlations of edges, the tail of the
scores ``z |z|`` is that of :func:`botalign.alignment.chance.chance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.alignment.chance import chance
from botalign.arrays import Matrix

#: The unit of the scores: the smallest standard deviation of ``z`` that counts.
LEAST_SPREAD = 0.02
#: The tail of the scores of wrong places is known from this many of them at least.
FEWEST = 8
#: From how many spacings of wrong places the scale of their tail is estimated: the more, the less a probability depends
#: on which wrong places are found.
PART_TAIL = 24


def fisher(correlations: Sequence[float]) -> Matrix:
    """Return Fisher's transforms of correlations, the largest first."""
    return np.sort(np.arctanh(np.clip(correlations, -0.999, 0.999)))[::-1]


def place_scores(correlations: Sequence[float]) -> list[float]:
    """Return the scores of places, the largest first."""
    z = fisher(correlations)
    scores: list[float] = (z * np.abs(z) / LEAST_SPREAD**2).tolist()
    return scores


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
        right = min(divisions, key=lambda count: chance(scores[count - 1], scores[count:], tail=PART_TAIL))
        probability = chance(scores[right - 1], scores[right:], tail=PART_TAIL, tries=tries)
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
        return max(chance(score, worse, tail=PART_TAIL, tries=self.tries), self.best)
