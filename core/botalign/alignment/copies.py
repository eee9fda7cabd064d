"""The solver for several copies of a part: all places above the noise that do not overlap, refined together.

If noise hides copies, and the map is symmetric, they are searched for in its average over its point group.
"""

from __future__ import annotations

import operator
from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.copy_averaging import are_in_map, noise_may_hide_copies, places_in_average
from botalign.alignment.copy_choice import LARGEST_OVERLAP, choose_copies
from botalign.alignment.copy_records import Copies, Copy
from botalign.alignment.copy_symmetry import SetSymmetry, set_symmetry
from botalign.alignment.copy_verdict import CopyVerdicts
from botalign.alignment.joint_refinement import refine_together
from botalign.alignment.options import AUTO, AlignmentOptions
from botalign.alignment.outcome import Outcome
from botalign.alignment.overlap import overlaps
from botalign.alignment.part_places import PartPlaces, Place, part_places
from botalign.alignment.part_scale import agreeing_errors, scale_at
from botalign.alignment.part_search import SAME, Limits
from botalign.alignment.part_verdict import signs_inside
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry import geodesic_degrees, inverse
from botalign.progress import WHOLE, Progress, map_steps, part_of_work

#: Copies that a search reckons with. If their number is unknown, and more places fit nearly as well as the best, the
#: search is repeated for the next number: wrong places are needed too. Nearly is a fraction of Fisher's transform.
EXPECTED, NEARLY = (20, 60, 300), 0.7
#: The end of all searches in the progress; the joint refinement follows.
SEARCHED = 9 * WHOLE // 10


def solve_copies(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Find all copies of the moving map in the fixed one.

    Raises
    ------
    InputError
        If the moving map shows the larger molecule.
    """
    if not problem.part_is_moving:
        times = problem.moving.volume_angstrom3 / problem.fixed.volume_angstrom3
        raise InputError(
            f"{problem.moving.density.name}: copies of it cannot lie in {problem.fixed.density.name}, because its "
            f"molecule is larger, by a factor of {times:.3g} in volume; "
            "exchange the two, or check the voxel sizes and contour levels."
        )
    wanted = None if problem.options.copies == AUTO else int(problem.options.copies or 1)
    in_map, before = yield from _searched(problem, wanted)
    found, chosen, averaged = in_map, choose_copies(in_map, wanted), None
    symmetry = problem.symmetry
    matching = 0 if symmetry is None else sum(_matching(found, chosen))
    # All members of a symmetric set are in the map: the average has copies in multiples of the order.
    incomplete = symmetry is not None and matching < _most_in_average(wanted, symmetry.order)
    if symmetry is not None and incomplete and noise_may_hide_copies(problem, in_map.search):
        limits = limits_for(wanted or 1, symmetry)
        in_average = yield from part_of_work(places_in_average(problem, symmetry, limits), before, SEARCHED)
        more = choose_copies(in_average, wanted)
        shown = are_in_map(in_map.finest, [place.moving_to_fixed for place in more])
        if sum(map(operator.and_, _matching(in_average, more), shown)) > matching:
            found, chosen, averaged = in_average, more, symmetry.group
    yield Progress("refine", SEARCHED, WHOLE, moving_to_fixed=chosen[0].moving_to_fixed)
    together = refine_together(
        [found.pair] * len(chosen), [place.moving_to_fixed for place in chosen],
        voxel_angstrom=found.voxel_angstrom, sigma_angstrom=found.sigma_angstrom,
    )  # fmt: skip
    refined = yield from map_steps(
        part_of_work(together, SEARCHED, WHOLE),
        lambda step: replace(step, moving_to_fixed=chosen[0].moving_to_fixed),
    )
    shares = overlaps([found.body] * len(chosen), refined.poses) - np.eye(len(chosen))
    verdicts = CopyVerdicts(found, chosen, refined.poses)
    judged = verdicts.judged()
    if averaged is not None:
        shown = are_in_map(in_map.finest, refined.poses)
        judged = [own if there else (1.0, "no match") for own, there in zip(judged, shown, strict=True)]
    placed = [
        Copy(
            moving_to_fixed=pose,
            correlation=correlation,
            probability=probability,
            verdict=verdict,
            overlap=float(share.max()),
        )
        for pose, correlation, (probability, verdict), share in zip(
            refined.poses, refined.correlations, judged, shares, strict=True
        )
    ]
    set_group = _symmetry(found, placed, verdicts.turns)
    if set_group is not None:
        # As for the equivalent poses of a whole map, the result is the one with the smallest rotation from the start.
        start = problem.options.start_transform()[:, :3]
        nearest = min(placed, key=lambda copy: float(geodesic_degrees(copy.moving_to_fixed[:, :3], start)))
        placed.sort(key=lambda copy: copy is not nearest)
    copies = Copies(tuple(placed), wanted, LARGEST_OVERLAP, refined.score, refined.start_score, set_group, averaged)
    return _outcome(found, copies, problem.options)


def _most_in_average(wanted: int | None, order: int) -> int:
    """Return how many copies an average can show: full sets of equivalent places, or some of the first set."""
    if wanted is None:
        return order
    return wanted if wanted < order else wanted - wanted % order


def _searched(problem: AlignmentProblem, wanted: int | None) -> Generator[Progress, None, tuple[PartPlaces, int]]:
    """Search for the places of the part; return them, and the progress until then.

    Another search may follow each one, so each gets a half of what is left.
    """
    before = 0
    for count in EXPECTED if wanted is None else (wanted,):
        limits = limits_for(count, None if wanted is None else problem.symmetry)
        end = (before + SEARCHED) // 2
        found = yield from part_of_work(part_places(problem, limits), before, end)
        before = end
        best = found.places[0]
        near = sum(place.score > NEARLY**2 * best.score for place in found.places)
        if near <= count * found.order or _is_absent(found):
            break
    return found, before


def _is_absent(found: PartPlaces) -> bool:
    """Whether no place is above the noise, and not because all of them are right.

    Where the map does not show the part, all places are nearly as good as the best one, and no search ends that. If all
    are right, there are no wrong ones to compare with, but the map shows the details of the part.
    """
    best, pair = found.places[0], found.pair
    if best.probability < LARGEST_PROBABILITY:
        return False
    return signs_inside(pair.part, pair.whole, inverse(best.moving_to_fixed)) < 2


def _matching(found: PartPlaces, chosen: Sequence[Place]) -> list[bool]:
    """Return which of the chosen places match the map."""
    judged = CopyVerdicts(found, chosen, [place.moving_to_fixed for place in chosen]).judged()
    return [verdict != "no match" for _, verdict in judged]


def limits_for(copies: int, symmetry: Symmetry | None = None) -> Limits:
    """Return how many poses a search for so many copies keeps; the search counts equivalent ones as one."""
    orbits = copies if symmetry is None else -(-copies // symmetry.order)
    count = max(orbits, EXPECTED[0])
    peaks = min(count, 2 * EXPECTED[0])
    return Limits(peaks, listed=200 * count, coarse=8 * count, second=5 * count, copies=count)


def _symmetry(found: PartPlaces, placed: Sequence[Copy], turns: Sequence[Matrix]) -> SetSymmetry | None:
    if len(placed) < 2 or any(copy.verdict == "no match" for copy in placed):
        return None
    poses = [copy.moving_to_fixed for copy in placed]
    return set_symmetry(poses, found.pair.centre_angstrom, found.pair.radius_angstrom, of_part=turns)


def _outcome(found: PartPlaces, copies: Copies, options: AlignmentOptions) -> Outcome:
    """Return what the solver found; the copies are the first candidates, and the scale is that by the first copy."""
    first = copies.placed[0]
    poses = [copy.moving_to_fixed for copy in copies.placed]
    same = found.pair.tolerance(SAME)
    candidates = [
        Candidate(copy.moving_to_fixed, found.mirrored, 1 - copy.correlation, copy.correlation, as_good=number > 0)
        for number, copy in enumerate(copies.placed)
    ]
    candidates += [
        Candidate(place.moving_to_fixed, found.mirrored, 1 - place.correlation, place.correlation)
        for place in found.places
        if not any(same.same(place.moving_to_fixed, pose) for pose in poses)
    ]
    pose = inverse(first.moving_to_fixed)
    verdicts = [copy.verdict for copy in copies.placed]
    decided = next(each for each in ("no match", "ambiguous", "certain") if each in verdicts)
    if decided == "certain" and found.hand is not None and found.hand.decision == "undetermined":
        decided = "ambiguous"
    scale = None
    if options.scale == "check" and decided != "no match":
        scale = scale_at(found.pair, found.finest, first.moving_to_fixed, resolution=options.resolution)
    return Outcome(
        tuple(candidates),
        hand=found.hand,
        verdict=decided,
        probability=max(copy.probability for copy in copies.placed),
        uncertainty=agreeing_errors(found.finest, pose, scaled=False).pose,
        scale=None if scale is None else scale.inverse,
        copies=copies,
    )
