"""The state of an assembly, and what its rounds consist of: searches, the joint choice and the joint refinement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from botalign.alignment.copy_choice import LARGEST_OVERLAP
from botalign.alignment.joint_refinement import Refined, refine_together
from botalign.alignment.overlap import Body, overlap, overlaps
from botalign.alignment.part_places import Place
from botalign.alignment.shared_whole import SharedWhole
from botalign.arrays import Matrix
from botalign.complexes.choice import choose
from botalign.complexes.found_places import FoundPlaces, found_places, places_block, problem_of
from botalign.complexes.options import AssemblyOptions
from botalign.complexes.part_judgement import probability_of
from botalign.complexes.prospects import has_density_for
from botalign.complexes.residual import density_outside, remaining_densities, remaining_density
from botalign.errors import InputError
from botalign.jobs import BlockStore, Workers, run_blocks
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.progress import Progress


@dataclass(frozen=True, eq=False)
class Wanted:
    """A search for a part: its number, the density to search, for how many copies, and whether for its mirror image."""

    part: int
    rest: SharedWhole
    copies: int
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Chosen:
    """A part at its place.

    Attributes
    ----------
    part : int
        Number of the part.
    found : FoundPlaces
        The places of the search that found it: in the whole, or in what was left.
    place : ndarray, shape (3, 4)
        The pose at which it was judged.
    moving_to_fixed : ndarray, shape (3, 4)
        The refined pose.
    correlation, probability : float
        As of :class:`botalign.complexes.part_records.PlacedPart`.
    """

    part: int
    found: FoundPlaces
    place: Matrix
    moving_to_fixed: Matrix
    correlation: float
    probability: float


class Assembler:
    """Places parts in a whole.

    Parameters
    ----------
    whole : DensityMap
        The whole.
    parts : sequence of DensityMap or Model
        The parts, all different.
    copies : sequence of int
        How often each may be placed.
    options : AssemblyOptions
        Options.
    workers : Workers
        Workers that run the searches.
    store : BlockStore or None
        Work folder.

    Attributes
    ----------
    chosen : list of Chosen
        The placed parts.
    found : dict of list of FoundPlaces
        The places of each part, in the whole and in what was left after each round.
    searches : int
        Number of searches until now, of all parts in all rounds. The probability of a place is multiplied by it.
    arrangements : int
        Number of arrangements that were judged until now.
    too_large : bool
        Whether an arrangement was not judged because the map is too large.
    rest : DensityMap
        The map minus the placed parts.
    outside : DensityMap or None
        What of it lies outside the placed parts; None if there are none.
    gap : float
        Fraction of its score by which a better joint choice could exceed it; see :class:`Choice`.
    refined : Refined or None
        The last joint refinement.
    matches_mirrored : int or None
        Number of a part whose mirror image has a certain place, if no part has one: the map may have the wrong hand.
    """

    def __init__(
        self, whole: DensityMap, parts: Sequence[DensityMap | Model], copies: Sequence[int], options: AssemblyOptions,
        workers: Workers, store: BlockStore | None,
    ) -> None:  # fmt: skip
        self.whole, self.parts, self.copies, self.options = whole, parts, copies, options
        self.workers, self.store = workers, store
        self.chosen: list[Chosen] = []
        self.found: dict[int, list[FoundPlaces]] = {}
        self.rest, self.gap, self.searches, self.arrangements = whole, 0.0, 0, 0
        self.too_large = False
        self.outside: DensityMap | None = None
        self.refined: Refined | None = None
        self.matches_mirrored: int | None = None

    def missing(self, part: int) -> int:
        """Return how many copies of a part are not placed."""
        return self.copies[part] - sum(each.part == part for each in self.chosen)

    def places_in_whole(self, chosen: Chosen) -> FoundPlaces:
        """Return the places of a placed part in the whole."""
        return self.found[chosen.part][0]

    def at_place(self, found: FoundPlaces, place: Place) -> Iterator[Chosen]:
        """Yield the placed parts that leave no space at a place."""
        for each in self.chosen:
            own = self.places_in_whole(each).body
            if overlap(found.body, place.moving_to_fixed, own, each.moving_to_fixed) > LARGEST_OVERLAP:
                yield each

    def surveyed(self, rest: DensityMap) -> SharedWhole | None:
        """Survey the remaining density, and return it; None if no density is left."""
        level = self.options.contour_level
        if rest is self.whole:
            return SharedWhole.of(rest, level=level, role="fixed")
        # The background of the rest is zero.
        own_level = None if level is None else level - background_level(self.whole.data)
        try:
            return SharedWhole.of(rest, level=own_level, role="fixed")
        except InputError:
            return None

    def can_be_in(self, rest: SharedWhole, part: int) -> bool:
        """Whether a density can be searched for a part."""
        try:
            problem_of(rest, self.parts[part], self.options.resolution)
        except InputError:
            return False
        return True

    def has_density_for(self, part: int) -> bool:
        """Whether there is density for a part outside the placed parts; as long as none is placed, there may be."""
        return self.outside is None or has_density_for(self.found[part][0].body, self.outside)

    def searched(self, wanted: Mapping[str, Wanted], *, stage: str) -> Generator[Progress, None, list[FoundPlaces]]:
        """Run searches, by their names, and count them."""
        resolution, uses = self.options.resolution, Counter(id(each.rest) for each in wanted.values())
        shared = {
            id(each.rest): self.workers.share(each.rest, to_all=uses[id(each.rest)] > 1) for each in wanted.values()
        }
        blocks = {
            name: (shared[id(each.rest)], self.parts[each.part], resolution, each.copies, each.mirrored)
            for name, each in wanted.items()
        }
        arrays = yield from run_blocks(places_block, blocks, workers=self.workers, store=self.store, stage=stage)
        for each in shared.values():
            self.workers.release(each)
        self.searches += len(blocks)
        return [
            found_places(each.rest, self.parts[each.part], resolution, own)
            for each, own in zip(wanted.values(), arrays.values(), strict=True)
        ]

    def picked(self, searches: Sequence[tuple[int, FoundPlaces, int]], *, tries: int) -> list[Chosen]:
        """Return the places of the best joint choice, given parts, their places, and how many of these to choose.

        Probabilities are multiplied by the number of `tries` of which they are the best.
        """
        candidates, scores, bodies, poses = [], [], [], []
        for index, (_, own, _) in enumerate(searches):
            for number, (place, score) in enumerate(zip(own.places, own.scores.tolist(), strict=True)):
                if score > 0 and next(self.at_place(own, place), None) is None:
                    candidates.append((index, number))
                    scores.append(score)
                    bodies.append(own.body)
                    poses.append(place.moving_to_fixed)
        choice = choose(
            scores, [index for index, _ in candidates], [copies for _, _, copies in searches],
            overlaps(bodies, poses), largest_overlap=LARGEST_OVERLAP,
        )  # fmt: skip
        self.gap = max(self.gap, choice.gap)
        return [
            _at(*searches[index][:2], number, tries) for index, number in (candidates[each] for each in choice.chosen)
        ]

    def accept(self, chosen: Sequence[Chosen]) -> Generator[Progress, None, None]:
        """Place parts, and refine all together."""
        self.chosen, self.refined = yield from self.refined_together([*self.chosen, *chosen])
        self.rest = self.without()
        self.outside = density_outside(
            self.whole, self.rest, *self._at_places(self.chosen)[1:], self.options.resolution
        )  # fmt: skip

    def refined_together(self, chosen: Sequence[Chosen]) -> Generator[Progress, None, tuple[list[Chosen], Refined]]:
        """Return parts refined together in the whole."""
        founds = [self.places_in_whole(each) for each in chosen]
        refined = yield from refine_together(
            [each.pair for each in founds], [each.moving_to_fixed for each in chosen],
            voxel_angstrom=min(each.voxel_angstrom for each in founds),
            sigma_angstrom=min(each.sigma_angstrom for each in founds),
            places=[each.place for each in chosen],
        )  # fmt: skip
        moved = [
            replace(each, moving_to_fixed=pose, correlation=correlation)
            for each, pose, correlation in zip(chosen, refined.poses, refined.correlations, strict=True)
        ]
        return moved, refined

    def without(self, *numbers: int) -> DensityMap:
        """Return the whole minus the placed parts, all of them or all except some."""
        return self.minus([each for number, each in enumerate(self.chosen) if number not in numbers])

    def minus(self, chosen: Sequence[Chosen]) -> DensityMap:
        """Return the whole minus parts at their places."""
        return remaining_density(self.whole, *self._at_places(chosen), self.options.resolution)

    def without_others(self, numbers: Sequence[int]) -> Iterator[DensityMap]:
        """Yield for each of some placed parts the whole minus all others."""
        return remaining_densities(self.whole, *self._at_places(self.chosen), self.options.resolution, numbers)

    def _at_places(self, chosen: Sequence[Chosen]) -> tuple[list[DensityMap | Model], list[Body], list[Matrix]]:
        """Return parts, their volumes and their poses."""
        return (
            [self.parts[each.part] for each in chosen], [self.places_in_whole(each).body for each in chosen],
            [each.moving_to_fixed for each in chosen],
        )  # fmt: skip


def _at(part: int, found: FoundPlaces, number: int, tries: int) -> Chosen:
    """Return a part at one of its places."""
    place = found.places[number]
    probability = min(1.0, tries * probability_of(found, number))
    return Chosen(part, found, place.moving_to_fixed, place.moving_to_fixed, place.correlation, probability)
