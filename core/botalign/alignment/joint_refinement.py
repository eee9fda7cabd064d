r"""Refinement of several placed parts together: each in the density that the others leave.

With the edges :math:`v` of the whole, and those of the placed parts :math:`u_i` with amplitudes :math:`a_i`, the joint
score is the correlation of :math:`v` and :math:`\sum_i a_i u_i`. In a round, each part is fitted to
:math:`v - \sum_{j \ne i} a_j u_j`. So its neighbours, whose blurred density reaches into the part, do not pull it.
A part stays at its place: the verdict is that on the place, and would not hold for another one.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.part_pair import MARGIN_VOXELS, PartPair
from botalign.alignment.part_search import SAME
from botalign.alignment.sampled import Sampled
from botalign.arrays import Matrix, Volume
from botalign.geometry import apply_transform, inverse
from botalign.maps.grid import Grid
from botalign.maps.resampling import grid_points, spline_at
from botalign.maps.splines import spline_coefficients
from botalign.progress import Progress

#: Rounds over the parts at most, and the gain of the score in a round below which they end.
ROUNDS, LEAST_GAIN = 6, 1e-5
#: Voxels beyond the box of a part to which a fit may move it in a round.
REACH_VOXELS = 3


@dataclass(frozen=True, eq=False)
class Refined:
    """Parts that were refined together.

    Attributes
    ----------
    poses : tuple of ndarray, shape (3, 4)
        From the map of each part to that of the whole.
    correlations : tuple of float
        Correlation of the edges inside each part with what the others leave.
    score, start_score : float
        Joint score at these poses and at the start.
    """

    poses: tuple[Matrix, ...]
    correlations: tuple[float, ...]
    score: float
    start_score: float


def refine_together(
    pairs: Sequence[PartPair], poses: Sequence[Matrix], *, voxel_angstrom: float, sigma_angstrom: float,
    places: Sequence[Matrix] | None = None,
) -> Generator[Progress, None, Refined]:  # fmt: skip
    """Refine placed parts of one whole.

    Parameters
    ----------
    pairs : sequence of PartPair
        For each placed part, the part and the whole. Copies share a pair.
    poses : sequence of ndarray, shape (3, 4)
        From the map of each part to that of the whole.
    voxel_angstrom, sigma_angstrom : float
        Sampling and smoothing.
    places : sequence of ndarray, shape (3, 4), optional
        The poses at which the parts were judged, by default `poses`. A part whose fit ends at another place keeps its
        pose.

    Returns
    -------
    Refined
        As the value of ``StopIteration``: never worse than the start by the joint score.

    Yields
    ------
    Progress
        After each part in each round, with the stage ``"refine together"``.
    """
    joint = _Joint(pairs, poses, poses if places is None else places, voxel_angstrom, sigma_angstrom)
    best = start = joint.state()
    for number in range(ROUNDS):
        for i in range(len(poses)):
            joint.fit(i)
            yield Progress("refine together", number * len(poses) + i + 1, ROUNDS * len(poses))
        now = joint.state()
        gain = now.score - best.score
        best = now if gain > 0 else best
        if gain < LEAST_GAIN:
            break
    return replace(best, start_score=start.score)


@dataclass(frozen=True, eq=False)
class _Source:
    """The edges of a part, as they are placed in the whole: their spline coefficients and the fit inside the part."""

    fit: FitProblem
    grid: Grid
    coefficients: Volume

    @classmethod
    def of(cls, pair: PartPair, voxel: float, sigma: float) -> _Source:
        grid = pair.part_grid(voxel)
        edges, support = pair.part_on(grid, sigma)
        part = Sampled(edges, grid)
        fit = FitProblem.between(part, part, where=support > 0.5, centre=pair.centre_angstrom)
        # Outside the mask are other parts of the molecule.
        shown = part if pair.mask is None else Sampled(edges * support, grid)
        return cls(fit, grid, shown.coefficients)


class _Joint:
    """The whole, and the parts in it."""

    def __init__(
        self, pairs: Sequence[PartPair], poses: Sequence[Matrix], places: Sequence[Matrix], voxel: float, sigma: float
    ) -> None:
        self.grid = pairs[0].whole_grid(voxel)
        self.whole, _ = pairs[0].whole_on(self.grid, sigma)
        known: dict[int, _Source] = {}
        for pair in pairs:
            if id(pair) not in known:
                known[id(pair)] = _Source.of(pair, voxel, sigma)
        self.sources, self.poses = [known[id(pair)] for pair in pairs], list(poses)
        self.places, self.tolerances = list(places), [pair.tolerance(SAME) for pair in pairs]
        self.rest = self.whole.copy()  # what the placed parts leave
        self.blocks = [self._block(i) for i in range(len(poses))]
        self.edges = [self._placed(i) for i in range(len(poses))]
        self.amplitudes = [0.0] * len(poses)
        for _ in range(2):
            for i in range(len(poses)):
                self._remove(i)
                self._add(i)

    def fit(self, number: int) -> None:
        """Fit a part to what the others leave, and move it there unless that is another place."""
        self._remove(number)
        pose, _ = self._problem(number).solve(inverse(self.poses[number]))
        if not self.tolerances[number].same(inverse(pose), self.places[number]):
            self._add(number)
            return
        self.poses[number] = inverse(pose)
        self.blocks[number] = self._block(number)
        self.edges[number] = self._placed(number)
        self._add(number)

    def state(self) -> Refined:
        """Return the poses and their scores."""
        correlations = []
        for number, pose in enumerate(self.poses):
            self._remove(number)
            correlations.append(self._problem(number).correlation(inverse(pose)))
            self._add(number)
        explained = self.whole - self.rest
        power = float(np.vdot(explained, explained)) * float(np.vdot(self.whole, self.whole))
        score = float(np.vdot(explained, self.whole)) / float(np.sqrt(power)) if power > 0 else 0.0
        return Refined(tuple(self.poses), tuple(correlations), score, score)

    def _problem(self, number: int) -> FitProblem:
        """Return the fit of a part to what is left, which must be without it."""
        block = self.blocks[number]
        grid = self.grid.part(tuple(each.start for each in block), self.rest[block].shape)
        return replace(self.sources[number].fit, coefficients=spline_coefficients(self.rest[block]), moving_grid=grid)

    def _remove(self, number: int) -> None:
        self.rest[self.blocks[number]] += np.float32(self.amplitudes[number]) * self.edges[number]

    def _add(self, number: int) -> None:
        """Subtract a part with the amplitude that explains most of what is left."""
        rest, edges = self.rest[self.blocks[number]], self.edges[number]
        power = float(np.vdot(edges, edges))
        self.amplitudes[number] = max(float(np.vdot(rest, edges)) / power, 0.0) if power > 0 else 0.0
        rest -= np.float32(self.amplitudes[number]) * edges

    def _block(self, number: int) -> tuple[slice, slice, slice]:
        """Return the block of the whole in which a part is."""
        source, voxel = self.sources[number], self.grid.voxel_size_angstrom[0]
        centre = apply_transform(self.poses[number], source.fit.centre)
        reach = source.grid.shape[0] / 2 + REACH_VOXELS
        middle = (centre - np.array(self.grid.origin_angstrom)) / voxel
        low = np.clip(np.floor(middle - reach), 0, None).astype(int)[::-1]
        high = np.clip(np.ceil(middle + reach).astype(int)[::-1] + 1, low + 2 * MARGIN_VOXELS, self.grid.shape)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(np.minimum(low, high - 1), high, strict=True))
        return z, y, x

    def _placed(self, number: int) -> Volume:
        """Return the edges of a part in its block."""
        source, block = self.sources[number], self.blocks[number]
        shape = self.rest[block].shape
        grid = self.grid.part(tuple(each.start for each in block), shape)
        values = spline_at(source.coefficients, source.grid, self.poses[number], grid, grid_points(shape))
        return values.reshape(shape)
