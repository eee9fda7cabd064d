"""The solver for several copies of a part: all places above the noise that do not overlap, refined together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.copy_records import Copies, Copy
from botalign.alignment.copy_symmetry import SetSymmetry, set_symmetry
from botalign.alignment.distinct import Tolerance
from botalign.alignment.joint_refinement import refine_together
from botalign.alignment.options import AUTO
from botalign.alignment.outcome import Outcome
from botalign.alignment.overlap import overlap, overlaps
from botalign.alignment.part_places import PartPlaces, Place, part_places
from botalign.alignment.part_search import SAME, Limits
from botalign.alignment.part_verdict import ANOTHER_PLACE, LEAST_CORRELATION, signs_inside
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import uncertainty
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry import apply_transform, compose, inverse
from botalign.progress import Progress, map_steps

#: The share of its volume up to which a copy may lie in another one. The contours of neighbours overlap by up to 0.23
#: at 15 A, wrong poses at the place of a copy by 0.7 or more (``benchmarks/copies.py``).
LARGEST_OVERLAP = 1 / 3
#: Copies that the search reckons with if their number is unknown.
EXPECTED = 20
#: A copy that is counted fits better than wrong places by at least this fraction of what the best copy does. Related
#: parts, such as Arp2 in the place of Arp3, stay below 0.3.
LEAST_MARGIN = 0.4
#: Poses of copies are related by symmetry up to so many degrees and radii of the part.
SYMMETRIC = (5.0, 0.15)
#: So many operators between copies are tried to find the missing ones, at most.
OPERATORS = 60
#: Steps of the progress for the joint refinement.
TOGETHER = 60


def solve_copies(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Find all copies of the moving map in the fixed one.

    Raises
    ------
    InputError
        If the moving map shows the larger molecule.
    """
    if not problem.part_is_moving:
        raise InputError(
            f"{problem.moving.density.name}: copies of it cannot lie in {problem.fixed.density.name}, because its "
            f"molecule is larger, {problem.moving.volume_angstrom3:.3g} against {problem.fixed.volume_angstrom3:.3g} "
            "cubic angstrom; exchange the two, or check the voxel sizes and contour levels."
        )
    wanted = None if problem.options.copies == AUTO else int(problem.options.copies or 1)
    found = yield from map_steps(
        part_places(problem, limits_for(wanted)), lambda step: replace(step, total=step.total + TOGETHER)
    )
    before = found.search.total
    chosen = _Choice(found, wanted).made()
    yield Progress("refine", before, before + TOGETHER, moving_to_fixed=chosen[0].moving_to_fixed)
    refined = yield from map_steps(
        refine_together(
            [found.pair] * len(chosen), [place.moving_to_fixed for place in chosen],
            voxel_angstrom=found.voxel_angstrom, sigma_angstrom=found.sigma_angstrom,
        ),
        lambda step: replace(
            step, done=before + TOGETHER * step.done // step.total, total=before + TOGETHER,
            moving_to_fixed=chosen[0].moving_to_fixed,
        ),
    )  # fmt: skip
    shares = overlaps([found.body] * len(chosen), refined.poses) - np.eye(len(chosen))
    others = [_other_poses(found, pose, refined.poses) for pose in refined.poses]
    own = problem.symmetry_of_moving if any(others) else None
    judged = [
        _judged(found, place, pose, [each for each in near if not _is_equivalent(found, own, pose, each)])
        for place, pose, near in zip(chosen, refined.poses, others, strict=True)
    ]
    placed = tuple(
        Copy(pose, correlation, probability, verdict, float(share.max()))
        for pose, correlation, (probability, verdict), share in zip(
            refined.poses, refined.correlations, judged, shares, strict=True
        )
    )
    copies = Copies(placed, wanted, LARGEST_OVERLAP, refined.score, refined.start_score, _symmetry(found, placed, own))
    return _outcome(found, copies)


def limits_for(wanted: int | None) -> Limits:
    """Return how many poses a search for copies keeps."""
    count = EXPECTED if wanted is None else wanted
    usual = Limits()
    return Limits(
        peaks=max(usual.peaks, min(count, 2 * EXPECTED)), listed=max(usual.listed, 200 * count),
        coarse=max(2 * usual.coarse, 8 * count), second=max(2 * usual.second, 5 * count),
    )  # fmt: skip


class _Choice:
    """The choice of copies among the places of a part: the best ones that do not overlap."""

    def __init__(self, found: PartPlaces, wanted: int | None) -> None:
        self.found, self.wanted = found, wanted
        best, noise = (np.sqrt(max(score, 0.0)) for score in (found.places[0].score, max(found.wrong, default=0.0)))
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


def _judged(found: PartPlaces, place: Place, pose: Matrix, others: Sequence[Matrix]) -> tuple[float, str]:
    """Return the probability that a wrong place fits as well as a copy, and the verdict, given other poses there."""
    probability = place.probability
    signs = (
        0 if place.correlation >= LEAST_CORRELATION else signs_inside(found.pair.part, found.pair.whole, inverse(pose))
    )
    if place.correlation < LEAST_CORRELATION and signs < 2:
        probability = 1.0
    if probability >= LARGEST_PROBABILITY:
        return probability, "no match"
    undetermined = found.hand is not None and found.hand.decision == "undetermined"
    return probability, "ambiguous" if undetermined or others else "certain"


def _other_poses(found: PartPlaces, pose: Matrix, poses: Sequence[Matrix]) -> list[Matrix]:
    """Return other poses at the place of a copy that fit as well."""
    near = Tolerance(360.0, ANOTHER_PLACE * found.pair.radius_angstrom, found.pair.centre_angstrom)
    same = found.search.tolerance(SAME)
    return [
        other.moving_to_fixed
        for other in found.places
        if near.same(other.moving_to_fixed, pose)
        and not any(same.same(other.moving_to_fixed, each) for each in poses)
        and found.finest.is_as_good(inverse(pose), inverse(other.moving_to_fixed))
    ]


def _is_equivalent(found: PartPlaces, own: Symmetry | None, pose: Matrix, other: Matrix) -> bool:
    """Whether the symmetry of the part makes two poses equivalent."""
    if own is None:
        return False
    same = found.search.tolerance(SAME)
    return any(same.same(other, compose(pose, operation)) for operation in own.operations)


def _symmetry(found: PartPlaces, placed: Sequence[Copy], own: Symmetry | None) -> SetSymmetry | None:
    if len(placed) < 2 or any(copy.verdict == "no match" for copy in placed):
        return None
    poses = [copy.moving_to_fixed for copy in placed]
    turns = () if own is None else tuple(own.operations[1:])
    return set_symmetry(poses, found.pair.centre_angstrom, found.search.tolerance(SYMMETRIC), of_part=turns)


def _outcome(found: PartPlaces, copies: Copies) -> Outcome:
    """Return what the solver found; the copies are the first candidates."""
    first = copies.placed[0]
    poses = [copy.moving_to_fixed for copy in copies.placed]
    same = found.search.tolerance(SAME)
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
    return Outcome(
        tuple(candidates),
        hand=found.hand,
        verdict=decided,
        probability=max(copy.probability for copy in copies.placed),
        uncertainty=uncertainty(RobustProblem.of(found.finest).agreeing(pose), pose),
        copies=copies,
    )
