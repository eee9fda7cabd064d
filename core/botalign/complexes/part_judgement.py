"""Whether a chosen place of a part is certain, and whether two parts can be told apart."""

from __future__ import annotations

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.overlap import overlap
from botalign.alignment.part_places import Place
from botalign.alignment.part_verdict import LEAST_CORRELATION, part_verdict, signs_inside
from botalign.alignment.records import Candidate
from botalign.alignment.verdict import mark_equals
from botalign.arrays import Matrix
from botalign.complexes.part_search import FoundPlaces
from botalign.geometry import apply_transform, inverse

#: Two parts are at the same place if they overlap by more than this share of the smaller one.
SAME_PLACE = 0.5


def judged(found: FoundPlaces, number: int) -> tuple[str, float]:
    """Return the verdict on a place of a part, and the probability that a wrong place fits as well.

    Parameters
    ----------
    found : FoundPlaces
        The places of the part.
    number : int
        Index of the place.
    """
    place, pair = found.places[number], found.pair
    probability = place.probability
    if place.correlation < LEAST_CORRELATION and signs_inside(pair.part, pair.whole, inverse(place.moving_to_fixed)) < 2:
        probability = 1.0  # the place does not resemble the part
    order = [number, *(index for index in range(len(found.places)) if index != number)]
    candidates = [_candidate(found.places[index]) for index in order]
    marked = mark_equals(fit_of(found), candidates, pose_of=lambda each: inverse(each.moving_to_fixed))
    centres = [apply_transform(each.moving_to_fixed, pair.centre_angstrom) for each in marked]
    verdict = part_verdict(probability, marked, places=centres, radius_angstrom=pair.radius_angstrom)
    return verdict, probability


def fit_of(found: FoundPlaces) -> FitProblem:
    """Return the fit of the whole to the part by which places are compared."""
    return found.pair.fit(found.voxel_angstrom, found.sigma_angstrom)


def are_interchangeable(first: FoundPlaces, pose: Matrix, second: FoundPlaces, other_pose: Matrix) -> bool:
    """Whether two placed parts fit as well if they are exchanged."""
    return _fits_at(first, pose, second, other_pose) and _fits_at(second, other_pose, first, pose)


def _fits_at(found: FoundPlaces, pose: Matrix, other: FoundPlaces, other_pose: Matrix) -> bool:
    """Whether a part fits at the place of another one as well as at its own."""
    there = [
        place.moving_to_fixed
        for place in found.places
        if overlap(found.body, place.moving_to_fixed, other.body, other_pose) > SAME_PLACE
    ]
    if not there:
        return False
    fit = fit_of(found)
    own = inverse(pose)
    return any(fit.is_as_good(own, inverse(each)) for each in there)


def _candidate(place: Place) -> Candidate:
    mirrored = bool(np.linalg.det(place.moving_to_fixed[:, :3]) < 0)
    return Candidate(place.moving_to_fixed, mirrored, 1.0, place.correlation)
