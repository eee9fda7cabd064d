"""The places of several parts in rounds: search, joint choice, joint refinement, and again in what is left."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from botalign.alignment.joint_refinement import Refined, refine_together
from botalign.alignment.overlap import overlap, overlaps
from botalign.arrays import Matrix
from botalign.complexes.choice import choose
from botalign.complexes.options import AssemblyOptions
from botalign.complexes.part_judgement import judged
from botalign.complexes.part_search import FoundPlaces, found_places, places_block
from botalign.complexes.residual import remaining_density
from botalign.errors import InputError
from botalign.jobs import BlockStore, Workers, run_blocks
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.progress import Progress

#: Rounds at most. Each needs a part that was placed in the one before it.
ROUNDS = 6


@dataclass(frozen=True, eq=False)
class Chosen:
    """A part at its place.

    Attributes
    ----------
    part : int
        Number of the part.
    moving_to_fixed : ndarray, shape (3, 4)
        The place.
    correlation : float
        Correlation of the edges with what the other parts leave.
    probability : float
        Probability that a wrong place fits as well.
    verdict : str
        ``"certain"`` or ``"ambiguous"``.
    round : int
        Round in which the part was placed, from 1.
    """

    part: int
    moving_to_fixed: Matrix
    correlation: float
    probability: float
    verdict: str
    round: int


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
        Workers that search for the parts.
    store : BlockStore or None
        Work folder.

    Attributes
    ----------
    chosen : list of Chosen
        The placed parts.
    first, last : dict of FoundPlaces
        The places of each part in the whole, and where it was last searched for.
    rest : DensityMap
        What the placed parts leave.
    gap : float
        By which fraction of its score a joint choice could be better; see :class:`Choice`.
    refined : Refined or None
        The last joint refinement.
    """

    def __init__(
        self, whole: DensityMap, parts: Sequence[DensityMap | Model], copies: Sequence[int], options: AssemblyOptions,
        workers: Workers, store: BlockStore | None,
    ) -> None:  # fmt: skip
        self.whole, self.parts, self.copies, self.options = whole, parts, copies, options
        self.workers, self.store = workers, store
        self.chosen: list[Chosen] = []
        self.first: dict[int, FoundPlaces] = {}
        self.last: dict[int, FoundPlaces] = {}
        self.rest, self.gap = whole, 0.0
        self.refined: Refined | None = None

    def steps(self) -> Generator[Progress, None, None]:
        """Place all parts that have a certain place."""
        for number in range(1, ROUNDS + 1):
            missing = [part for part in range(len(self.parts)) if self.missing(part)]
            if not missing:
                break
            try:
                found = yield from self._searched(missing, number)
            except InputError:
                if number == 1:
                    raise
                break  # nothing is left in which a part could be
            self.first = {**found, **self.first}
            self.last.update(found)
            accepted = self._accepted(found, number)
            if not accepted:
                break
            self.chosen += accepted
            yield from self._refine()
            self.rest = remaining_density(
                self.whole, [self.parts[each.part] for each in self.chosen],
                [self.first[each.part].body for each in self.chosen],
                [each.moving_to_fixed for each in self.chosen], self.options.resolution,
            )  # fmt: skip

    def missing(self, part: int) -> int:
        """Return how many copies of a part are not placed."""
        return self.copies[part] - sum(each.part == part for each in self.chosen)

    def _searched(self, parts: Sequence[int], number: int) -> Generator[Progress, None, dict[int, FoundPlaces]]:
        """Search for parts in what is left."""
        rest = self.workers.share(self.rest)
        blocks = {
            f"round_{number}_part_{part:04d}": (rest, self.parts[part], self.options, self.missing(part))
            for part in parts
        }
        stage = "search" if number == 1 else "search the rest"
        arrays = yield from run_blocks(places_block, blocks, workers=self.workers, store=self.store, stage=stage)
        self.workers.release(rest)
        return {
            part: found_places(self.rest, self.parts[part], self.options, own)
            for part, own in zip(parts, arrays.values(), strict=True)
        }

    def _accepted(self, found: dict[int, FoundPlaces], number: int) -> list[Chosen]:
        """Choose places together, and return those that are not a match by chance.

        Parts without a match may have kept others from their places, so the choice is repeated without them.
        """
        left = dict(found)
        while left:
            picked = self._picked(left)
            verdicts = {(part, place): judged(found[part], place) for part, place in picked}
            poor = {part for (part, _), (verdict, _) in verdicts.items() if verdict == "no match"}
            good = [
                Chosen(part, found[part].places[place].moving_to_fixed, found[part].places[place].correlation,
                       probability, verdict, number)
                for (part, place), (verdict, probability) in verdicts.items() if verdict != "no match"
            ]  # fmt: skip
            # A part of which some copies are certain stays; its other copies are left out.
            hopeless = poor - {each.part for each in good}
            if not hopeless:
                return good
            for part in hopeless:
                del left[part]
        return []

    def _picked(self, found: dict[int, FoundPlaces]) -> list[tuple[int, int]]:
        """Return the parts and the numbers of their places of the best joint choice."""
        largest = self.options.largest_overlap
        candidates, scores = [], []
        for part, own in found.items():
            for number, (place, score) in enumerate(zip(own.places, own.scores.tolist(), strict=True)):
                taken = (
                    overlap(own.body, place.moving_to_fixed, self.first[each.part].body, each.moving_to_fixed)
                    for each in self.chosen
                )
                if score > 0 and all(share <= largest for share in taken):
                    candidates.append((part, number))
                    scores.append(score)
        bodies = [found[part].body for part, _ in candidates]
        poses = [found[part].places[number].moving_to_fixed for part, number in candidates]
        choice = choose(
            scores, [part for part, _ in candidates], [self.missing(part) for part in range(len(self.parts))],
            overlaps(bodies, poses), largest_overlap=largest,
        )  # fmt: skip
        self.gap = max(self.gap, choice.gap)
        return [candidates[index] for index in choice.chosen]

    def _refine(self) -> Generator[Progress, None, None]:
        """Refine all placed parts together in the whole."""
        founds = [self.first[each.part] for each in self.chosen]
        self.refined = refined = yield from refine_together(
            [each.pair for each in founds], [each.moving_to_fixed for each in self.chosen],
            voxel_angstrom=min(each.voxel_angstrom for each in founds),
            sigma_angstrom=min(each.sigma_angstrom for each in founds),
        )  # fmt: skip
        self.chosen = [
            replace(each, moving_to_fixed=pose, correlation=correlation)
            for each, pose, correlation in zip(self.chosen, refined.poses, refined.correlations, strict=True)
        ]
