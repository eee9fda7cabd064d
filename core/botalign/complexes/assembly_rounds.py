"""The rounds of an assembly: each places parts that are certain, in what the ones before it left.

First, each part is judged alone. At a low resolution, the neighbours of a part reach into its place and hide it, so
that no part may be certain. Then an arrangement of several parts is judged: each part is searched for again, everywhere
in what the others of the arrangement leave. If they are right, only the part itself is left, and stands out. If they
are wrong, their subtraction leaves nothing that resembles it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.complexes.assembler import Assembler, Chosen, Wanted
from botalign.complexes.found_places import FoundPlaces
from botalign.complexes.part_judgement import probability_of
from botalign.complexes.prospects import fits_better
from botalign.progress import Progress, Result, map_steps

#: Largest number of rounds. A round follows only if the one before it placed a part.
ROUNDS = 6
#: Fractions of a round after which all its searches are done, and all its arrangements are judged.
SEARCHED, ARRANGED = 0.4, 0.9
#: How often an arrangement is judged at most, and from which time on only parts that were certain remain in it.
TURNS, KEPT_TURNS = 6, 4
#: An arrangement of which each part has a probability above this one is not judged again.
HOPELESS = 0.1
#: What the others leave is a map for each part of an arrangement. They have at most so many bytes together.
LARGEST_BYTES = 4 * 2**30
#: Texts of the stages for a progress bar. Those of repeated stages are short, because the round follows.
_STAGES = {
    "search": "searching parts",
    "search the rest": "residual",
    "search together": "arrangement",
    "refine together": "refining",
    "search mirrored": "mirror image",
}


@dataclass(frozen=True, eq=False)
class AssemblyProgress(Progress):
    """How far an assembly is."""

    @property
    def label(self) -> str:
        """What is done, as text for a progress bar, with the number of the round from the second one on."""
        text = _STAGES[self.stage]
        return text if self.iteration == 1 else f"{text}, round {self.iteration}"


def place_parts(assembler: Assembler) -> Generator[Progress, None, None]:
    """Place all parts that have a certain place."""
    for number in range(1, ROUNDS + 1):
        rest = assembler.surveyed(assembler.rest)
        if rest is None:
            break
        parts = range(len(assembler.parts))
        wanted = [
            Wanted(part, rest, missing)
            for part in parts
            if (missing := assembler.missing(part))
            and assembler.has_density_for(part)
            and assembler.can_be_in(rest, part)
        ]
        if not wanted:
            break
        searches = {f"round_{number}_part_{each.part:04d}": each for each in wanted}
        stage = "search" if number == 1 else "search the rest"
        places = yield from _in_round(assembler.searched(searches, stage=stage), number, 0.0, SEARCHED)
        found = {each.part: own for each, own in zip(wanted, places, strict=True)}
        for part, own in found.items():
            assembler.found.setdefault(part, []).append(own)
        accepted = _certain_alone(assembler, found)
        if not accepted:
            together = _certain_together(assembler, found, f"round_{number}")
            accepted = yield from _in_round(together, number, SEARCHED, ARRANGED)
        if not accepted:
            break
        yield from _in_round(assembler.accept(accepted), number, ARRANGED, 1.0)
    if rest is not None and assembler.found and not assembler.chosen:
        # Only the first round has ended, and the rest is the whole.
        yield from _in_round(_search_mirrored(assembler, rest), 1, ARRANGED, 1.0)


def _search_mirrored(assembler: Assembler, whole: SharedWhole) -> Generator[Progress, None, None]:
    """Search for the mirror image of the largest part."""
    largest = max(assembler.found, key=lambda part: assembler.found[part][0].body.volume_angstrom3)
    wanted = {f"mirrored_part_{largest:04d}": Wanted(largest, whole, 1, mirrored=True)}
    (found,) = yield from assembler.searched(wanted, stage="search mirrored")
    if assembler.searches * probability_of(found, 0) < LARGEST_PROBABILITY:
        assembler.matches_mirrored = largest


def _in_round(
    steps: Generator[Progress, None, Result], number: int, start: float, end: float
) -> Generator[Progress, None, Result]:
    """Count steps as a part of a round, after which another may follow."""

    def counted(step: Progress) -> Progress:
        overall = _overall(number, start + (end - start) * step.fraction)
        return AssemblyProgress(step.stage, step.done, step.total, iteration=number, overall=overall)

    return map_steps(steps, counted)


def _in_turn(steps: Generator[Progress, None, Result], turn: int) -> Generator[Progress, None, Result]:
    """Count steps as those of a turn, after which another may follow."""
    return map_steps(steps, lambda step: replace(step, overall=_overall(turn, step.fraction)))


def _overall(number: int, fraction: float) -> float:
    """Return how much is done, given the fraction of a repetition: each gets a half of what those before it left."""
    return 1 - 0.5 ** (number - 1) + 0.5**number * fraction


def _is_certain(chosen: Chosen) -> bool:
    return chosen.probability < LARGEST_PROBABILITY


def _picked(assembler: Assembler, found: Mapping[int, FoundPlaces]) -> list[Chosen]:
    """Return the best joint choice of places of parts that are missing."""
    searches = [(part, own, assembler.missing(part)) for part, own in found.items()]
    return assembler.picked(searches, tries=assembler.searches)


def _certain_alone(assembler: Assembler, found: Mapping[int, FoundPlaces]) -> list[Chosen]:
    """Choose places together, and return those that are not matches by chance.

    Parts without a match may have occupied the places of other parts, so the choice is repeated without them.
    """
    left = dict(found)
    while left:
        picked = _picked(assembler, left)
        good = [each for each in picked if _is_certain(each)]
        # A part of which some copies are certain stays; its other copies are left out.
        hopeless = {each.part for each in picked} - {each.part for each in good}
        if not hopeless:
            return good
        for part in hopeless:
            del left[part]
    return []


def _certain_together(
    assembler: Assembler, found: Mapping[int, FoundPlaces], name: str
) -> Generator[Progress, None, list[Chosen]]:
    """Return the parts of an arrangement of which each is certain in what the others leave; none if there is none."""
    arranged = _picked(assembler, found)
    for turn in range(1, TURNS + 1):
        if not arranged or len(arranged) + len(assembler.chosen) < 2:
            break
        if len(arranged) * assembler.whole.data.nbytes > LARGEST_BYTES:
            assembler.too_large = True
            break
        judged, added = yield from _in_turn(_judged(assembler, arranged, f"{name}_turn_{turn}"), turn)
        certain = [each for each in judged if _is_certain(each)]
        if len(certain) == len(arranged):
            return certain
        if min((each.probability for each in (*judged, *added)), default=1.0) >= HOPELESS:
            break
        # A part may have been hidden by others that are elsewhere now, or that are in the arrangement only now.
        arranged = [*judged, *added] if turn < KEPT_TURNS else certain
        # Each of them holds the residual in which it was found, which takes more memory than the map.
        arranged = [replace(each, found=assembler.places_in_whole(each)) for each in arranged]
        del judged, added, certain
    return []


def _judged(
    assembler: Assembler, arranged: Sequence[Chosen], name: str
) -> Generator[Progress, None, tuple[list[Chosen], list[Chosen]]]:
    """Search for each part of an arrangement in what the others leave, and for missing ones in what all leave.

    Return the best joint choice of places: of the parts of the arrangement, and of the missing ones. If no part of the
    arrangement fits better in what the others leave, none is searched for.
    """
    refinement = assembler.refined_together([*assembler.chosen, *arranged])
    everything, _ = yield from map_steps(refinement, lambda step: replace(step, overall=step.fraction / 4))
    wanted: dict[str, Wanted] = {}

    def want(key: str, part: int, rest: SharedWhole | None, copies: int) -> None:
        if rest is not None and assembler.can_be_in(rest, part):
            wanted[f"{name}_{key}"] = Wanted(part, rest, copies)

    first = len(assembler.chosen)
    moved = everything[first:]
    rests = [assembler.minus(everything[:n] + everything[n + 1 :]) for n in range(first, len(everything))]
    if not any(
        fits_better(start.found, start.place, rest, end.moving_to_fixed)
        for start, end, rest in zip(arranged, moved, rests, strict=True)
    ):
        return [], []
    for number, (end, rest) in enumerate(zip(moved, rests, strict=True), first):
        # If rounding changes the arrangement, a resumed run must not read the places of another part.
        want(f"{number:04d}_part_{end.part:04d}", end.part, assembler.surveyed(rest), 1)
    count = len(wanted)
    missing = {part: assembler.missing(part) for part in range(len(assembler.parts))}
    for each in arranged:
        missing[each.part] -= 1
    if any(missing.values()):
        left = assembler.surveyed(assembler.minus(everything))
        for part, copies in missing.items():
            if copies:
                want(f"part_{part:04d}", part, left, copies)
    search = assembler.searched(wanted, stage="search together")
    places = yield from map_steps(search, lambda step: replace(step, overall=(1 + 3 * step.fraction) / 4))
    searches = [(each.part, found, each.copies) for each, found in zip(wanted.values(), places, strict=True)]
    assembler.arrangements += 1
    picked = assembler.picked(searches, tries=assembler.arrangements)
    of_arranged = {id(found) for _, found, _ in searches[:count]}
    judged = [each for each in picked if id(each.found) in of_arranged]
    return _corrected(judged, len(arranged)), [each for each in picked if id(each.found) not in of_arranged]


def _corrected(judged: Sequence[Chosen], tested: int) -> list[Chosen]:
    """Multiply each probability by the number of parts that are not less probable by chance, of all that were tested.

    This is the correction of Holm (1979, Scandinavian Journal of Statistics 6, 65): the parts that are more certain are
    not among those that may be wrong. Parts that the joint choice left out were tested, too.
    """
    corrected, least = [], 0.0
    for number, each in enumerate(sorted(judged, key=lambda each: each.probability)):
        least = max(least, min(1.0, (tested - number) * each.probability))
        corrected.append(replace(each, probability=least))
    return corrected
