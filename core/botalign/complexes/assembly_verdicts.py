"""The verdicts on placed parts, and the reasons why others are missing."""

from __future__ import annotations

import itertools
from collections import Counter
from functools import cached_property

import numpy as np

from botalign.alignment.chain_fits import fits_at_pose
from botalign.alignment.overlap import overlaps
from botalign.alignment.part_places import Place
from botalign.alignment.part_scale import scale_at
from botalign.alignment.scale import Scale, combined
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.cancellation import check_cancelled
from botalign.complexes.assembler import Assembler, Chosen
from botalign.complexes.found_places import problem_of
from botalign.complexes.part_judgement import fits_at, other_poses, probability_of
from botalign.complexes.part_records import PlacedPart, UnplacedPart
from botalign.errors import InputError
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.models.merging import unique_names
from botalign.scores import ChainFit


class AssemblyVerdicts:
    """The verdicts on an assembly.

    Parameters
    ----------
    assembler : Assembler
        An assembler that has placed its parts.
    """

    def __init__(self, assembler: Assembler) -> None:
        self.assembler = assembler
        self.parts, self.chosen, self.found = assembler.parts, assembler.chosen, assembler.found

    def placed(self) -> tuple[PlacedPart, ...]:
        """Return the placed parts, in the order in which they were given."""
        poses = [each.moving_to_fixed for each in self.chosen]
        bodies = [self.assembler.places_in_whole(each).body for each in self.chosen]
        shares = overlaps(bodies, poses) - np.eye(len(poses))
        copies: Counter[int] = Counter()
        parts = []
        numbers = sorted(range(len(self.chosen)), key=lambda index: self.chosen[index].part)
        models = [self.parts[self.chosen[number].part] for number in numbers]
        fits, _ = self._alone
        names = unique_names([each.written_chains if isinstance(each, Model) else () for each in models])
        for number, chains in zip(numbers, names, strict=True):
            each = self.chosen[number]
            copies[each.part] += 1
            verdict = "ambiguous" if self._ambiguous[number] else "certain"
            parts.append(
                PlacedPart(
                    part=each.part, name=self.parts[each.part].name, copy=copies[each.part],
                    moving_to_fixed=each.moving_to_fixed, correlation=each.correlation, probability=each.probability,
                    verdict=verdict, overlap=float(shares[number].max()), chains=chains, chain_fits=fits[number],
                )
            )  # fmt: skip
        return tuple(parts)

    @cached_property
    def _alone(self) -> tuple[list[tuple[ChainFit, ...]], dict[int, Scale]]:
        """The density for the chains of each placed copy, and the scale by each part, in what the others leave.

        Of several copies of a part, the first that determines the scale measures it: in a symmetric complex, the others
        have the same errors.
        """
        count = len(self.chosen)
        fits: list[tuple[ChainFit, ...]] = [()] * count
        scales: dict[int, Scale] = {}
        measured = [not each for each in self._ambiguous]
        needed = [number for number in range(count) if measured[number] or self._has_chains(number)]
        for number, rest in zip(needed, self.assembler.without_others(needed) if needed else (), strict=True):
            check_cancelled()
            fits[number] = self._chain_fits(number, rest)
            part = self.chosen[number].part
            if measured[number] and part not in scales and (scale := self._scale(number, rest)) is not None:
                scales[part] = scale
        return fits, scales

    def _has_chains(self, number: int) -> bool:
        """Whether a placed part is a model with several chains."""
        part = self.parts[self.chosen[number].part]
        return isinstance(part, Model) and len(part.chains) > 1

    def _chain_fits(self, number: int, rest: DensityMap) -> tuple[ChainFit, ...]:
        """Return how much density the others leave for each chain of a placed model with several."""
        surveyed = self.assembler.surveyed(rest) if self._has_chains(number) else None
        if surveyed is None:
            return ()
        part = self.parts[self.chosen[number].part]
        try:
            problem = problem_of(surveyed, part, self.assembler.options.resolution)
        except InputError:  # little density is left
            return ()
        return fits_at_pose(problem, self.chosen[number].moving_to_fixed)

    def _scale(self, number: int, rest: DensityMap) -> Scale | None:
        """Return the scale of the whole by a placed part in what the others leave."""
        each = self.chosen[number]
        found = self.assembler.places_in_whole(each)
        resolution = self.assembler.options.resolution
        return scale_at(found.pair, found.fit_in(rest), each.moving_to_fixed, resolution=resolution)

    def scale(self) -> Scale | None:
        """Return the scale of the whole, by the certain parts, each in what the others leave; None if it is unknown.

        What the others leave has no neighbours that would overlap with the part.
        """
        return combined(list(self._alone[1].values()))

    @cached_property
    def _ambiguous(self) -> list[bool]:
        return [self._is_ambiguous(number) for number in range(len(self.chosen))]

    def _is_ambiguous(self, number: int) -> bool:
        """Whether another pose fits as well at a place: in the map where it was found, and in what the others leave."""
        chosen = self.chosen[number]
        found, pose, places = chosen.found, chosen.moving_to_fixed, self._places(chosen)
        if not other_poses(found, pose, places, found.fit):
            return False
        return bool(other_poses(found, pose, places, found.fit_in(self.assembler.without(number))))

    def interchangeable(self) -> tuple[tuple[str, str], ...]:
        """Return the names of placed parts that fit as well if they are exchanged."""
        pairs: dict[tuple[str, str], None] = {}
        for i, j in itertools.combinations(range(len(self.chosen)), 2):
            a, b = self.chosen[i], self.chosen[j]
            names = self.parts[a.part].name, self.parts[b.part].name
            if a.part == b.part or names in pairs:
                continue
            # In the whole, the neighbours of a part that was found later hide it.
            in_whole = all(each.found is self.assembler.places_in_whole(each) for each in (a, b))
            if in_whole and not self._fit_exchanged(a, b, None):
                continue
            if self._fit_exchanged(a, b, self.assembler.without(i, j)):
                pairs[names] = None
        return tuple(pairs)

    def _fit_exchanged(self, a: Chosen, b: Chosen, rest: DensityMap | None) -> bool:
        return self._fits_at(a, b, rest) and self._fits_at(b, a, rest)

    def _fits_at(self, a: Chosen, b: Chosen, rest: DensityMap | None) -> bool:
        """Whether a placed part fits at the place of another one as well as at its own."""
        first, second = self.assembler.places_in_whole(a), self.assembler.places_in_whole(b)
        return fits_at(first, a.moving_to_fixed, self._places(a), second.body, b.moving_to_fixed, rest)

    def unplaced(self) -> tuple[UnplacedPart, ...]:
        """Return the parts of which copies were not placed, and why."""
        return tuple(
            UnplacedPart(
                part, self.parts[part].name, missing, *self._reason(part), copies - missing, self.assembler.too_large
            )
            for part, copies in enumerate(self.assembler.copies)
            if (missing := self.assembler.missing(part))
        )

    def _reason(self, part: int) -> tuple[float, tuple[str, ...]]:
        """Return the smallest probability of chance of the free places of a part, and the parts at its certain ones."""
        taken: dict[str, None] = {}
        smallest, last = 1.0, self.found[part][-1]
        for found in self.found[part]:
            for number, place in enumerate(found.places):
                there = [each.part for each in self.assembler.at_place(found, place)]
                others = [other for other in there if other != part]
                if others and place.probability < LARGEST_PROBABILITY > probability_of(found, number):
                    taken.update(dict.fromkeys(self.parts[other].name for other in others))
                if found is last and not there and self.assembler.searches * place.probability < smallest:
                    smallest = min(smallest, self.assembler.searches * probability_of(found, number))
        return smallest, tuple(taken)

    def _places(self, chosen: Chosen) -> list[Place]:
        """Return all places of a placed part, of whatever search."""
        # The search in an arrangement is not among those of the rounds.
        searches = dict.fromkeys([*self.found[chosen.part], chosen.found])
        return [place for found in searches for place in found.places]
