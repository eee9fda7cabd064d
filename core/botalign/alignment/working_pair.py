"""Two maps in the box of the search: centred, above their contour levels, of mass 1."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.geometry import transform_about
from botalign.maps.grid import Grid
from botalign.maps.interpolation import rotate_in_ball

#: The moving map is interpolated trilinearly in a grid this many times finer than that of the search.
OVERSAMPLING = 2
#: Empty voxels between the molecule and the faces of the box.
MARGIN = 2


@dataclass(frozen=True, eq=False)
class WorkingPair:
    """Two maps in the box of the search: centred, clipped at their contour levels, of mass 1.

    Attributes
    ----------
    fixed : ndarray, shape (size, size, size), float32
        The fixed map.
    moving : ndarray, shape (2 size, 2 size, 2 size), float32
        The moving map at half the spacing.
    voxel_angstrom : float
        Side of a voxel of `fixed`.
    fixed_centre, moving_centre : ndarray, shape (3,)
        Centres of the two boxes.
    """

    fixed: Volume
    moving: Volume
    voxel_angstrom: float
    fixed_centre: Matrix
    moving_centre: Matrix

    def rotated(self, linear: Matrix) -> Volume:
        """Return the moving map, rotated by an orthogonal matrix, which may mirror, about its centre."""
        out = np.empty_like(self.fixed)
        rotate_in_ball(self.moving, OVERSAMPLING * linear.T, out)
        return out

    def transform(self, linear: Matrix) -> Matrix:
        """Return the transform with this linear part that superimposes the centres of the boxes."""
        return transform_about(linear, self.moving_centre, self.fixed_centre)


def working_pair(fixed: Surveyed, moving: Surveyed, *, size: int, centre: Matrix | None = None) -> WorkingPair:
    """Sample two maps in a box with sides of `size` voxels that holds both molecules at any rotation.

    The centre of mass of the moving map is put at `centre` of the fixed one, by default at its centre of mass.
    """
    middle = fixed.centre_angstrom if centre is None else centre
    offset = float(np.linalg.norm(middle - fixed.centre_angstrom))
    radius = max(fixed.radius_angstrom + offset, moving.radius_angstrom)
    voxel = 2 * radius / (size - 2 * MARGIN)
    sigma = common_sigma_angstrom(fixed, moving, voxel)
    arrays = []
    for surveyed, factor, at in ((fixed, 1, middle), (moving, OVERSAMPLING, moving.centre_angstrom)):
        grid = Grid.cube(factor * size, voxel / factor, at)
        values = surveyed.on(grid, sigma_angstrom=sigma, clipped=True)
        arrays.append(values * np.float32(factor**3 / values.sum(dtype=np.float64)))
    return WorkingPair(arrays[0], arrays[1], voxel, middle, moving.centre_angstrom)


def principal_rotations(pair: WorkingPair, *, mirrored: bool) -> Matrix:
    """Return the matrices that superimpose the principal axes of the two maps, shape (4, 3, 3).

    An axis has no direction, so there are eight matrices, four of each hand. For a copy whose axes differ in length,
    one of them is close to the answer.
    """
    frames = [principal_axes(volume) for volume in (pair.fixed, pair.moving)]
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=3)))
    guesses = np.einsum("ij,nj,kj->nik", frames[0], signs, frames[1])
    return np.asarray(guesses[(np.linalg.det(guesses) < 0) == mirrored])


def principal_axes(volume: Volume) -> Matrix:
    """Return unit vectors ``(x, y, z)`` along the principal axes of a mass, as columns."""
    check_cancelled()
    mass = volume.astype(np.float64)
    axis = np.arange(len(volume)) - (len(volume) - 1) / 2
    planes = {(0, 1): mass.sum(0).T, (0, 2): mass.sum(1).T, (1, 2): mass.sum(2).T}  # by x, y; x, z; y, z
    moments: Matrix = np.zeros((3, 3))
    for (first, second), plane in planes.items():
        moments[first, second] = moments[second, first] = axis @ plane @ axis
        moments[first, first] = axis**2 @ plane.sum(1)
        moments[second, second] = axis**2 @ plane.sum(0)
    return np.asarray(np.linalg.eigh(moments)[1])
