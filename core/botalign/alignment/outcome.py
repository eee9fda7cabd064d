"""What a solver returns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from botalign.alignment.copy_records import Copies
from botalign.alignment.hand import HandDecision
from botalign.alignment.records import Candidate, TracePoint
from botalign.alignment.scale import Scale
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty
from botalign.alignment.verdict import LARGEST_PROBABILITY


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a solver found.

    Attributes
    ----------
    candidates : tuple of Candidate
        Candidates, the result first.
    trace : tuple of TracePoint
        Evaluations of the search.
    hand : HandDecision or None
        The hand, if both were searched.
    symmetry : Symmetry or None
        Point group of the fixed map, if several poses fit equally well because of it; for a part, that of the whole.
    verdict : str or None
        The verdict, if there is one.
    uncertainty : Uncertainty or None
        Standard errors of the pose, if it was refined.
    probability : float or None
        Probability that unrelated maps, or a wrong place of a part, would fit as well; None if it is unknown.
    at_limit : bool
        Whether the pose is at the limit of a local search: then there is no match.
    scale : Scale or None
        Scale of the moving map, if it was determined. If it is applied, the poses are those of the scaled map.
    copies : Copies or None
        The copies of the part, if several were placed.
    """

    candidates: tuple[Candidate, ...]
    trace: tuple[TracePoint, ...] = ()
    hand: HandDecision | None = None
    symmetry: Symmetry | None = None
    verdict: str | None = None
    uncertainty: Uncertainty | None = None
    probability: float | None = None
    at_limit: bool = False
    scale: Scale | None = None
    copies: Copies | None = None

    def of_two(self) -> Outcome:
        """Return the outcome if it is the better supported of two: its probability is twice as large."""
        if self.probability is None:
            return self
        probability = min(2 * self.probability, 1.0)
        return replace(
            self, probability=probability, verdict="no match" if probability >= LARGEST_PROBABILITY else self.verdict
        )
