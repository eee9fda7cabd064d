"""All places of a part in a whole: distinct poses, with the probability that a wrong one has such a score."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cached_property

from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand
from botalign.alignment.overlap import Body
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_search import FINEST_FIT, SAME, SECOND_FIT, Limits, PartSearch
from botalign.alignment.place_chances import PlaceChances, place_scores
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import uncertainty
from botalign.alignment.verdict import CLOSE_QUALITY
from botalign.arrays import Matrix
from botalign.geometry import inverse
from botalign.progress import Progress


@dataclass(frozen=True, eq=False)
class Place:
    """A pose of a part in a whole.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    correlation : float
        Correlation of the edges inside the part, at the finest sampling.
    score : float
        Score by which places are judged, at a coarser sampling: the square of Fisher's transform of the correlation.
    probability : float
        Probability that a wrong place has such a score, given the scores of the places that are wrong.
    """

    moving_to_fixed: Matrix
    correlation: float
    score: float
    probability: float


@dataclass(frozen=True, eq=False)
class PartPlaces:
    """All distinct places of a part in a whole.

    Attributes
    ----------
    search : PartSearch
        The search: it has the part, which moves, and the whole.
    second : FitProblem
        The fit by whose correlations the places are judged.
    finest : FitProblem
        The fit at the finest sampling that holds signal.
    voxel_angstrom, sigma_angstrom : float
        Voxel size and smoothing of the finest fit.
    places : tuple of Place
        The places, the most probable first.
    chances : PlaceChances
        The probabilities of chance of places, by their scores.
    hand : HandDecision or None
        Decision about the hand of the part, if both were searched.
    mirrored : bool
        Whether the places mirror the part.
    """

    search: PartSearch
    second: FitProblem
    finest: FitProblem
    voxel_angstrom: float
    sigma_angstrom: float
    places: tuple[Place, ...]
    chances: PlaceChances
    hand: HandDecision | None
    mirrored: bool

    @property
    def pair(self) -> PartPair:
        """The part and the whole."""
        return self.search.pair

    @property
    def order(self) -> int:
        """How many places the symmetry of the whole makes equivalent."""
        return 1 if self.search.symmetry is None else self.search.symmetry.order

    @cached_property
    def body(self) -> Body:
        """The volume of the part."""
        return Body.of(self.pair)

    def fitted(self, pose: Matrix) -> Place:
        """Fit the part from a pose, and judge where it ends."""
        end, correlation = self.second.solve(inverse(pose))
        return self.refined(inverse(end), correlation)

    def refined(self, pose: Matrix, correlation: float) -> Place:
        """Return a place at the finest sampling, given its correlation at the second one, by which it is judged."""
        (score,) = place_scores([correlation])
        start = inverse(pose)
        end, correlation = self.finest.solve(start)
        if not self.search.poses.allowed(end[:, :3]):
            end, correlation = start, self.finest.correlation(start)
        return Place(inverse(end), correlation, score, self.chances.of_score(score))


def part_places(
    problem: AlignmentProblem, limits: Limits | None = None, *, symmetry: Symmetry | None = None, tries: int = 1
) -> Generator[Progress, None, PartPlaces]:
    """Find all distinct places of a part in a whole.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem; the moving map is the part.
    limits : Limits, optional
        How many poses the search keeps.
    symmetry : Symmetry, optional
        Symmetry of the whole, by default that of the map; see :class:`PartSearch`.
    tries : int, optional
        Of how many such searches the result is the best one.

    Returns
    -------
    PartPlaces
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        After each step, with the stages ``"search"`` and ``"refine"``.
    """
    assert problem.part_is_moving
    search = PartSearch(problem, limits=limits, symmetry=symmetry)
    searched = yield from search.steps()
    answers = [group[0] for group in searched.groups]
    pose_of = search.poses.fit_pose
    hand, answer = decide_hand(searched.fit, answers, choose=problem.options.hand == "auto", pose_of=pose_of)
    group = search.distinct(searched.groups[answer], SAME)
    samplings = [search.sampling(searched.voxel, each) for each in (SECOND_FIT, FINEST_FIT)]
    fits = [searched.fit, search.poses.fit(*samplings[1])]
    # Noise is stronger at finer sampling. The sampling at which the best pose has the smaller standard error is used.
    finest = min((0, 1), key=lambda number: _error(fits[number], pose_of(group[0])))
    chances = PlaceChances.of(search.correlations(searched.groups[answer]), tries=tries * searched.tries)
    found = PartPlaces(search, searched.fit, fits[finest], *samplings[finest], (), chances, hand, group[0].mirrored)
    places = [found.refined(candidate.moving_to_fixed, candidate.quality) for candidate in group]
    yield Progress("refine", search.total, search.total, moving_to_fixed=places[0].moving_to_fixed)
    if search.symmetry is not None:
        places = _with_equivalents(found, places, search.symmetry)
    # The last fit may take a wrong place to one that is known: it would be the same pose with another probability.
    kept = search.apart([place.moving_to_fixed for place in places], SAME)
    return replace(found, places=tuple(places[number] for number in kept))


def _with_equivalents(found: PartPlaces, places: list[Place], symmetry: Symmetry) -> list[Place]:
    """Return the places with those that the symmetry of the whole makes equivalent to them, as far as these matter.

    The equivalents of the right places are fitted and judged, because the symmetry need not be exact. The wrong places
    that fit nearly as well may make one of them ambiguous.
    """
    least, added = places[0].correlation - 2 * CLOSE_QUALITY, []
    for place in places:
        equivalents = symmetry.equivalents(place.moving_to_fixed)
        poses = [equivalents[number] for number in found.search.apart(equivalents, SAME)[1:]]
        if found.chances.is_right(place.score):
            added += [found.fitted(pose) for pose in poses]
        elif place.correlation > least:
            added += [replace(place, moving_to_fixed=pose) for pose in poses]
    return sorted([*places, *added], key=lambda place: -place.score)


def _error(fit: FitProblem, pose: Matrix) -> float:
    return uncertainty(fit, fit.solve(pose)[0]).shift_angstrom
