"""The poses of a part: which ones are searched, and the two directions in which they are expressed.

A result leads from the moving to the fixed map. A scan leads from the part to the whole, and a fit from the whole to
the part, whichever of the two moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from botalign.alignment.fitting import FitProblem
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_scan import PEAKS, PartScan
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import Candidate
from botalign.arrays import Matrix
from botalign.geometry import MIRROR, apply_transform, inverse, transform_about, uniform_rotations

#: Rotations that are scanned, and rotations in a step of the progress.
ROTATIONS, BLOCK = 1500, 50


@dataclass(frozen=True, eq=False)
class PartPoses:
    """The poses of a part.

    Attributes
    ----------
    problem : AlignmentProblem
        The problem.
    pair : PartPair
        The part and the whole.
    part_moves : bool
        Whether the part moves; otherwise the whole does.
    peaks : int
        Places that a scan keeps of each rotation.
    """

    problem: AlignmentProblem
    pair: PartPair
    part_moves: bool
    peaks: int = PEAKS

    def fit(self, voxel: float, sigma: float) -> FitProblem:
        """Return the fit with voxels of a size, of what may change."""
        pivot = self.problem.moving.centre_angstrom if self.part_moves else self.problem.pivot
        fit = self.pair.fit(voxel, sigma, None if self.problem.pivot is None else pivot)
        return replace(fit, free=self.problem.free)

    def places(self, scan: PartScan, linear: Matrix) -> tuple[Matrix, Matrix]:
        """Return the scores and the places of the part at a rotation: the best ones, or the one that is allowed."""
        pivot = self.problem.pivot
        if pivot is None:
            return scan.best_places(linear, self.peaks)
        moving = linear if self.part_moves else linear.T
        placed = self.outward(transform_about(moving, self.problem.moving.centre_angstrom, pivot))
        return scan.at_place(linear, apply_transform(placed, self.pair.centre_angstrom))

    def outward(self, placed: Matrix) -> Matrix:
        """Return the transform from the moving to the fixed map, given that from the part to the whole, or back."""
        return placed if self.part_moves else inverse(placed)

    def from_fit(self, pose: Matrix) -> Matrix:
        """Return the transform from the moving to the fixed map, given that from the whole to the part, or back."""
        return inverse(pose) if self.part_moves else pose

    def fit_pose(self, candidate: Candidate) -> Matrix:
        """Return the transform from the whole to the part."""
        return self.from_fit(candidate.moving_to_fixed)

    def allowed(self, linear: Matrix) -> bool:
        """Whether a fit may end at this linear part, from the whole to the part."""
        return self.problem.allows(linear.T if self.part_moves else linear)

    def blocks(self, mirrored: bool) -> list[Matrix]:
        """Return the matrices by which the scan rotates the part, in blocks: all, or as far as is allowed."""
        start, limit = self.problem.start(mirrored)
        if not self.problem.options.rotate:
            linear = self.problem.options.start_transform()[:, :3]
            return [linear[None] if self.part_moves else linear.T[None]]
        mirror = MIRROR if mirrored else np.eye(3)
        rotations = uniform_rotations(ROTATIONS)
        if limit is not None:
            # As many as lie within the limit among uniform ones, scaled down: denser at the centre of the ball.
            share = (np.radians(limit) - np.sin(np.radians(limit))) / np.pi
            near = uniform_rotations(max(2 * BLOCK, round(share * ROTATIONS)))
            vectors = np.concatenate([np.zeros((1, 3)), Rotation.from_matrix(near).as_rotvec() * (limit / 180)])
            rotations = start @ Rotation.from_rotvec(vectors).as_matrix()
        moving = rotations @ mirror
        return np.array_split(moving if self.part_moves else moving.transpose(0, 2, 1), len(moving) // BLOCK)
