"""Places of several parts, in rounds of search, joint choice and joint refinement; each round searches the residual."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from botalign.alignment.copy_choice import LARGEST_OVERLAP
from botalign.alignment.joint_refinement import Refined, refine_together
from botalign.alignment.overlap import overlap, overlaps
from botalign.alignment.part_places import Place
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.complexes.choice import choose
from botalign.complexes.found_places import FoundPlaces, found_places, places_block, problem_of
from botalign.complexes.options import AssemblyOptions
from botalign.complexes.part_judgement import probability_of
from botalign.complexes.residual import remaining_density
from botalign.errors import InputError
from botalign.jobs import BlockStore, Workers, run_blocks
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.progress import Progress

#: Largest number of rounds. A round follows only if the one before it placed a part.
ROUNDS = 6


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
        As of :class:`botalign.complexes.assembly_records.PlacedPart`.
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
    rest : DensityMap
        The map minus the placed parts.
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
        self.rest, self.gap, self.searches = whole, 0.0, 0
        self.refined: Refined | None = None
        self.matches_mirrored: int | None = None

    def steps(self) -> Generator[Progress, None, None]:
        """Place all parts that have a certain place."""
        for number in range(1, ROUNDS + 1):
            rest = self._surveyed_rest()
            missing = [] if rest is None else [p for p in range(len(self.parts)) if self._may_be_left(p, rest)]
            if rest is None or not missing:
                break
            found = yield from self._searched(missing, rest, number)
            for part, own in found.items():
                self.found.setdefault(part, []).append(own)
            self.searches += len(found)
            accepted = self._accepted(found)
            if not accepted:
                break
            self.chosen += accepted
            yield from self._refine()
            self.rest = self.without()
        if not self.chosen:
            yield from self._search_mirrored()

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

    def _surveyed_rest(self) -> SharedWhole | None:
        """Survey the remaining density, and return it; None if no density is left."""
        level = self.options.contour_level
        if not self.chosen:
            return SharedWhole.of(self.whole, level=level, role="fixed")
        # The background of the rest is zero.
        own_level = None if level is None else level - background_level(self.whole.data)
        try:
            return SharedWhole.of(self.rest, level=own_level, role="fixed")
        except InputError:
            return None

    def _may_be_left(self, part: int, rest: SharedWhole) -> bool:
        """Whether the remaining density can be searched for a part."""
        if not self.missing(part):
            return False
        try:
            problem_of(rest, self.parts[part], self.options.resolution)
        except InputError:
            return False
        return True

    def _searched(
        self, parts: Sequence[int], rest: SharedWhole, number: int
    ) -> Generator[Progress, None, dict[int, FoundPlaces]]:
        """Search for parts in the remaining density."""
        shared, resolution = self.workers.share(rest), self.options.resolution
        blocks = {
            f"round_{number}_part_{part:04d}": (shared, self.parts[part], resolution, self.missing(part))
            for part in parts
        }
        stage = "search" if number == 1 else "search the rest"
        arrays = yield from run_blocks(places_block, blocks, workers=self.workers, store=self.store, stage=stage)
        self.workers.release(shared)
        return {
            part: found_places(rest, self.parts[part], resolution, own)
            for part, own in zip(parts, arrays.values(), strict=True)
        }

    def _search_mirrored(self) -> Generator[Progress, None, None]:
        """Search for the mirror image of the largest part."""
        whole, resolution = self._surveyed_rest(), self.options.resolution
        if whole is None or not self.found:
            return
        volumes = [self.found[part][0].body.volume_angstrom3 for part in self.found]
        largest = list(self.found)[volumes.index(max(volumes))]
        shared, part = self.workers.share(whole), self.parts[largest]
        blocks = {f"mirrored_part_{largest:04d}": (shared, part, resolution, 1, True)}
        stage = "search mirrored"
        (arrays,) = (
            yield from run_blocks(places_block, blocks, workers=self.workers, store=self.store, stage=stage)
        ).values()
        self.workers.release(shared)
        probability = probability_of(found_places(whole, part, resolution, arrays), 0)
        if (self.searches + 1) * probability < LARGEST_PROBABILITY:
            self.matches_mirrored = largest

    def _accepted(self, found: dict[int, FoundPlaces]) -> list[Chosen]:
        """Choose places together, and return those that are not matches by chance.

        Parts without a match may have occupied the places of other parts, so the choice is repeated without them.
        Probabilities are multiplied by the number of searches until now.
        """
        left = dict(found)
        while left:
            good, poor = [], set()
            for part, number in self._picked(left):
                own = found[part]
                place = own.places[number]
                probability = min(1.0, self.searches * probability_of(own, number))
                if probability < LARGEST_PROBABILITY:
                    pose = place.moving_to_fixed
                    good.append(Chosen(part, own, pose, pose, place.correlation, probability))
                else:
                    poor.add(part)
            # A part of which some copies are certain stays; its other copies are left out.
            hopeless = poor - {each.part for each in good}
            if not hopeless:
                return good
            for part in hopeless:
                del left[part]
        return []

    def _picked(self, found: dict[int, FoundPlaces]) -> list[tuple[int, int]]:
        """Return the parts and the numbers of their places of the best joint choice."""
        candidates, scores = [], []
        for part, own in found.items():
            for number, (place, score) in enumerate(zip(own.places, own.scores.tolist(), strict=True)):
                if score > 0 and next(self.at_place(own, place), None) is None:
                    candidates.append((part, number))
                    scores.append(score)
        bodies = [found[part].body for part, _ in candidates]
        poses = [found[part].places[number].moving_to_fixed for part, number in candidates]
        choice = choose(
            scores, [part for part, _ in candidates], [self.missing(part) for part in range(len(self.parts))],
            overlaps(bodies, poses), largest_overlap=LARGEST_OVERLAP,
        )  # fmt: skip
        self.gap = max(self.gap, choice.gap)
        return [candidates[index] for index in choice.chosen]

    def _refine(self) -> Generator[Progress, None, None]:
        """Refine all placed parts together in the whole."""
        founds = [self.places_in_whole(each) for each in self.chosen]
        self.refined = refined = yield from refine_together(
            [each.pair for each in founds], [each.moving_to_fixed for each in self.chosen],
            voxel_angstrom=min(each.voxel_angstrom for each in founds),
            sigma_angstrom=min(each.sigma_angstrom for each in founds),
            places=[each.place for each in self.chosen],
        )  # fmt: skip
        self.chosen = [
            replace(each, moving_to_fixed=pose, correlation=correlation)
            for each, pose, correlation in zip(self.chosen, refined.poses, refined.correlations, strict=True)
        ]

    def without(self, *numbers: int) -> DensityMap:
        """Return the whole minus the placed parts, all of them or all except some."""
        kept = [each for number, each in enumerate(self.chosen) if number not in numbers]
        return remaining_density(
            self.whole, [self.parts[each.part] for each in kept], [self.places_in_whole(each).body for each in kept],
            [each.moving_to_fixed for each in kept], self.options.resolution,
        )  # fmt: skip
