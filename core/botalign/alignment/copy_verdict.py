"""The verdict on each copy of a part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from botalign.alignment.fitting import FitProblem
from botalign.alignment.part_places import PartPlaces, Place
from botalign.alignment.part_search import SAME
from botalign.alignment.part_verdict import LEAST_CORRELATION, SAME_PLACE, signs_inside
from botalign.alignment.sampled import Sampled
from botalign.alignment.verdict import LARGEST_PROBABILITY, fits_as_well
from botalign.arrays import Matrix
from botalign.geometry import compose, inverse

#: A part is symmetric by a rotation if its edges correlate with the rotated ones by at least this much.
SELF_SIMILAR = 0.9
#: Copies of which one must show both signs of a match, if the correlations are low.
SHOWN = 3


class CopyVerdicts:
    """The verdicts on the copies of a part.

    Parameters
    ----------
    found : PartPlaces
        The places of the part.
    chosen : sequence of Place
        Those of the copies.
    poses : sequence of ndarray, shape (3, 4)
        The copies after the joint refinement.

    Attributes
    ----------
    turns : list of ndarray, shape (3, 4)
        The rotations that map the part onto itself, without the identity: those of its point group, and others that its
        places show.
    """

    def __init__(self, found: PartPlaces, chosen: Sequence[Place], poses: Sequence[Matrix]) -> None:
        self.found, self.chosen, self.poses = found, chosen, poses
        symmetry = found.search.symmetry_of_part
        self.turns: list[Matrix] = [] if symmetry is None else list(symmetry.operations[1:])

    def judged(self) -> list[tuple[float, str]]:
        """Return for each copy the probability that a wrong place would fit as well, and the verdict."""
        shown = self._is_shown()
        return [self._judged(place, pose, shown) for place, pose in zip(self.chosen, self.poses, strict=True)]

    def _is_shown(self) -> bool:
        """Whether the whole resembles the part at the places of the best copies."""
        if max(place.correlation for place in self.chosen) >= LEAST_CORRELATION:
            return True
        pair = self.found.pair
        return any(signs_inside(pair.part, pair.whole, inverse(pose)) == 2 for pose in self.poses[:SHOWN])

    def _judged(self, place: Place, pose: Matrix, shown: bool) -> tuple[float, str]:
        probability = place.probability if shown else 1.0
        if probability >= LARGEST_PROBABILITY:
            return probability, "no match"
        return probability, "ambiguous" if self._has_others(pose) else "certain"

    def _has_others(self, pose: Matrix) -> bool:
        """Whether another pose at the place of a copy fits as well, and the part looks different in it."""
        near, same = self.found.pair.tolerance(SAME_PLACE), self.found.pair.tolerance(SAME)
        return any(
            near.same(other.moving_to_fixed, pose)
            and not any(same.same(other.moving_to_fixed, each) for each in self.poses)
            and fits_as_well(self.found.finest, inverse(pose), inverse(other.moving_to_fixed))
            and not self._looks_the_same(pose, other.moving_to_fixed)
            for other in self.found.places
        )

    def _looks_the_same(self, pose: Matrix, other: Matrix) -> bool:
        """Whether the part looks the same in two poses at one place, because it is symmetric."""
        turn, same = compose(inverse(pose), other), self.found.pair.tolerance(SAME)
        if any(same.same(turn, known) for known in self.turns):
            return True
        # The fit leads from the second map to the first, both of them the part.
        end, correlation = self._fit.solve(turn)
        if correlation < SELF_SIMILAR or not same.same(turn, end):
            return False
        self.turns.append(end)
        return True

    @cached_property
    def _fit(self) -> FitProblem:
        """The fit of the part to itself."""
        pair = self.found.pair
        grid = pair.part_grid(self.found.voxel_angstrom)
        edges, support = pair.part_on(grid, self.found.sigma_angstrom)
        part = Sampled(edges, grid)
        return FitProblem.between(part, part, where=support > 0.5, centre=pair.centre_angstrom)
