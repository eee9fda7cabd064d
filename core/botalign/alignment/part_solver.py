"""The solver for a part in a whole: all rotations, and at each all shifts, by the edges inside the part.

Neither the centres of mass nor the masses of the two are related. The scan compares both maps, coarsely sampled, at
even rotations and all shifts; its best poses are fitted by the same score, at finer and finer sampling.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.equivalents import among_equivalents, with_equivalents
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import HandDecision, decide_hand, hand_name
from botalign.alignment.outcome import Outcome
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_poses import PartPoses
from botalign.alignment.part_scan import PartScan, Scanned
from botalign.alignment.part_verdict import STANDS_OUT, part_probability, part_verdict, signs_inside, standing
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.uncertainty import Uncertainty, uncertainty
from botalign.alignment.verdict import CLOSE_QUALITY, mark_equals
from botalign.arrays import Matrix
from botalign.geometry import apply_transform, is_mirror, transform_about
from botalign.progress import Progress
from botalign.threads import thread_count

#: Poses that are fitted at the sampling of the scan, at the second and at the finest sampling, at most.
COARSE, SECOND, FINEST = 80, 40, 20
#: Results of the scan from which the first are chosen, and steps of the first and the second fit at most.
LISTED, COARSE_STEPS, SECOND_STEPS = 2000, 8, 10
#: With fewer different results of the first fit, so many typical results of the scan are fitted too.
FEW, TYPICAL = 28, 30
#: Poses this close to each other, in degrees and radii of the part, count as one: after the scan; after a fit, where
#: closer ones converged to the same maximum; and up to the symmetry of the whole.
SAME, SAME_FITTED, SAME_EQUIVALENT = (15.0, 0.3), (3.0, 0.1), (10.0, 0.3)
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
#: A start that differs from the best pose by no more than so many voxels is the result: interpolation has such an
#: error.
LEAST_MOVE = 0.1


def solve_by_part(
    problem: AlignmentProblem, more_starts: tuple[Matrix, ...] = ()
) -> Generator[Progress, None, Outcome]:
    """Find a part in a whole.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem. The masked map is the part, otherwise the smaller molecule, whether it moves or not.
    more_starts : tuple of ndarray, optional
        Poses that are candidates too, from the moving to the fixed map.
    """
    return (yield from _PartSolver(problem, more_starts).steps())


@dataclass(frozen=True, eq=False)
class _Search:
    """A search with voxels of a size: the candidates of each hand as fitted at the second sampling."""

    voxel: float
    fit: FitProblem
    groups: list[list[Candidate]]
    standing: float


@dataclass(frozen=True, eq=False)
class _End:
    """A last fit: the candidates of each hand, and the hand of the result.

    The standard error of the position counts all differences between the maps at the pose of the fit.
    """

    fit: FitProblem
    groups: list[list[Candidate]]
    decision: HandDecision | None
    answer: int
    error_angstrom: float
    pose: Matrix


class _PartSolver:
    """Scan, fit coarsely and finely, judge.

    A fit compares the whole, moved, with the part, so the poses of a fit lead from the whole to the part.
    """

    def __init__(self, problem: AlignmentProblem, more_starts: tuple[Matrix, ...]) -> None:
        self.problem, self.more_starts = problem, more_starts
        self.pair = pair = PartPair.of(problem)
        self.poses = PartPoses(problem, pair, problem.part_is_moving)
        self.extent = extent = pair.extent_angstrom
        resolution = problem.options.resolution
        wanted = 2 * pair.radius_angstrom / ACROSS if resolution is None else resolution / IN_RESOLUTION
        enough = min(COARSER * wanted, extent / SIDE)
        self.voxel = max(pair.finest_voxel_angstrom, wanted, enough, extent / LARGEST_SCAN)
        self.smoothing = SMOOTHING_UNKNOWN if resolution is None else SMOOTHING

    def steps(self) -> Generator[Progress, None, Outcome]:
        """Solve the problem."""
        problem = self.problem
        blocks = [self.poses.blocks(mirrored) for mirrored in problem.hands]
        per_search = sum(len(each) + 1 for each in blocks)
        total = 2 * per_search + 1
        search = yield from self._searched(blocks, self.voxel, 0, total)
        coarser = min(COARSER * self.voxel, 2 * self.pair.radius_angstrom / FEWEST_ACROSS)
        if search.standing < STANDS_OUT and coarser > self.voxel:
            # Noise may hide the edges at this sampling.
            again = yield from self._searched(blocks, coarser, per_search, total)
            search = max(search, again, key=lambda each: each.standing)
        fits, finest = [search.fit], self._sampled(search.voxel, FINEST_FIT)
        # The voxels of the maps may limit both, and then they are the same.
        if not np.array_equal(finest.coefficients, search.fit.coefficients):
            fits.append(finest)
        # Noise is stronger at finer sampling. The fit whose pose has the smaller standard error is the result.
        end = min((self._finished(fit, search) for fit in fits), key=lambda each: each.error_angstrom)
        marked = mark_equals(end.fit, end.groups[end.answer], pose_of=self.poses.fit_pose)
        marked, symmetry = self._among_equivalents(end, marked)
        others = [candidate for index, group in enumerate(end.groups) if index != end.answer for candidate in group]
        yield Progress("refine", total, total, moving_to_fixed=marked[0].moving_to_fixed)
        probability, decided = self._verdict(search.groups[end.answer], marked, end)
        pose = end.pose if marked[0] is end.groups[end.answer][0] else self.poses.fit_pose(marked[0])
        agreeing = uncertainty(RobustProblem.of(end.fit).agreeing(pose), pose)
        candidates = with_equivalents([*marked, *others], symmetry)
        return Outcome(candidates, (), end.decision, symmetry, decided, agreeing, probability)

    def _among_equivalents(self, end: _End, marked: list[Candidate]) -> tuple[list[Candidate], Symmetry | None]:
        """Return the candidates without those that the symmetry of the whole makes equivalent, and this symmetry."""
        common, moves = RobustProblem.of(end.fit), self.problem.part_is_moving

        def refit(candidate: Candidate) -> Candidate:
            (fitted,) = common.solve_each([self.poses.fit_pose(candidate)], allowed=self.poses.allowed)
            return self._at(candidate, end.fit, fitted.transform)

        kept, symmetry = among_equivalents(
            marked, self.problem.symmetry if moves else self.problem.symmetry_of_moving, end.fit,
            start=self.problem.options.start_transform(), refit=refit, outward=self.poses.outward,
            pose_of=self.poses.fit_pose, tolerance=self._tolerance(SAME_EQUIVALENT),
        )  # fmt: skip
        return kept, symmetry if symmetry is None or moves else symmetry.moved(kept[0].moving_to_fixed)

    def _searched(
        self, blocks: list[list[Matrix]], voxel: float, before: int, total: int
    ) -> Generator[Progress, None, _Search]:
        """Scan with voxels of a size, fit the best poses there, and the best results at the second sampling."""
        sigma = self.smoothing * voxel
        scan, coarse = PartScan.of(self.pair, voxel, sigma), self.poses.fit(voxel, sigma)
        second = self._sampled(voxel, SECOND_FIT)
        groups: list[list[Candidate]] = []
        done = before
        for mirrored, linears in zip(self.problem.hands, blocks, strict=True):
            scanned = Scanned()
            for block in linears:
                with ThreadPoolExecutor(thread_count(self.problem.options.threads)) as pool:
                    for linear, found in zip(block, pool.map(partial(self.poses.places, scan), block), strict=True):
                        scanned.add(linear, *found)
                done += 1
                (best,) = self._candidates(scanned.best(1), mirrored)
                yield Progress("search", done, total, hand=hand_name(mirrored), moving_to_fixed=best.moving_to_fixed)
            listed = self._candidates(scanned.best(LISTED), mirrored)
            kept = self._distinct(listed, SAME, COARSE)
            fitted = self._fitted(coarse, kept + self._given(mirrored), tolerance=0.05, max_steps=COARSE_STEPS)
            fitted = self._distinct(fitted, SAME, SECOND)
            if len(fitted) < FEW:
                # Nearly all converged to a few equal places. The verdict needs wrong ones too.
                typical = self._candidates(scanned.typical(TYPICAL), mirrored)
                fitted += self._fitted(coarse, typical, tolerance=0.05, max_steps=COARSE_STEPS)
                fitted = self._distinct(fitted, SAME)
            groups.append(self._fitted(second, fitted, max_steps=SECOND_STEPS))
            done += 1
            yield Progress("refine", done, total, moving_to_fixed=groups[-1][0].moving_to_fixed)
        # Where the result has the hand of the start in any case, a place of the other hand does not matter.
        considered = groups if self.problem.chooses_hand else groups[:1]
        return _Search(voxel, second, groups, max(standing(self._correlations(group)) for group in considered))

    def _candidates(self, found: Iterable[tuple[float, Matrix, Matrix]], mirrored: bool) -> list[Candidate]:
        """Return results of the scan as candidates."""
        centre = self.pair.centre_angstrom
        return [
            Candidate(self.poses.outward(transform_about(linear, centre, place)), mirrored, 1 - score, None)
            for score, linear, place in found
        ]

    def _sampled(self, scan_voxel: float, sampling: tuple[float, float]) -> FitProblem:
        """Return the fit with smaller voxels than those of the scan."""
        factor, smoothing = sampling
        voxel = max(self.pair.finest_voxel_angstrom, factor * scan_voxel, self.extent / LARGEST_FIT)
        return self.poses.fit(voxel, smoothing * voxel)

    def _finished(self, fit: FitProblem, search: _Search) -> _End:
        """Fit the best candidates of each hand, and the very best to what the part and the whole have in common."""
        groups = []
        for group in search.groups:
            close = [each for each in group[:FINEST] if each.quality > group[0].quality - CLOSE_QUALITY]
            fitted = self._fitted(fit, close)
            # The neighbours of the part overlap with it, and would pull a least-squares fit.
            common = RobustProblem.of(fit).solve_each(
                [self.poses.fit_pose(each) for each in fitted], allowed=self.poses.allowed
            )
            fitted = [self._at(each, fit, end.transform) for each, end in zip(fitted, common, strict=True)]
            groups.append(self._distinct(fitted, SAME_FITTED))
        answers = [group[0] for group in groups]
        decision, answer = decide_hand(fit, answers, choose=self.problem.chooses_hand, pose_of=self.poses.fit_pose)
        pose = self.poses.fit_pose(answers[answer])
        error = uncertainty(fit, pose)
        groups[answer][0] = self._start_or(answers[answer], fit, error)
        return _End(fit, groups, decision, answer, error.shift_angstrom, pose)

    def _start_or(self, best: Candidate, fit: FitProblem, error: Uncertainty) -> Candidate:
        """Return the start if it fits better than the best pose, or differs from it by no more than the error.

        The error here is that which counts the neighbours of the part as noise: they pull the pose.
        """
        start = self.problem.options.start_transform()
        if is_mirror(start) != best.mirrored:
            return best
        given = self._at(best, fit, self.poses.from_fit(start))
        least = LEAST_MOVE * self.pair.finest_voxel_angstrom
        tolerance = Tolerance(
            max(error.angle_degrees, np.degrees(least / self.pair.radius_angstrom)),
            max(error.shift_angstrom, least),
            self.pair.centre_angstrom,
        )
        is_near = tolerance.same(self.poses.outward(best.moving_to_fixed), self.poses.outward(start))
        return given if given.quality > best.quality or is_near else best

    def _at(self, candidate: Candidate, fit: FitProblem, pose: Matrix) -> Candidate:
        """Return a candidate at another pose, from the whole to the part."""
        return replace(candidate, moving_to_fixed=self.poses.from_fit(pose), correlation=fit.correlation(pose))

    def _given(self, mirrored: bool) -> list[Candidate]:
        """Return the poses that are candidates whatever the scan finds: the start, so that it is never made worse."""
        starts = [self.problem.options.start_transform(), *self.more_starts]
        return [Candidate(start, mirrored, 1.0, None) for start in starts if is_mirror(start) == mirrored]

    def _verdict(self, compared: list[Candidate], marked: list[Candidate], end: _End) -> tuple[float, str]:
        """Return the probability of a chance match and the verdict.

        Needed are the candidates at one sampling, and those that were fitted finely.
        """
        signs = signs_inside(self.pair.part, self.pair.whole, self.poses.fit_pose(marked[0]))
        probability = part_probability(self._correlations(compared), signs, marked[0].quality)
        places = [
            apply_transform(self.poses.outward(each.moving_to_fixed), self.pair.centre_angstrom) for each in marked
        ]
        local = self.problem.options.local_degrees is not None
        at_limit = local and not self.poses.allowed(end.fit.solve(end.pose)[0][:, :3])
        decided = part_verdict(
            probability, marked, places=places, radius_angstrom=self.pair.radius_angstrom, hand=end.decision,
            at_limit=at_limit,
        )  # fmt: skip
        return probability, decided

    def _tolerance(self, same: tuple[float, float]) -> Tolerance:
        degrees, radii = same
        return Tolerance(degrees, radii * self.pair.radius_angstrom, self.pair.centre_angstrom)

    def _correlations(self, candidates: list[Candidate]) -> list[float]:
        """Return the correlations of candidates that differ, the largest first."""
        return [each.quality for each in self._distinct(candidates, SAME)]

    def _distinct(
        self, candidates: list[Candidate], same: tuple[float, float], count: int | None = None
    ) -> list[Candidate]:
        """Return the candidates that differ in rotation or in the position of the part, the best first.

        Those that are not fitted yet keep their order, which is that of the scan.
        """
        tolerance = self._tolerance(same)
        placed = [self.poses.outward(candidate.moving_to_fixed) for candidate in candidates]
        losses = [-candidate.quality for candidate in candidates]
        return [candidates[i] for i in distinct(placed, losses, tolerance, count=count)]

    def _fitted(
        self, fit: FitProblem, candidates: list[Candidate], *, tolerance: float = 1e-3, max_steps: int = 20
    ) -> list[Candidate]:
        """Fit each candidate; return the distinct results, the best first."""
        ends = []
        for candidate in candidates:
            start = self.poses.fit_pose(candidate)
            pose, correlation = fit.solve(start, tolerance=tolerance, max_steps=max_steps)
            if not self.poses.allowed(pose[:, :3]):
                pose, correlation = start, fit.correlation(start)
            ends.append(replace(candidate, moving_to_fixed=self.poses.from_fit(pose), correlation=correlation))
        return self._distinct(ends, SAME_FITTED)
