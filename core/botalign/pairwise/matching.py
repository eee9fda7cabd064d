"""Two maps of a set brought together: from poses that other pairs suggest, or by a search of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.search_solver import search_hands
from botalign.arrays import Matrix
from botalign.pairwise.closeness import Closeness, closeness
from botalign.pairwise.members import Frame, Member
from botalign.progress import exhaust

#: A pose has led to the same place as the best one if it comes as near as this, as a ratio of the L2 distances, or,
#: for maps that are all but copies, as a share of the first one's distance from nothing.
SAME_LOSS, SAME_SHARE = 1.01, 1e-3
#: Motions closer than this are polished once.
SAME_DEGREES = 3.0
#: How many candidates of a search are brought down by L2, and how many places by the distance itself.
CONTENDERS, POLISHED = 6, 2


@dataclass(frozen=True)
class Matching:
    """How pairs are brought together.

    Attributes
    ----------
    metric : str
        ``"wemd"`` or ``"l2"``.
    frame : Frame
        What the maps are sampled in.
    mirror : bool
        Whether a mirror may be part of the motion.
    wavelet, scales : str, int
        Of the wavelet distance.
    evaluations, seed : int
        Of each search.
    """

    metric: str
    frame: Frame
    mirror: bool
    wavelet: str
    scales: int
    evaluations: int
    seed: int

    @property
    def hands(self) -> tuple[bool, ...]:
        """The hands to look at: whether the second map is mirrored in each."""
        return (False, True) if self.mirror else (False,)

    def closeness(self) -> Closeness:
        """Return the distance."""
        return closeness(self.metric, self.frame, wavelet=self.wavelet, scales=self.scales)

    def euclidean(self) -> Closeness:
        """Return the L2 distance of the same densities, whose steps take little time and reach far."""
        return closeness("l2", self.frame, wavelet=self.wavelet, scales=self.scales)

    def options(self) -> AlignmentOptions:
        """Return the options of a search."""
        options = AlignmentOptions(
            loss=self.metric, hand="keep", size=self.frame.size, evaluations=self.evaluations, seed=self.seed
        )
        return replace(options, wavelet=self.wavelet, scales=self.scales) if self.metric == "wemd" else options


@dataclass(frozen=True, eq=False)
class Match:
    """Where two maps are closest.

    Attributes
    ----------
    motion : ndarray, shape (3, 4)
        From the coordinates of the second to those of the first, in angstrom.
    distance : float
        Their distance there.
    open : int
        Over how many of the landmarks every pose that was suggested led elsewhere.
    searched : bool
        Whether a search was made.
    """

    motion: Matrix
    distance: float
    open: int
    searched: bool


def match(
    first: Member, second: Member, matching: Matching, suggested: Sequence[Sequence[Matrix]], *, mirrored: bool
) -> Match:
    """Find where two maps are closest, for one hand.

    Each pose suggested is brought down to the least distance nearby. If over fewer than half of the landmarks one comes
    to the same least distance, which is so as well if there are none, the pair is searched as :func:`botalign.align`
    searches.

    Parameters
    ----------
    first, second : Member
        The maps.
    matching : Matching
        How.
    suggested : sequence of sequence of ndarray, shape (3, 4)
        Motions to start from, of the hand that is asked for: those over each landmark.
    mirrored : bool
        Whether the second map is mirrored.

    Returns
    -------
    Match
        The closest found.
    """
    euclidean = matching.euclidean()
    poses = [pose for over in suggested for pose in over]
    ends = euclidean.refined(first, second, poses)
    losses = [euclidean.at(first, second, end) for end in ends]
    same = SAME_SHARE * euclidean.norm(first.values)
    search = not poses or 2 * _closed(losses, suggested, same) < len(suggested)
    if search:
        more = _candidates(first, second, matching, mirrored)
        poses += more
        further = euclidean.refined(first, second, more)
        ends += further
        losses += [euclidean.at(first, second, end) for end in further]
    still_open = len(suggested) - _closed(losses, suggested, same)
    if matching.metric == "l2":
        best = int(np.argmin(losses))
        return Match(ends[best], losses[best], still_open, search)
    distance = matching.closeness()
    starts = ends + poses
    losses = [distance.at(first, second, each) for each in starts]
    places = distinct(starts, losses, Tolerance(SAME_DEGREES), count=POLISHED)
    polished = distance.refined(first, second, [starts[i] for i in places])
    values = [distance.at(first, second, each) for each in polished]
    best = int(np.argmin(values))
    return Match(polished[best], values[best], still_open, search)


def _closed(losses: Sequence[float], suggested: Sequence[Sequence[Matrix]], same: float) -> int:
    """Return over how many landmarks a pose came as low as the least loss of all, but for rounding.

    Parameters
    ----------
    losses : sequence of float
        Of all poses suggested, and of others after them.
    suggested : sequence of sequence of ndarray
        The poses over each landmark.
    same : float
        Losses up to this are as good as none.
    """
    if not losses:
        return 0
    enough, left = max(SAME_LOSS * min(losses), same), iter(losses)
    return sum(min(islice(left, len(over)), default=np.inf) <= enough for over in suggested)


def _candidates(first: Member, second: Member, matching: Matching, mirrored: bool) -> list[Matrix]:
    """Search the rotations of one hand; return the candidates that come closest."""
    problem = AlignmentProblem(first.surveyed, second.surveyed, matching.options())
    searched, _ = exhaust(search_hands(problem, (mirrored,)))
    poses = [candidate.moving_to_fixed for candidate in searched[0].refined]
    distance = matching.closeness()
    order = np.argsort([distance.at(first, second, pose) for pose in poses], kind="stable")
    return [poses[i] for i in order[:CONTENDERS]]
