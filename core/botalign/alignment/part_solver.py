"""The solver for a part in a whole: all rotations, and at each all shifts, by the edges inside the part.

Neither the centres of mass nor the masses of the two are related. The scan compares both maps, coarsely sampled, at even
rotations and all shifts; its best poses are fitted by the same score, at finer and finer sampling.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.fitting import FitProblem
from botalign.alignment.hand import decide_hand, hand_name
from botalign.alignment.outcome import Outcome
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_scan import PartScan
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.alignment.uncertainty import uncertainty
from botalign.alignment.verdict import CLOSE_QUALITY, Evidence, mark_equals
from botalign.arrays import Matrix
from botalign.geometry import MIRROR, inverse, uniform_rotations
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, spline_at
from botalign.maps.splines import spline_coefficients
from botalign.progress import Progress
from botalign.scores import correlate_shells
from botalign.threads import thread_count

#: Rotations that are scanned, rotations in a step of the progress, and how many of the best poses are fitted.
ROTATIONS, BLOCK, FITTED = 1500, 50, 80
#: Voxels of the scan: so many across the part at most, and so many along the side of the whole.
ACROSS, SIDE, LARGEST_SIDE = 24, 40, 96
#: Poses this close to each other, in degrees and radii of the part, count as one: after the scan, and after a fit,
#: where closer ones converged to the same maximum.
SAME, SAME_FITTED = (15.0, 0.3), (3.0, 0.1)
#: How many poses are fitted at the second sampling, and how many at the finest.
SECOND, THIRD = 20, 6
#: Voxels of the second and the third fit in voxels of the scan.
FINER = (2 / 3, 2 / 5)
#: Standard deviation of the smoothing in voxels at the finest fit.
SLIGHT = 0.5
#: Standard deviation in voxels by which the contour of the part is softened for the verdict.
SOFTENED = 2.0


def solve_by_part(problem: AlignmentProblem) -> Generator[Progress, None, Outcome]:
    """Find the smaller of two molecules in the larger one."""
    return (yield from _PartSolver(problem).steps())


class _PartSolver:
    """The smaller molecule is the part, whether it moves or not.

    A fit compares the whole, moved, with the part, so the poses of a fit lead from the whole to the part.
    """

    def __init__(self, problem: AlignmentProblem) -> None:
        self.problem = problem
        fixed, moving = problem.fixed, problem.moving
        self.part_moves = moving.volume_angstrom3 <= fixed.volume_angstrom3
        self.part, self.whole = (moving, fixed) if self.part_moves else (fixed, moving)
        self.pair = PartPair.of(problem, part_moves=self.part_moves)
        finest, radius = self.pair.finest_voxel_angstrom, self.part.radius_angstrom
        low, high = self.pair.whole_bounds
        extent = float((high - low).max()) + radius
        resolution = problem.options.resolution
        wanted = 2 * radius / ACROSS if resolution is None else resolution / 3
        self.voxel = max(finest, wanted, min(extent / SIDE, wanted * 1.5), extent/LARGEST_SIDE)

    def steps(self) -> Generator[Progress, None, Outcome]:
        """Scan, fit, decide the hand, and judge."""
        problem, hands = self.problem, self.problem.hands
        blocks = [self._blocks(mirrored) for mirrored in hands]
        total = sum(len(each) + 1 for each in blocks) + 1
        sigma = (SMOOTHING_VOXELS if problem.options.resolution is None else 0.55) * self.voxel
        scan = PartScan.of(self.pair, self.voxel, sigma)
        coarse = self.pair.fit(self.voxel, sigma)
        groups: list[list[Candidate]] = []
        done = 0
        for mirrored, linears in zip(hands, blocks, strict=True):
            scanned: list[Candidate] = []
            for block in linears:
                with ThreadPoolExecutor(thread_count(problem.options.threads)) as pool:
                    for poses in pool.map(scan.best_poses, block):
                        scanned += [Candidate(self._outward(pose), mirrored, 1 - score, None) for score, pose in poses]
                done += 1
                best = min(scanned, key=lambda candidate: candidate.loss).moving_to_fixed
                yield Progress("search", done, total, hand=hand_name(mirrored), moving_to_fixed=best)
            kept = self._distinct(scanned, [each.loss for each in scanned], SAME, FITTED)
            groups.append(self._fitted(coarse, kept, tolerance=0.05))
            done += 1
            yield Progress("refine", done, total, moving_to_fixed=groups[-1][0].moving_to_fixed)
        finer = [max(self.pair.finest_voxel_angstrom, factor * self.voxel) for factor in FINER]
        second = self.pair.fit(finer[0], 0.55 * finer[0])
        groups = [self._fitted(second, group[:SECOND]) for group in groups]
        fit = self.pair.fit(finer[1], SLIGHT * finer[1])
        groups = [self._fitted(fit, group[:THIRD]) + group[THIRD:] for group in groups]
        import os
        if os.environ.get("ROB"):
            rob = RobustProblem.of(fit)
            for g in groups:
                (end,) = rob.solve_each([self._fit_pose(g[0])], allowed=self._allowed)
                g[0] = replace(g[0], moving_to_fixed=self._from_fit(end.transform), correlation=fit.correlation(end.transform))
        decision, answer = decide_hand(
            fit, [group[0] for group in groups], choose=problem.chooses_hand, pose_of=self._fit_pose
        )
        marked = mark_equals(fit, groups[answer], pose_of=self._fit_pose)
        others = [candidate for index, group in enumerate(groups) if index != answer for candidate in group]
        yield Progress("refine", total, total, moving_to_fixed=marked[0].moving_to_fixed)
        best = self._fit_pose(marked[0])
        evidence = _evidence(self.part, self.whole, best)
        return Outcome((*marked, *others), (), decision, None, evidence, uncertainty(fit.agreeing(best), best))

    def _outward(self, placed: Matrix) -> Matrix:
        """Return the transform from the moving to the fixed map, given that from the part to the whole."""
        return placed if self.part_moves else inverse(placed)

    def _fit_pose(self, candidate: Candidate) -> Matrix:
        """Return the transform from the whole to the part."""
        return inverse(candidate.moving_to_fixed) if self.part_moves else candidate.moving_to_fixed

    def _from_fit(self, pose: Matrix) -> Matrix:
        """Return the transform from the moving to the fixed map, given that from the whole to the part."""
        return inverse(pose) if self.part_moves else pose

    def _allowed(self, linear: Matrix) -> bool:
        """Whether a fit may end at this linear part, from the whole to the part."""
        return self.problem.allows(linear.T if self.part_moves else linear)

    def _blocks(self, mirrored: bool) -> list[Matrix]:
        """Return the matrices by which the scan rotates the part, in blocks: all, or as far as is allowed."""
        start, limit = self.problem.start(mirrored)
        mirror = MIRROR if mirrored else np.eye(3)
        rotations = uniform_rotations(ROTATIONS)
        if limit is not None:
            # As many as lie within the limit among uniform ones. Scaled down, their angles fill the ball uniformly.
            share = (np.radians(limit) - np.sin(np.radians(limit))) / np.pi
            near = uniform_rotations(max(2 * BLOCK, round(share * ROTATIONS)))
            vectors = np.concatenate([np.zeros((1, 3)), Rotation.from_matrix(near).as_rotvec() * (limit / 180)])
            rotations = start @ Rotation.from_rotvec(vectors).as_matrix()
        moving = rotations @ mirror
        return np.array_split(moving if self.part_moves else moving.transpose(0, 2, 1), len(moving) // BLOCK)

    def _distinct(
        self, candidates: list[Candidate], losses: list[float], same: tuple[float, float], count: int | None = None
    ) -> list[Candidate]:
        """Return the candidates with the lowest losses that differ in rotation or in the position of the part."""
        degrees, radii = same
        tolerance = Tolerance(degrees, radii * self.part.radius_angstrom, self.part.centre_angstrom)
        placed = [self._outward(candidate.moving_to_fixed) for candidate in candidates]
        return [candidates[i] for i in distinct(placed, losses, tolerance, count=count)]

    def _fitted(self, fit: FitProblem, candidates: list[Candidate], *, tolerance: float = 1e-3) -> list[Candidate]:
        """Fit each candidate; return the distinct results, the best first."""
        ends = []
        for candidate in candidates:
            start = self._fit_pose(candidate)
            pose, correlation = fit.solve(start, tolerance=tolerance, max_steps=20)
            if not self._allowed(pose[:, :3]):
                pose, correlation = start, fit.correlation(start)
            ends.append(replace(candidate, moving_to_fixed=self._from_fit(pose), correlation=correlation))
        return self._distinct(ends, [-each.quality for each in ends], SAME_FITTED)


def _evidence(part: Surveyed, whole: Surveyed, transform: Matrix) -> Evidence:
    """Return the Fourier shell correlation inside the softened contour of the part, the whole moved by `transform`."""
    ball, density = part.ball, part.density
    contour = ndimage.binary_dilation(density.data > part.level, iterations=1).astype(np.float32)
    mask = ndimage.gaussian_filter(contour, SOFTENED).ravel()[ball.inside]
    # Detail that the voxels of the other map cannot hold is not common detail: both maps are smoothed alike.
    sigma = common_sigma_angstrom(part, whole, part.voxel_angstrom)
    grid = Grid.cube(
        int(np.ceil(2 * whole.radius_angstrom / part.voxel_angstrom)) + 8, part.voxel_angstrom, whole.centre_angstrom
    )
    coefficients = spline_coefficients(whole.on(grid, sigma_angstrom=sigma))
    u = part.on(density.grid, sigma_angstrom=sigma).ravel()[ball.inside]
    v = spline_at(coefficients, grid, transform, density.grid, ball.points)
    # About their means: otherwise the mask itself, the same for both, would correlate.
    first, second = (ball.spectrum((w - np.float32(mask @ w / mask.sum())) * mask) for w in (u, v))
    shells = correlate_shells(first, second, density.grid.shape[0], voxel_size_angstrom=part.voxel_angstrom)
    return Evidence(shells, 2 * part.radius_angstrom)
