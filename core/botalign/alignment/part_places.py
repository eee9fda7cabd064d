"""All places of a part in a whole: distinct poses, with the probability that a wrong one has such a score."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property

from botalign.alignment.chance import chance
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand
from botalign.alignment.overlap import Body
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_search import FINEST_FIT, SAME, SECOND_FIT, Limits, PartSearch
from botalign.alignment.part_verdict import place_scores
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.uncertainty import uncertainty
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.geometry import inverse
from botalign.progress import Progress

#: The tail of the scores of wrong places is known from this many of them at least.
FEWEST_WRONG = 8


@dataclass(frozen=True, eq=False)
class Place:
    """A pose of a part in a whole.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    correlation : float
        Correlation of the edges inside the part, at the finest sampling.
    probability : float
        Probability that a wrong place has such a score, given the scores of the places that are wrong.
    """

    moving_to_fixed: Matrix
    correlation: float
    probability: float


@dataclass(frozen=True, eq=False)
class PartPlaces:
    """All distinct places of a part in a whole.

    Attributes
    ----------
    pair : PartPair
        The part, which moves, and the whole.
    voxel_angstrom, sigma_angstrom : float
        Voxel size and smoothing at the finest sampling that holds signal.
    places : tuple of Place
        The places, the most probable first.
    hand : HandDecision or None
        Decision about the hand of the part, if both were searched.
    mirrored : bool
        Whether the places mirror the part.
    """

    pair: PartPair
    voxel_angstrom: float
    sigma_angstrom: float
    places: tuple[Place, ...]
    hand: HandDecision | None
    mirrored: bool

    @cached_property
    def body(self) -> Body:
        """The volume of the part."""
        return Body.of(self.pair)

    @property
    def above_noise(self) -> tuple[Place, ...]:
        """The places that a wrong one would equal with a small probability only."""
        return tuple(each for each in self.places if each.probability < LARGEST_PROBABILITY)


def part_places(problem: AlignmentProblem, limits: Limits | None = None) -> Generator[Progress, None, PartPlaces]:
    """Find all distinct places of a part in a whole.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem; the moving map is the part.
    limits : Limits, optional
        How many poses the search keeps.

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
    search = PartSearch(problem, limits=limits)
    searched = yield from search.steps()
    answers = [group[0] for group in searched.groups]
    pose_of = search.poses.fit_pose
    hand, answer = decide_hand(searched.fit, answers, choose=problem.chooses_hand, pose_of=pose_of)
    group = search.distinct(searched.groups[answer], SAME)
    samplings = [search.sampling(searched.voxel, each) for each in (SECOND_FIT, FINEST_FIT)]
    fits = [searched.fit, search.poses.fit(*samplings[1])]
    # Noise is stronger at finer sampling. The sampling at which the best pose has the smaller standard error is used.
    finest = min((0, 1), key=lambda number: _error(fits[number], pose_of(group[0])))
    places = []
    for candidate, probability in zip(group, probabilities(search.correlations(group)), strict=True):
        pose, correlation = fits[finest].solve(pose_of(candidate))
        if not search.poses.allowed(pose[:, :3]):
            pose = pose_of(candidate)
            correlation = fits[finest].correlation(pose)
        places.append(Place(inverse(pose), correlation, probability))
    yield Progress("refine", search.total, search.total, moving_to_fixed=places[0].moving_to_fixed)
    return PartPlaces(search.pair, *samplings[finest], tuple(places), hand, group[0].mirrored)


def probabilities(correlations: Sequence[float]) -> list[float]:
    """Return for each place the probability that a wrong one fits as well, given correlations, the largest first.

    The places are divided into right and wrong ones where that is the least probable result of chance. The wrong ones
    then show how well the part fits by chance.
    """
    scores = place_scores(correlations)
    most = max(1, len(scores) - FEWEST_WRONG)
    right = min(range(1, most + 1), key=lambda count: chance(float(scores[count - 1]), list(scores[count:])))
    return [chance(float(score), list(scores[max(right, i + 1) :])) for i, score in enumerate(scores)]


def _error(fit: FitProblem, pose: Matrix) -> float:
    return uncertainty(fit, fit.solve(pose)[0]).shift_angstrom
