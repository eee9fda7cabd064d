r"""The solver for a part in a whole: all rotations, and at each all shifts, by the correlation inside the part.

Neither the centres of mass nor the masses of the two are related. With :math:`m` the rotated shape of the part, the
local correlation at every shift :math:`s`,

.. math:: c(R, s) = \frac{\sum_x m (u - \bar u) v(x + s)}
          {\sqrt{\sum_x m (u - \bar u)^2 \left(\sum_x m v(x + s)^2 - (\sum_x m v(x + s))^2 / \sum_x m\right)}} ,

is three cross-correlations by fast Fourier transform (Roseman 2003, Ultramicroscopy 94, 225): what the whole holds
outside the part does not count.
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
from botalign.alignment.part_scan import PartScan
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.alignment.robust import RobustProblem
from botalign.alignment.sampling import fit_problem
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.alignment.uncertainty import uncertainty
from botalign.alignment.verdict import CLOSE_QUALITY, Evidence, mark_equals
from botalign.arrays import Matrix
from botalign.geometry import MIRROR, inverse, uniform_rotations
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_at
from botalign.maps.splines import spline_coefficients
from botalign.progress import Progress
from botalign.scores import correlate_shells
from botalign.threads import thread_count

#: Rotations that are scanned, rotations in a step of the progress, and how many of the best poses are fitted.
ROTATIONS, BLOCK, FITTED = 2000, 40, 60
#: Poses this close to each other, in degrees and radii of the part, count as one: after the scan, and after the fit,
#: where closer ones converged to the same maximum.
SAME, SAME_FITTED = (15.0, 0.3), (3.0, 0.1)
#: How many fits continue to the finest sampling, and how many of their points are enough to approach the best pose.
FINALISTS, THINNED = 20, 8_000
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
        self.scan = PartScan.of(self.part, self.whole)

    def steps(self) -> Generator[Progress, None, Outcome]:
        """Scan, fit, decide the hand, and judge."""
        problem, hands = self.problem, self.problem.hands
        blocks = [self._blocks(mirrored) for mirrored in hands]
        total = sum(len(each) + 1 for each in blocks) + 1
        coarse = self._fit(self.scan.voxel_angstrom).thinned(THINNED)
        groups: list[list[Candidate]] = []
        done = 0
        for mirrored, linears in zip(hands, blocks, strict=True):
            scanned: list[Candidate] = []
            for block in linears:
                with ThreadPoolExecutor(thread_count(problem.options.threads)) as pool:
                    for score, placed in pool.map(self.scan.best_place, block):
                        scanned.append(Candidate(self._outward(placed), mirrored, 1 - score, None))
                done += 1
                best = min(scanned, key=lambda candidate: candidate.loss).moving_to_fixed
                yield Progress("search", done, total, hand=hand_name(mirrored), moving_to_fixed=best)
            groups.append(self._fitted_coarsely(coarse, scanned))
            done += 1
            yield Progress("refine", done, total, moving_to_fixed=groups[-1][0].moving_to_fixed)
        finest = max(self.part.voxel_angstrom, self.whole.voxel_angstrom)
        # Where the part was cut from the whole, the maps differ; the robust fit is not pulled by that.
        fit = RobustProblem.of(self._fit(max(finest, self.scan.voxel_angstrom / 3)))
        groups = [self._fitted_finely(fit, group) for group in groups]
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

    def _fit(self, voxel_angstrom: float) -> FitProblem:
        """Compare inside the contour of the part only: what lies around it in the whole is not a difference."""
        return fit_problem(self.part, self.whole, voxel_angstrom=voxel_angstrom, skirt=0)

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

    def _fitted_coarsely(self, fit: FitProblem, scanned: list[Candidate]) -> list[Candidate]:
        """Fit the best distinct poses of the scan; return the best distinct results."""
        fitted = []
        for candidate in self._distinct(scanned, [each.loss for each in scanned], SAME, FITTED):
            start = self._fit_pose(candidate)
            pose, correlation = fit.solve(start, tolerance=0.05)
            if not self._allowed(pose[:, :3]):
                pose, correlation = start, fit.correlation(start)
            fitted.append(replace(candidate, moving_to_fixed=self._from_fit(pose), correlation=correlation))
        return self._distinct(fitted, [-each.quality for each in fitted], SAME, FINALISTS)

    def _fitted_finely(self, fit: FitProblem, candidates: list[Candidate]) -> list[Candidate]:
        """Fit at the finest sampling: at some of the points first, then those that are nearly as good at all."""
        # These are fitted to the end too, so that they are compared by one measure.
        roughly = self._fitted(fit.thinned(THINNED), candidates)
        close = [each for each in roughly if each.quality > roughly[0].quality - CLOSE_QUALITY]
        return self._apart(self._fitted(fit, close) + roughly[len(close) :])

    def _fitted(self, fit: FitProblem, candidates: list[Candidate]) -> list[Candidate]:
        fits = fit.solve_each([self._fit_pose(each) for each in candidates], allowed=self._allowed)
        ends = [
            replace(each, moving_to_fixed=self._from_fit(end.transform), correlation=end.correlation, share=end.share)
            for each, end in zip(candidates, fits, strict=True)
        ]
        return self._apart(sorted(ends, key=lambda each: -each.quality))

    def _apart(self, candidates: list[Candidate]) -> list[Candidate]:
        """Drop candidates that converged to the same pose as one before them."""
        return self._distinct(candidates, [float(rank) for rank in range(len(candidates))], SAME_FITTED)


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
