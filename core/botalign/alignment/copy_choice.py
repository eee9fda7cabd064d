"""The choice of copies among the places of a part: the best ones that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from botalign.alignment.overlap import overlap
from botalign.alignment.part_places import PartPlaces, Place
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.geometry import apply_transform, compose, inverse

#: The share of its volume up to which a copy may lie in another one. Contours of neighbours overlap by up to 0.09 at
#: 10 A and 0.21 at 15 A (``benchmarks/copies.py --overlap``).
LARGEST_OVERLAP = 1 / 3
#: A copy that is counted fits better than wrong places by at least this fraction of what the best copy does. Related
#: parts, such as Arp2 in the place of Arp3, stay below 0.3.
LEAST_MARGIN = 0.4
#: So many operators between copies are tried to find the missing ones, at most.
OPERATORS = 60


def choose_copies(found: PartPlaces, wanted: int | None) -> list[Place]:
    """Return the places of copies, the best first.

    Parameters
    ----------
    found : PartPlaces
        The places of the part.
    wanted : int or None
        The number of copies; None to take all that are above the noise.

    Returns
    -------
    list of Place
        Places above the noise, as many as are wanted at most. If none is above the noise, the best places nevertheless,
        one if the number is unknown.
    """
    return _Choice(found, wanted).made()


class _Choice:
    """The choice of copies among the places of a part: the best ones that do not overlap."""

    def __init__(self, found: PartPlaces, wanted: int | None) -> None:
        self.found, self.wanted = found, wanted
        best, noise = (
            np.sqrt(max(score, 0.0)) for score in (found.places[0].score, max(found.chances.wrong, default=0.0))
        )
        self.least = float(noise + LEAST_MARGIN * (best - noise)) ** 2 if wanted is None else -np.inf

    def made(self) -> list[Place]:
        """Return the chosen places, the best first; if none is above the noise, the best ones nevertheless."""
        known = [place for place in self.found.places if self._fits(place)]
        if not known:
            return self._apart(self.found.places)[: self.wanted or 1]
        chosen = self._apart(known)
        while len(chosen) > 1 and (self.wanted is None or len(chosen) < self.wanted):
            more = [place for pose in self._missing(chosen) if self._fits(place := self.found.fitted(pose))]
            known = sorted([*known, *more], key=lambda place: -place.score)
            before, chosen = len(chosen), self._apart(known)
            if len(chosen) <= before:
                break
        return chosen

    def _fits(self, place: Place) -> bool:
        return place.probability < LARGEST_PROBABILITY and place.score >= self.least

    def _apart(self, places: Sequence[Place]) -> list[Place]:
        """Return the best places that do not overlap, as many as are wanted."""
        chosen: list[Place] = []
        for place in places:
            if len(chosen) == self.wanted:
                break
            if self._is_free(place.moving_to_fixed, chosen):
                chosen.append(place)
        return chosen

    def _is_free(self, pose: Matrix, chosen: Sequence[Place]) -> bool:
        body = self.found.body
        return all(overlap(body, pose, body, each.moving_to_fixed) <= LARGEST_OVERLAP for each in chosen)

    def _missing(self, chosen: Sequence[Place]) -> list[Matrix]:
        """Return free poses to which the operators between copies lead from other copies: the scan may miss some."""
        poses = [place.moving_to_fixed for place in chosen]
        operators = [compose(b, inverse(a)) for a in poses for b in poses if a is not b][:OPERATORS]
        missing: list[Place] = []
        low, high = self.found.pair.whole_bounds
        for operator in operators:
            for pose in poses:
                moved = compose(operator, pose)
                centre = apply_transform(moved, self.found.body.centre_angstrom)
                if (centre < low).any() or (centre > high).any() or not self._is_free(moved, [*chosen, *missing]):
                    continue
                missing.append(Place(moved, 0.0, 0.0, 1.0))
        return [place.moving_to_fixed for place in missing]
