"""Tests of places: whether they may be due to chance, whether other poses fit there, whether parts can be exchanged."""

from __future__ import annotations

from collections.abc import Sequence

from botalign.alignment.copy_verdict import SHOWN
from botalign.alignment.fitting import FitProblem
from botalign.alignment.overlap import Body, overlap
from botalign.alignment.part_places import Place
from botalign.alignment.part_search import SAME
from botalign.alignment.part_verdict import LEAST_CORRELATION, SAME_PLACE, signs_inside
from botalign.alignment.verdict import fits_as_well
from botalign.arrays import Matrix
from botalign.complexes.found_places import FoundPlaces
from botalign.geometry import compose, inverse
from botalign.maps.density_map import DensityMap

#: One part is at the place of another one if they overlap by more than this fraction of the smaller one.
LEAST_OVERLAP_AT_PLACE = 0.5


def probability_of(found: FoundPlaces, number: int) -> float:
    """Return the probability that a wrong place fits as well; 1 if the whole does not resemble the part.

    The whole must resemble the part at the place, or at one of the best places, because noise may hide the details of a
    single copy.

    Parameters
    ----------
    found : FoundPlaces
        The places of the part.
    number : int
        Index of the place.
    """
    considered = dict.fromkeys([number, *range(min(SHOWN, len(found.places)))])
    resembles = any(_resembles(found, found.places[index]) for index in considered)
    return found.places[number].probability if resembles else 1.0


def _resembles(found: FoundPlaces, place: Place) -> bool:
    """Whether the whole resembles the part at a place."""
    pair = found.pair
    return place.correlation >= LEAST_CORRELATION or (
        signs_inside(pair.part, pair.whole, inverse(place.moving_to_fixed)) == 2
    )


def other_poses(found: FoundPlaces, pose: Matrix, places: Sequence[Place], fit: FitProblem) -> list[Matrix]:
    """Return other poses at the place of a part that fit as well, except those that its symmetry makes equivalent.

    Parameters
    ----------
    found : FoundPlaces
        The part and the whole.
    pose : ndarray, shape (3, 4)
        Pose of the part.
    places : sequence of Place
        Its places, of whatever search.
    fit : FitProblem
        The fit in which the poses are compared.
    """
    pair = found.pair
    near, same = pair.tolerance(SAME_PLACE), pair.tolerance(SAME)
    others = []
    for place in places:
        if not near.same(place.moving_to_fixed, pose) or same.same(place.moving_to_fixed, pose):
            continue
        end = inverse(fit.solve(inverse(place.moving_to_fixed))[0])
        if not same.same(end, pose) and fits_as_well(fit, inverse(pose), inverse(end)):
            others.append(end)
    symmetry = found.problem.symmetry_of_moving if others else None
    if symmetry is None:
        return others
    equivalent = compose(pose, symmetry.operations)
    return [other for other in others if not same.same_as(other, equivalent).any()]


def fits_at(
    found: FoundPlaces, pose: Matrix, places: Sequence[Place], other: Body, other_pose: Matrix, rest: DensityMap | None
) -> bool:
    """Whether a part fits at the place of another one as well as at its own.

    Parameters
    ----------
    found : FoundPlaces
        The part and the whole.
    pose : ndarray, shape (3, 4)
        Pose of the part.
    places : sequence of Place
        Its places, of whatever search.
    other : Body
        The volume of the other part.
    other_pose : ndarray, shape (3, 4)
        Its pose.
    rest : DensityMap or None
        The density in which they are compared; None for that of the whole.
    """
    there = [
        place.moving_to_fixed
        for place in places
        if overlap(found.body, place.moving_to_fixed, other, other_pose) > LEAST_OVERLAP_AT_PLACE
    ]
    if not there:
        return False
    fit = found.fit if rest is None else found.fit_in(rest)
    own = inverse(pose)
    return any(fits_as_well(fit, own, fit.solve(inverse(each))[0]) for each in there)
