"""How much of a placed part lies inside another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.alignment.part_pair import PartPair
from botalign.arrays import Matrix, Volume
from botalign.geometry import apply_transform, inverse
from botalign.maps.contour import level_above
from botalign.maps.grid import Grid
from botalign.models import simulate

#: Voxels across a part by which its volume is measured, and points of it, about and at most.
ACROSS, POINTS = 32, 2_000
#: The volume of a model is that of its map at this resolution, in angstrom, or at so many voxels. The contour of a map
#: at a low resolution encloses several times the volume, so that right places of neighbours overlap by a third.
RESOLUTION, RESOLUTION_VOXELS = 8.0, 3.0


@dataclass(frozen=True, eq=False)
class Body:
    """The volume of a part: that of its model, or that inside its contour, or inside its mask.

    Attributes
    ----------
    centre_angstrom : ndarray, shape (3,)
        Centre of the part, in the coordinates of its map.
    radius_angstrom : float
        Radius of a ball around it that contains the part.
    volume_angstrom3 : float
        The volume.
    grid : Grid
        A grid around the part.
    inside : ndarray
        1 inside the part, 0 outside.
    points : ndarray, shape (n, 3)
        Points that are spread evenly over the volume.
    """

    centre_angstrom: Matrix
    radius_angstrom: float
    volume_angstrom3: float
    grid: Grid
    inside: Volume
    points: Matrix

    @classmethod
    def of(cls, pair: PartPair) -> Body:
        """Return the volume of the part of a pair."""
        voxel = 2 * pair.radius_angstrom / ACROSS
        if pair.model is not None:
            density = simulate(pair.model, max(RESOLUTION, RESOLUTION_VOXELS * voxel), voxel_size_angstrom=voxel)
            grid = density.grid
            inside = (density.data > level_above(density.data, 0.0)).astype(np.float32)
        else:
            voxel = max(voxel, min(pair.part_map.grid.voxel_size_angstrom))
            grid = pair.part_grid(voxel)
            _, inside = pair.part_on(grid, 0.0)
        indices = np.argwhere(inside > 0)[:, ::-1]
        points = np.array(grid.origin_angstrom) + voxel * indices[:: -(-len(indices) // POINTS)]
        radius = float(np.linalg.norm(points - pair.centre_angstrom, axis=1).max()) + voxel
        return cls(pair.centre_angstrom, radius, len(indices) * voxel**3, grid, inside, points)

    def contains(self, points: Matrix) -> Matrix:
        """Return 1 for each point inside the part and 0 for the others, shape (n,)."""
        voxel = self.grid.voxel_size_angstrom[0]
        indices = np.rint((points - np.array(self.grid.origin_angstrom)) / voxel).astype(int)[:, ::-1]
        known = ((indices >= 0) & (indices < self.grid.shape)).all(axis=1)
        found = np.zeros(len(points))
        found[known] = self.inside[tuple(indices[known].T)]
        return found


def share_inside(first: Body, pose: Matrix, second: Body, other_pose: Matrix) -> float:
    """Return the share of the volume of a placed part that lies inside another one.

    Parameters
    ----------
    first, second : Body
        The parts.
    pose, other_pose : ndarray, shape (3, 4)
        Where they are: transforms from the map of the part to that of the whole.
    """
    apart = apply_transform(pose, first.centre_angstrom) - apply_transform(other_pose, second.centre_angstrom)
    if float(np.linalg.norm(apart)) >= first.radius_angstrom + second.radius_angstrom:
        return 0.0
    return float(second.contains(apply_transform(inverse(other_pose), apply_transform(pose, first.points))).mean())


def overlap(first: Body, pose: Matrix, second: Body, other_pose: Matrix) -> float:
    """Return the share of the volume of the smaller of two placed parts that lies inside the other one."""
    if first.volume_angstrom3 > second.volume_angstrom3:
        first, pose, second, other_pose = second, other_pose, first, pose
    return share_inside(first, pose, second, other_pose)


def overlaps(bodies: Sequence[Body], poses: Sequence[Matrix]) -> Matrix:
    """Return the overlap of each two placed parts, shape (n, n), symmetric, with 1 on the diagonal."""
    shares = np.eye(len(bodies))
    for i, (body, pose) in enumerate(zip(bodies, poses, strict=True)):
        for j in range(i):
            shares[i, j] = shares[j, i] = overlap(body, pose, bodies[j], poses[j])
    return shares
