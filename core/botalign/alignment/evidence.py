"""The evidence for the verdict on a pose: its details, compared with those of wrong poses of the same two maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.chance import chance, rotations_of_cube
from botalign.alignment.details import Details
from botalign.alignment.fitting import FitProblem
from botalign.arrays import Matrix
from botalign.geometry import compose, inverse, transform_about

#: Wrong poses are fitted at so many points, to so many degrees and voxels, in so many steps at most: first briefly.
POINTS, BRIEFLY, FURTHER = 3000, (0.3, 5), (0.05, 12)
#: If a smaller chance than this remains after the brief fit, it is no match by chance after a longer one either.
CLEAR = 1e-6
#: Poses this close to each other, in degrees and radii of the molecule, count as one; and those this close to the best
#: pose are not wrong, because a fit may have stopped on its way there.
SAME, NEAR = (8.0, 0.1), (20.0, 0.3)
#: The similarity of the fixed map to itself is considered at a pose whose score is more than this fraction of that of
#: the best pose. It explains a score only if the maps match: if maps that share their outline agree as well with a
#: smaller probability than the second number.
HIGH, MATCHING = 0.02, 0.05


@dataclass(frozen=True)
class Evidence:
    """Evidence for a verdict.

    Attributes
    ----------
    chance : float
        Probability that a wrong pose would have such a score; see :mod:`botalign.alignment.chance`.
    outline_chance : float
        Probability that maps with only their outline in common would agree so well; see
        :attr:`Details.outline_chance`.
    agreement : float
        How well the details agree, 1 for copies; see :attr:`Details.agreement`.
    """

    chance: float
    outline_chance: float
    agreement: float

    @property
    def probability(self) -> float:
        """Probability that unrelated maps would fit as well, whether they share their outline or not: the larger."""
        return max(self.chance, self.outline_chance)

    def of_two(self) -> Evidence:
        """Return the evidence if it is the stronger of two: its probabilities are twice as large."""
        return replace(self, chance=min(2 * self.chance, 1.0), outline_chance=min(2 * self.outline_chance, 1.0))


@dataclass(frozen=True, eq=False)
class WrongPoses:
    """Poses to which fits converge from rotations and reflections of a pose about the principal axes.

    Attributes
    ----------
    best : ndarray, shape (3, 4)
        The pose.
    poses : list of ndarray, shape (3, 4)
        The others.
    centre : ndarray, shape (3,)
        Centre of the fixed molecule.
    brief : bool
        Whether the fits were brief. They end on the way then, so that the best pose stands out more.
    """

    best: Matrix
    poses: list[Matrix]
    centre: Matrix
    brief: bool = True

    @classmethod
    def of(cls, fit: FitProblem, axes: Matrix, best: Matrix) -> WrongPoses:
        """Fit poses at some of the points of a fit, given the principal axes as columns."""
        turned = compose(transform_about(np.array(rotations_of_cube(axes)), fit.centre, fit.centre), best)
        return cls(best, _fitted(fit, turned, BRIEFLY), fit.centre)

    def further(self, fit: FitProblem) -> WrongPoses:
        """Continue the fits."""
        return replace(self, poses=_fitted(fit, self.poses, FURTHER), brief=False)

    def same(self, pose: Matrix, radius_angstrom: float) -> bool:
        """Whether a pose is so close to the best one that the same others are wrong."""
        return bool(_close(pose[None], self.best[None], SAME, self.centre, radius_angstrom).all())


def _fitted(fit: FitProblem, poses: Sequence[Matrix] | Matrix, how: tuple[float, int]) -> list[Matrix]:
    return list(fit.thinned(POINTS).solve_all(poses, tolerance=how[0], max_steps=how[1])[0])


def evidence(
    details: Callable[[Matrix], Details],
    itself: Callable[[Matrix], Details],
    right: Sequence[Matrix],
    wrong: Sequence[Matrix],
    *,
    centre: Matrix,
    radius_angstrom: float,
) -> Evidence:
    """Return the evidence for a pose.

    Parameters
    ----------
    details : callable
        Compares the details of the two maps at a pose.
    itself : callable
        Compares the details of the fixed map and itself.
    right : sequence of ndarray, shape (3, 4)
        The pose, and others that fit as well.
    wrong : sequence of ndarray, shape (3, 4)
        Other poses.
    centre : ndarray, shape (3,)
        Centre of the fixed molecule.
    radius_angstrom : float
        Its radius.
    """
    found, back = details(right[0]), inverse(right[0])
    outline_chance, scores = found.outline_chance, []
    for pose in _apart(wrong, right, centre, radius_angstrom):
        other = details(pose)
        score = other.score
        if outline_chance < MATCHING and score > HIGH * found.score > 0:
            score = other.unexplained(found, itself(compose(pose, back)))
        scores.append(score)
    return Evidence(chance(found.score, scores), outline_chance, found.agreement)


def _apart(poses: Sequence[Matrix], right: Sequence[Matrix], centre: Matrix, radius: float) -> list[Matrix]:
    """Return the poses that differ from each other, and are not near one that is right."""
    if not poses:
        return []
    given, true = np.array(poses), np.array(right)
    known = _close(given, true, NEAR, centre, radius).any(axis=1)
    same = _close(given, given, SAME, centre, radius)
    kept: list[int] = []
    for index in np.flatnonzero(~known):
        if not same[index, kept].any():
            kept.append(int(index))
    return [poses[index] for index in kept]


def _close(
    first: Matrix, second: Matrix, limit: tuple[float, float], centre: Matrix, radius: float
) -> NDArray[np.bool_]:
    """Return which poses differ by less than an angle in degrees, and at the centre by less than a distance in radii.

    The poses have shapes (n, 3, 4) and (m, 3, 4), the result (n, m).
    """
    traces = np.einsum("aij,bij->ab", first[:, :, :3], second[:, :, :3])
    # Where the second poses take the point that the first ones take to the centre.
    sources = np.einsum("aji,aj->ai", first[:, :, :3], centre - first[:, :, 3])
    ends = np.einsum("bij,aj->abi", second[:, :, :3], sources) + second[:, :, 3]
    # The trace is smaller, too, where only one of two poses mirrors.
    turned = traces > 1 + 2 * np.cos(np.radians(limit[0]))
    return np.asarray(turned & (np.linalg.norm(ends - centre, axis=2) < limit[1] * radius))
