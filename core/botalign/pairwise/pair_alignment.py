"""The alignment of two maps of a set: from poses via landmarks, or by a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.itself import Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.rounds import search_hands
from botalign.arrays import Matrix
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.pose_distance import PoseDistance, PosePoint, pose_distance
from botalign.pairwise.prepared_maps import PreparedMap, SamplingBox
from botalign.progress import exhaust

#: A pose counts as converged to the best one if its L2 distance is larger by this factor at most or, for maps that are
#: nearly copies, below this fraction of the norm of the first map.
SAME_LOSS, SAME_SHARE = 1.01, 1e-3
#: Poses within this angle are refined by the wavelet distance once, and by L2 if they are within this shift too.
SAME_DEGREES, SAME_VOXELS = 3.0, 0.5
#: Poses that L2 refined to within this angle and shift converged to the same one.
CONVERGED_DEGREES, CONVERGED_VOXELS = 0.02, 0.01
#: Candidates of a search that are refined by L2, and poses that are refined by the wavelet distance.
CANDIDATES, REFINED = 6, 2


@dataclass(frozen=True)
class PairSettings:
    """Settings for the alignment of pairs.

    Attributes
    ----------
    options : DistanceOptions
        Options of the distances.
    box : SamplingBox
        Box in which the maps are sampled.
    """

    options: DistanceOptions
    box: SamplingBox

    @property
    def hands(self) -> tuple[bool, ...]:
        """The hands to try: whether the second map is mirrored."""
        return (False, True) if self.options.mirror else (False,)

    def pose_distance(self) -> PoseDistance:
        """Return the distance to minimise."""
        return self._distance(self.options.metric)

    def euclidean(self) -> PoseDistance:
        """Return the L2 distance of the same densities, whose steps are fast and converge from far away."""
        return self._distance("l2")

    def _distance(self, metric: str) -> PoseDistance:
        return pose_distance(metric, self.box, wavelet=self.options.wavelet, scales=self.options.scales)

    def search_options(self) -> AlignmentOptions:
        """Return the options of a search."""
        options = self.options
        return AlignmentOptions(
            loss=options.metric, hand="keep", size=self.box.size, evaluations=options.evaluations, seed=options.seed,
            wavelet=options.wavelet, scales=options.scales,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class AlignedPair:
    """The result for a pair.

    Attributes
    ----------
    transform : ndarray, shape (3, 4)
        Transform from the coordinates of the second map to those of the first, in angstrom.
    distance : float
        Distance between the maps at this transform.
    open_cycles : int
        Number of landmarks via which no pose converged to this transform.
    """

    transform: Matrix
    distance: float
    open_cycles: int


def align_pair(
    first: PreparedMap,
    second: PreparedMap,
    settings: PairSettings,
    suggested: Sequence[Sequence[Matrix]],
    *,
    mirrored: bool,
) -> AlignedPair:
    """Find the transform of least distance between two maps, for one hand.

    The poses via the landmarks are refined. If they converge to the least distance for fewer than half of the
    landmarks, or if there are no landmarks, a search as in :func:`botalign.align` follows.

    Parameters
    ----------
    first, second : PreparedMap
        Maps.
    settings : PairSettings
        Settings.
    suggested : sequence of sequence of ndarray, shape (3, 4)
        For each landmark, the transforms via this landmark that have the hand.
    mirrored : bool
        Hand: whether the second map is mirrored.

    Returns
    -------
    AlignedPair
        The best transform and its distance.
    """
    euclidean = settings.euclidean()
    poses = [pose for via_landmark in suggested for pose in via_landmark]
    ends = _minima(euclidean, first, second, poses)
    same = SAME_SHARE * euclidean.norm(first.values)
    if not poses or 2 * _closed_cycles(ends, suggested, same) < len(suggested):
        more = _candidates(first, second, settings, mirrored)
        poses += more
        ends += _minima(euclidean, first, second, more)
    open_cycles = len(suggested) - _closed_cycles(ends, suggested, same)
    if settings.options.metric == "l2":
        best = min(ends, key=lambda point: point.value)
        return AlignedPair(best.transform, best.value, open_cycles)
    distance = settings.pose_distance()
    # Poses that converged to the same one are tested once.
    same_end = Tolerance(CONVERGED_DEGREES, CONVERGED_VOXELS * settings.box.voxel_angstrom, second.centre)
    apart = distinct([end.transform for end in ends], [end.value for end in ends], same_end)
    starts = [ends[i].transform for i in apart] + poses
    points = [distance.point(first, second, each) for each in starts]
    chosen = distinct(starts, [point.value for point in points], Tolerance(SAME_DEGREES), count=REFINED)
    lowest = distance.lowered(points[chosen[0]])
    for index in chosen[1:]:
        other = distance.lowered(points[index], below=lowest.value)
        lowest = min(lowest, other, key=lambda point: point.value)
    return AlignedPair(lowest.transform, lowest.value, open_cycles)


def _minima(
    distance: PoseDistance, first: PreparedMap, second: PreparedMap, poses: Sequence[Matrix]
) -> list[PosePoint]:
    """Return the minimum near each pose; poses that are close to each other have one minimum."""
    same = Tolerance(SAME_DEGREES, SAME_VOXELS * distance.box.voxel_angstrom, second.centre)
    ends: list[PosePoint] = []
    for pose in poses:
        known = (end for end, earlier in zip(ends, poses, strict=False) if same.same(pose, earlier))
        ends.append(next(known, None) or distance.refined(first, second, pose))
    return ends


def _closed_cycles(ends: Sequence[PosePoint], suggested: Sequence[Sequence[Matrix]], same: float) -> int:
    """Return the number of landmarks via which a pose converged to the least distance, up to rounding.

    Parameters
    ----------
    ends : sequence of PosePoint
        Minima near all suggested poses, followed by those near other poses.
    suggested : sequence of sequence of ndarray
        Poses via each landmark.
    same : float
        Distances up to this count as zero.
    """
    losses = [end.value for end in ends]
    threshold, remaining = max(SAME_LOSS * min(losses), same), iter(losses)
    return sum(min(islice(remaining, len(poses)), default=np.inf) <= threshold for poses in suggested)


def _candidates(first: PreparedMap, second: PreparedMap, settings: PairSettings, mirrored: bool) -> list[Matrix]:
    """Search the rotations of one hand; return the candidates with the least distances."""
    fixed, moving = (Itself(each.surveyed, each.surveyed.density.grid) for each in (first, second))
    problem = AlignmentProblem(fixed, moving, settings.search_options(), (mirrored,))
    searched, _ = exhaust(search_hands(problem, refine=True, brief=True))
    poses = [candidate.moving_to_fixed for candidate in searched[0].refined]
    distance = settings.pose_distance()
    order = np.argsort([distance.at(first, second, pose) for pose in poses], kind="stable")
    return [poses[i] for i in order[:CANDIDATES]]
