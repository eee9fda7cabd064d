r"""A part in a whole: all rotations, and at each all shifts, by the correlation within the part alone.

Neither the centres of mass nor the masses of the two have anything to do with each other. With :math:`m` the part's
own shape, turned, the local correlation at every shift :math:`s`,

.. math:: c(R, s) = \frac{\sum_x m (u - \bar u) v(x + s)}
          {\sqrt{\sum_x m (u - \bar u)^2 \left(\sum_x m v(x + s)^2 - (\sum_x m v(x + s))^2 / \sum_x m\right)}} ,

is three cross-correlations by fast Fourier transform (Roseman 2003, Ultramicroscopy 94, 225): what the whole holds
beside the part doesn't count.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage
from scipy.spatial.transform import Rotation

from botalign.alignment.comparison import decide_hand
from botalign.alignment.fitting import FitProblem
from botalign.alignment.options import Options
from botalign.alignment.outcome import Outcome, Progress
from botalign.alignment.pipeline import how_sure
from botalign.alignment.poses import Candidate
from botalign.alignment.preparation import Surveyed, common_sigma_angstrom
from botalign.alignment.refinement import fit_problem
from botalign.alignment.robust import RobustProblem
from botalign.alignment.searches import hands, start_of
from botalign.alignment.verdict import RIVAL, Judged, with_equals_marked
from botalign.geometry import MIRROR, apply_transform, geodesic_degrees, inverse, transform_about, uniform_rotations
from botalign.maps.grid import Grid
from botalign.maps.interpolation import rotate_in_ball
from botalign.maps.resampling import spline_at
from botalign.maps.splines import spline_coefficients
from botalign.scores import correlate_shells

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]

#: Voxels that the part's ball measures across where all shifts are looked at, and the most of the whole's box.
ACROSS, LARGEST_SIDE = 12, 48
#: The part is looked up trilinearly in a grid this many times finer.
OVERSAMPLING = 2
#: Rotations that are looked at, a step of the progress, and how many of the best poses are fitted.
ROTATIONS, BLOCK, FITTED = 2000, 40, 60
#: Poses of a rotation and a place this near to each other, in degrees and radii of the part, are one.
SAME = (15.0, 0.3)
#: The same once they are fitted: nearer ones ended at one maximum.
SAME_FITTED = (3.0, 0.1)
#: How many fits go on to the finest sampling, and how many of their points are enough to get there.
FINALISTS, THINNED = 20, 8_000
#: A place where the whole varies less than this share of its own standard deviation is empty.
EMPTY = 0.1
#: Standard deviation in voxels that the part's contour is softened by, for the verdict.
SOFTENED = 2.0


@dataclass(frozen=True, eq=False)
class _Scan:
    """A part and a whole, coarsely sampled, and where their centres lie."""

    part: Volume
    support: Volume
    spectra: NDArray[np.complex64]
    spread: float
    voxel_angstrom: float
    side: int
    part_centre: Matrix
    corner: Matrix

    @classmethod
    def of(cls, part: Surveyed, whole: Surveyed) -> _Scan:
        """Sample the two alike; the whole with room for the part about it, so that nothing wraps round."""
        widest = 2 * (whole.radius_angstrom + part.radius_angstrom)
        voxel = max(2 * part.radius_angstrom / ACROSS, widest / LARGEST_SIDE)
        sigma = common_sigma_angstrom(part, whole, voxel)
        side = int(np.ceil(2 * part.radius_angstrom / voxel)) + 2
        fine = Grid.cube(OVERSAMPLING * side, voxel / OVERSAMPLING, part.centre_angstrom)
        u = part.on(fine, sigma_angstrom=sigma)
        support = (u > part.level_of(u, voxel / OVERSAMPLING)).astype(np.float32)
        padded = fft.next_fast_len(int(np.ceil(widest / voxel)) + 2, real=True)
        grid = Grid.cube(padded, voxel, whole.centre_angstrom)
        v = whole.on(grid, sigma_angstrom=sigma)
        v -= v.mean()
        spectra = np.asarray(fft.rfftn(np.stack([v, v * v]), axes=(1, 2, 3), workers=1), dtype=np.complex64)
        return cls(
            u, support, spectra, float(v.std()), voxel, side, part.centre_angstrom, np.array(grid.origin_angstrom)
        )

    def best_place(self, linear: Matrix) -> tuple[float, Matrix]:
        """Return the largest local correlation of the part turned by a matrix, and the motion that leads there."""
        pull = OVERSAMPLING * linear.T
        u, m = np.empty((self.side,) * 3, np.float32), np.empty((self.side,) * 3, np.float32)
        rotate_in_ball(self.part, pull, u)
        rotate_in_ball(self.support, pull, m)
        total = float(m.sum())
        u -= float((m * u).sum()) / total
        u *= m
        energy = float(np.sum(u * u / np.maximum(m, 1e-6)))
        box = (self.spectra.shape[1],) * 3
        turned = np.conj(fft.rfftn(np.stack([u, m]), box, axes=(1, 2, 3), workers=1))
        products = np.stack([turned[0] * self.spectra[0], turned[1] * self.spectra[0], turned[1] * self.spectra[1]])
        cross, local, squares = fft.irfftn(products, box, axes=(1, 2, 3), workers=1)
        variance = np.maximum(squares - local * local / total, (EMPTY * self.spread) ** 2 * total)
        correlation = cross / np.sqrt(energy * variance)
        # Where the part would stick out of the box, the transform wraps round.
        last = box[0] - self.side
        correlation = correlation[: last + 1, : last + 1, : last + 1]
        peak = np.array(np.unravel_index(int(correlation.argmax()), correlation.shape))[::-1]
        centre = self.corner + self.voxel_angstrom * (peak + (self.side - 1) / 2)
        return float(correlation.max()), transform_about(linear, self.part_centre, centre)


def find_part(fixed: Surveyed, moving: Surveyed, options: Options) -> Generator[Progress, None, Outcome]:
    """Find the smaller of two maps in the larger one."""
    part_moves = moving.volume_angstrom3 <= fixed.volume_angstrom3
    part, whole = (moving, fixed) if part_moves else (fixed, moving)
    scan = _Scan.of(part, whole)
    wanted = hands(options)
    turns = [_turns(options, mirrored, part_moves) for mirrored in wanted]
    total = sum(len(blocks) + 1 for blocks in turns) + 1

    def outward(transform: Matrix) -> Matrix:
        """From the motion of the part to that of the moving map."""
        return transform if part_moves else inverse(transform)

    def allowed(linear: Matrix) -> bool:
        """Whether the part may be turned back by a matrix."""
        return options.allows(linear.T if part_moves else linear)

    coarse = _problem(part, whole, scan.voxel_angstrom).thinned(THINNED)
    found: list[list[Candidate]] = []
    done = 0
    for mirrored, blocks in zip(wanted, turns, strict=True):
        scores: list[float] = []
        poses: list[Matrix] = []
        for block in blocks:
            with ThreadPoolExecutor(options.threads) as pool:
                for score, pose in pool.map(scan.best_place, block):
                    scores.append(score)
                    poses.append(pose)
            done += 1
            best = poses[int(np.argmax(scores))]
            yield Progress("search, mirrored" if mirrored else "search", done, total, None, None, outward(best))
        fits = []
        for index in _distinct(np.array(scores), poses, part, count=FITTED):
            start = inverse(poses[index])
            pose, correlation = coarse.solve(start, tolerance=0.05)
            if not allowed(pose[:, :3]):
                pose, correlation = start, coarse.correlation(start)
            fits.append((correlation, inverse(pose), 1 - scores[index]))
        kept = _distinct(np.array([fit[0] for fit in fits]), [fit[1] for fit in fits], part, count=FINALISTS)
        found.append([Candidate(fits[i][1], mirrored, fits[i][2], fits[i][0]) for i in kept])
        done += 1
        yield Progress("refine", done, total, None, None, outward(found[-1][0].moving_to_fixed))
    finest = max(part.voxel_angstrom, whole.voxel_angstrom)
    # What the cut took off the part at its faces is a difference that the fit should not be pulled by.
    problem = RobustProblem.of(_problem(part, whole, max(finest, scan.voxel_angstrom / 3)))
    for number, candidates in enumerate(found):
        found[number] = _finished(problem, candidates, part, allowed)
    decision, answer = None, 0
    if len(wanted) > 1:
        as_given, mirrored_too = (inverse(found[wanted.index(m)][0].moving_to_fixed) for m in (False, True))
        decision = decide_hand(problem, as_given, mirrored_too)
        if options.hand == "auto" and decision.decision != "undetermined":
            answer = wanted.index(decision.decision == "mirrored")
    turned = [replace(c, moving_to_fixed=inverse(c.moving_to_fixed)) for c in found[answer]]
    marked = with_equals_marked(problem, turned)
    ordered = [replace(c, moving_to_fixed=outward(inverse(c.moving_to_fixed))) for c in marked]
    others = [
        replace(c, moving_to_fixed=outward(c.moving_to_fixed))
        for index, candidates in enumerate(found)
        if index != answer
        for c in candidates
    ]
    yield Progress("refine", total, total, None, None, ordered[0].moving_to_fixed)
    best = marked[0].moving_to_fixed
    sure = how_sure(problem, best, None)
    return Outcome((*ordered, *others), (), decision, None, _judged(part, whole, best), sure)


def _turns(options: Options, mirrored: bool, part_moves: bool) -> list[Matrix]:
    """Return the matrices that the part is turned by in the search, in blocks: all about, or as far as is allowed."""
    start, limit = start_of(options, mirrored)
    mirror = MIRROR if mirrored else np.eye(3)
    turns = uniform_rotations(ROTATIONS)
    if limit is not None:
        # As many as lie that near among even ones. Scaled down, angles of even rotations fill the ball evenly.
        share = (np.radians(limit) - np.sin(np.radians(limit))) / np.pi
        near = uniform_rotations(max(2 * BLOCK, round(share * ROTATIONS)))
        vectors = np.concatenate([np.zeros((1, 3)), Rotation.from_matrix(near).as_rotvec() * (limit / 180)])
        turns = start @ Rotation.from_rotvec(vectors).as_matrix()
    moving = turns @ mirror
    return np.array_split(moving if part_moves else moving.transpose(0, 2, 1), len(moving) // BLOCK)


def _problem(part: Surveyed, whole: Surveyed, voxel_angstrom: float) -> FitProblem:
    """Compare inside the part's contour only: what lies about it in the whole is no difference."""
    return fit_problem(part, whole, voxel_angstrom=voxel_angstrom, skirt=0)


def _finished(
    problem: FitProblem, candidates: list[Candidate], part: Surveyed, allowed: Callable[[Matrix], bool]
) -> list[Candidate]:
    """Fit at the finest sampling, at some of the points first and those that are nearly as good at all; best first."""

    def fitted(some: FitProblem, these: list[Candidate]) -> list[Candidate]:
        fits = some.solve_each([inverse(c.moving_to_fixed) for c in these], allowed=allowed)
        ends = [
            replace(c, moving_to_fixed=inverse(fit.transform), correlation=fit.correlation, share=fit.share)
            for c, fit in zip(these, fits, strict=True)
        ]
        return apart(sorted(ends, key=lambda c: -c.quality))

    def apart(these: list[Candidate]) -> list[Candidate]:
        poses = [c.moving_to_fixed for c in these]
        order = -np.arange(len(these), dtype=np.float64)
        return [these[i] for i in _distinct(order, poses, part, count=len(these), same=SAME_FITTED)]

    # Rivals too are fitted to the end, so that they are told apart by one measure.
    roughly = fitted(problem.thinned(THINNED), candidates)
    rivals = [c for c in roughly if c.quality > roughly[0].quality - RIVAL]
    return apart(fitted(problem, rivals) + roughly[len(rivals) :])


def _judged(part: Surveyed, whole: Surveyed, transform: Matrix) -> Judged:
    """Return the Fourier shell correlation within the part's contour, softened, the whole moved by `transform`."""
    ball, density = part.ball, part.density
    contour = ndimage.binary_dilation(density.data > part.level, iterations=1).astype(np.float32)
    mask = ndimage.gaussian_filter(contour, SOFTENED).ravel()[ball.inside]
    # What is finer in either map than the other's voxels hold is no common detail: both are smoothed alike.
    sigma = common_sigma_angstrom(part, whole, part.voxel_angstrom)
    grid = Grid.cube(
        int(np.ceil(2 * whole.radius_angstrom / part.voxel_angstrom)) + 8, part.voxel_angstrom, whole.centre_angstrom
    )
    coefficients = spline_coefficients(whole.on(grid, sigma_angstrom=sigma))
    u = part.on(density.grid, sigma_angstrom=sigma).ravel()[ball.inside]
    v = spline_at(coefficients, grid, transform, density.grid, ball.points)
    # About their means: else the mask itself, the same for both, would correlate.
    first, second = (ball.spectrum((w - np.float32(mask @ w / mask.sum())) * mask) for w in (u, v))
    shells = correlate_shells(first, second, density.grid.shape[0], voxel_size_angstrom=part.voxel_angstrom)
    return Judged(shells, 2 * part.radius_angstrom)


def _distinct(
    scores: Matrix, poses: list[Matrix], part: Surveyed, *, count: int, same: tuple[float, float] = SAME
) -> list[int]:
    """Return the indices of the largest scores whose poses differ in rotation or in place, largest first."""
    degrees, place = same
    places = [apply_transform(pose, part.centre_angstrom) for pose in poses]
    chosen: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        new = all(
            float(np.linalg.norm(places[index] - places[other])) > place * part.radius_angstrom
            or float(geodesic_degrees(poses[index][:, :3], poses[other][:, :3])) > degrees
            for other in chosen
        )
        if new:
            chosen.append(int(index))
            if len(chosen) == count:
                break
    return chosen
