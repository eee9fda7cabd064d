"""The search for a part in a whole: the scan of all rotations and shifts, and the first fits of its best poses."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from botalign.alignment.distinct import distinct
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import hand_name
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_poses import PartPoses
from botalign.alignment.part_scan import PEAKS, PartScan, Scanned
from botalign.alignment.part_verdict import STANDS_OUT, SURROUNDINGS, standing
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.symmetry import Symmetry
from botalign.arrays import Matrix
from botalign.geometry import is_mirror, transform_about
from botalign.progress import Progress
from botalign.threads import run_in_threads, thread_count

#: Steps of the first and the second fit at most.
COARSE_STEPS, SECOND_STEPS = 8, 10
#: With fewer places after the first fit than this and one for each copy, without the surroundings of better ones, so
#: many typical results of the scan, and one for each copy, are fitted too.
FEW, TYPICAL = 27, 29
#: Poses this close to each other, in degrees and radii of the part, count as one: after the scan; and after a fit,
#: where closer ones converged to the same maximum.
SAME, SAME_FITTED = (15.0, 0.3), (3.0, 0.1)
#: Voxels across the part where the resolution is unknown; otherwise voxels in the resolution.
ACROSS, IN_RESOLUTION = 24, 3.0
#: The scan may have voxels this many times larger, so that the whole measures no more than so many voxels.
COARSER, SIDE = 1.5, 40
#: Where no place stands out, the scan is repeated with voxels that many times larger, but with at least so many across
#: the part.
FEWEST_ACROSS = 8
#: The whole measures this many voxels at most in the scan and in a fit, whatever the resolution is.
LARGEST_SCAN, LARGEST_FIT = 96, 192
#: Standard deviation of the smoothing in voxels of the scan, where the resolution is known and where it is not. Maps of
#: a known resolution are blurred already; the first was chosen on the complexes of ``benchmarks/fits.py``.
SMOOTHING, SMOOTHING_UNKNOWN = 0.55, 0.75
#: Sampling of the second and the finest fit: voxels in voxels of the scan, and smoothing in these voxels.
SECOND_FIT, FINEST_FIT = (2 / 3, 0.55), (2 / 5, 0.5)


@dataclass(frozen=True)
class Limits:
    """How many poses a search keeps at most.

    Attributes
    ----------
    peaks : int
        Shifts of each rotation.
    listed : int
        Results of the scan from which the first are chosen.
    coarse, second : int
        Poses that are fitted at the sampling of the scan and at the second sampling: enough that the tail of the wrong
        places is known.
    copies : int
        Places that may be right. The verdict needs wrong ones beside them.
    """

    peaks: int = PEAKS
    listed: int = 2000
    coarse: int = 120
    second: int = 80
    copies: int = 1


@dataclass(frozen=True, eq=False)
class Searched:
    """A search with voxels of a size: the candidates of each hand as fitted at the second sampling.

    Hands and samplings are `tries`, of which the result is the best: a chance match is as many times as probable.
    """

    voxel: float
    fit: FitProblem
    groups: list[list[Candidate]]
    standing: float
    tries: int = 1


class PartSearch:
    """Scan, and fit coarsely.

    A fit compares the whole, moved, with the part, so the poses of a fit lead from the whole to the part.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    more_starts : tuple of ndarray, optional
        Poses that are candidates too, from the moving to the fixed map.
    limits : Limits, optional
        How many poses are kept.
    symmetry : Symmetry, optional
        Symmetry of the whole, by default that of its map. Poses that it or the symmetry of the part makes equivalent
        count as one: equal wrong places would make the tail of their scores too short.

    Attributes
    ----------
    symmetry, symmetry_of_part : Symmetry or None
        Symmetry of the whole and of the part.
    """

    def __init__(
        self, problem: AlignmentProblem, more_starts: tuple[Matrix, ...] = (), limits: Limits | None = None,
        symmetry: Symmetry | None = None,
    ) -> None:  # fmt: skip
        self.problem, self.more_starts, self.limits = problem, more_starts, limits or Limits()
        both = problem.symmetry, problem.symmetry_of_moving
        own, self.symmetry_of_part = both if problem.part_is_moving else both[::-1]
        self.symmetry = symmetry or own
        for each in (self.symmetry, self.symmetry_of_part):
            if each is not None:
                self.limits = replace(self.limits, listed=each.order * self.limits.listed)
        self.pair = pair = PartPair.of(problem)
        self.poses = PartPoses(problem, pair, problem.part_is_moving, self.limits.peaks)
        self.extent = extent = pair.extent_angstrom
        resolution = problem.options.resolution
        wanted = 2 * pair.radius_angstrom / ACROSS if resolution is None else resolution / IN_RESOLUTION
        enough = min(COARSER * wanted, extent / SIDE)
        self.voxel = max(pair.finest_voxel_angstrom, wanted, enough, extent / LARGEST_SCAN)
        self.smoothing = SMOOTHING_UNKNOWN if resolution is None else SMOOTHING
        self._blocks = [self.poses.blocks(mirrored) for mirrored in problem.hands]
        self._in_search = sum(len(each) + 1 for each in self._blocks)
        #: Steps of the progress, with one more for what follows.
        self.total = 2 * self._in_search + 1

    def steps(self) -> Generator[Progress, None, Searched]:
        """Search, and once more with larger voxels where no place stands out."""
        search = yield from self._searched(self.voxel, 0)
        coarser = min(COARSER * self.voxel, 2 * self.pair.radius_angstrom / FEWEST_ACROSS)
        if search.standing < STANDS_OUT and coarser > self.voxel:
            # Noise may hide the edges at this sampling.
            again = yield from self._searched(coarser, self._in_search)
            search = replace(max(search, again, key=lambda each: each.standing), tries=2 * search.tries)
        return search

    def sampled(self, scan_voxel: float, sampling: tuple[float, float]) -> FitProblem:
        """Return the fit with smaller voxels than those of the scan."""
        return self.poses.fit(*self.sampling(scan_voxel, sampling))

    def sampling(self, scan_voxel: float, sampling: tuple[float, float]) -> tuple[float, float]:
        """Return the voxel size and the smoothing of a fit with smaller voxels than those of the scan, in angstrom."""
        factor, smoothing = sampling
        voxel = max(self.pair.finest_voxel_angstrom, factor * scan_voxel, self.extent / LARGEST_FIT)
        return voxel, smoothing * voxel

    def correlations(self, candidates: list[Candidate]) -> list[float]:
        """Return the correlations of candidates, the largest first, each without its surroundings."""
        return [each.quality for each in self.distinct(candidates, SURROUNDINGS)]

    def distinct(
        self,
        candidates: list[Candidate],
        same: tuple[float, float],
        count: int | None = None,
        *,
        with_equivalents: bool = False,
    ) -> list[Candidate]:
        """Return the candidates that differ in rotation or in the position of the part, the best first.

        Those that are not fitted yet keep their order, which is that of the scan. Of equivalent ones, the best is
        returned, or all that the symmetry of the whole makes equivalent, `with_equivalents`.
        """
        placed = [self.poses.outward(candidate.moving_to_fixed) for candidate in candidates]
        losses = [-candidate.quality for candidate in candidates]
        operations = None if self.symmetry is None or with_equivalents else self.symmetry.operations
        return [candidates[i] for i in self._differ(placed, losses, same, count, operations)]

    def apart(self, poses: Sequence[Matrix] | Matrix, same: tuple[float, float]) -> list[int]:
        """Return the indices of the poses onto the whole that differ; the first of equivalent ones is kept.

        Poses are equivalent if they are close to each other, or if the symmetry of the part relates them.
        """
        return self._differ(poses, range(len(poses)), same)

    def _differ(
        self,
        placed: Sequence[Matrix] | Matrix,
        losses: Sequence[float],
        same: tuple[float, float],
        count: int | None = None,
        operations: Matrix | None = None,
    ) -> list[int]:
        of_part = None if self.symmetry_of_part is None else self.symmetry_of_part.operations
        tolerance = self.pair.tolerance(same)
        return distinct(placed, losses, tolerance, count=count, operations=operations, of_moving=of_part)

    def equivalents(self, candidate: Candidate) -> list[Candidate]:
        """Return the other allowed poses that the symmetry of the whole makes equivalent to a candidate."""
        if self.symmetry is None:
            return []
        placed = self.symmetry.equivalents(self.poses.outward(candidate.moving_to_fixed))[1:]
        others = [replace(candidate, moving_to_fixed=self.poses.outward(pose)) for pose in placed]
        return [other for other in others if self.poses.allowed(self.poses.fit_pose(other)[:, :3])]

    def fitted(
        self,
        fit: FitProblem,
        candidates: list[Candidate],
        *,
        tolerance: float = 1e-3,
        max_steps: int = 20,
        with_equivalents: bool = False,
    ) -> list[Candidate]:
        """Fit each candidate; return the distinct results, the best first, as :meth:`distinct` does."""
        starts = [self.poses.fit_pose(candidate) for candidate in candidates]
        found = fit.solve_each(
            starts, allowed=self.poses.allowed, tolerance=tolerance, max_steps=max_steps, exact=False
        )
        ends = [
            replace(candidate, moving_to_fixed=self.poses.from_fit(end.transform), correlation=end.correlation)
            for candidate, end in zip(candidates, found, strict=True)
        ]
        return self.distinct(ends, SAME_FITTED, with_equivalents=with_equivalents)

    def _searched(self, voxel: float, before: int) -> Generator[Progress, None, Searched]:
        """Scan with voxels of a size, fit the best poses there, and the best results at the second sampling."""
        sigma, limits = self.smoothing * voxel, self.limits
        scan, coarse = PartScan.of(self.pair, voxel, sigma), self.poses.fit(voxel, sigma)
        second = self.sampled(voxel, SECOND_FIT)
        groups: list[list[Candidate]] = []
        done, threads = before, thread_count(self.problem.options.threads)
        for mirrored, linears in zip(self.problem.hands, self._blocks, strict=True):
            scanned = Scanned()
            for block in linears:
                tasks = [partial(self.poses.places, scan, linear) for linear in block]
                for linear, found in zip(block, run_in_threads(tasks, threads), strict=True):
                    scanned.add(linear, *found)
                done += 1
                (best,) = self._candidates(scanned.best(1), mirrored)
                yield Progress(
                    "search", done, self.total, hand=hand_name(mirrored), moving_to_fixed=best.moving_to_fixed
                )
            listed = self._candidates(scanned.best(limits.listed), mirrored)
            kept = self.distinct(listed, SAME, limits.coarse)
            fitted = self.fitted(coarse, kept + self._given(mirrored), tolerance=0.05, max_steps=COARSE_STEPS)
            fitted = self.distinct(fitted, SAME, limits.second)
            if len(self.distinct(fitted, SURROUNDINGS)) < FEW + limits.copies:
                # Nearly all converged to a few places. The verdict needs wrong ones too, and counts them likewise.
                typical = self._candidates(scanned.typical(TYPICAL + limits.copies), mirrored)
                fitted += self.fitted(coarse, typical, tolerance=0.05, max_steps=COARSE_STEPS)
                fitted = self.distinct(fitted, SAME)
            groups.append(self.fitted(second, fitted, max_steps=SECOND_STEPS))
            done += 1
            yield Progress("refine", done, self.total, moving_to_fixed=groups[-1][0].moving_to_fixed)
        # Where the result has the hand of the start in any case, a place of the other hand does not matter.
        considered = groups if self.problem.options.hand == "auto" else groups[:1]
        most = max(standing(self.correlations(group)) for group in considered)
        return Searched(voxel, second, groups, most, tries=len(considered))

    def _candidates(self, found: Iterable[tuple[float, Matrix, Matrix]], mirrored: bool) -> list[Candidate]:
        """Return results of the scan as candidates."""
        centre = self.pair.centre_angstrom
        return [
            Candidate(self.poses.outward(transform_about(linear, centre, place)), mirrored, 1 - score, None)
            for score, linear, place in found
        ]

    def _given(self, mirrored: bool) -> list[Candidate]:
        """Return the poses that are candidates whatever the scan finds: the start, so that it is never made worse."""
        starts = [self.problem.options.start_transform(), *self.more_starts]
        return [Candidate(start, mirrored, 1.0, None) for start in starts if is_mirror(start) == mirrored]
