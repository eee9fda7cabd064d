"""Losses on SO(3): how badly a rotation puts the moving map on the fixed one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.preparation import Surveyed, common_sigma_angstrom
from botalign.errors import InputError
from botalign.geometry import transform_about
from botalign.maps.grid import Grid
from botalign.maps.interpolation import rotate_in_ball
from botalign.transport import WaveletDistance

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]
#: A distance of two maps on one grid, ``[z, y, x]``: the rotated moving one and the fixed one, both of mass 1.
Distance = Callable[[Volume, Volume], float]

#: Length scales of the surrogate's kernel that go with the losses (Singer and Yang 2024, Section 4.1).
LENGTH_SCALES = {"wemd": 0.75, "l2": 1.0}
#: The moving map is looked up trilinearly in a grid this many times finer than the working one.
OVERSAMPLING = 2
#: Empty voxels between the molecule and the sides of the working box.
MARGIN = 2


@dataclass(frozen=True, eq=False)
class WorkingPair:
    """Two maps at working size: centred, above their contours, of mass 1.

    Attributes
    ----------
    fixed : ndarray, shape (size, size, size), float32
        The fixed map.
    moving : ndarray, shape (2 size, 2 size, 2 size), float32
        The moving map at half the spacing.
    voxel_angstrom : float
        Side of a voxel of `fixed`.
    fixed_centre, moving_centre : ndarray, shape (3,)
        Where the centres of the two boxes lie.
    """

    fixed: Volume
    moving: Volume
    voxel_angstrom: float
    fixed_centre: Matrix
    moving_centre: Matrix

    def rotated(self, linear: Matrix) -> Volume:
        """Turn the moving map by an orthogonal matrix (a mirror is one too) about its centre."""
        out = np.empty_like(self.fixed)
        rotate_in_ball(self.moving, OVERSAMPLING * linear.T, out)
        return out

    def transform(self, linear: Matrix) -> Matrix:
        """Return the 3x4 transform in angstrom that an orthogonal matrix stands for: centre goes to centre."""
        return transform_about(linear, self.moving_centre, self.fixed_centre)


def working_pair(fixed: Surveyed, moving: Surveyed, *, size: int) -> WorkingPair:
    """Bring two maps onto a common grid of `size` voxels a side that holds both molecules at any rotation."""
    radius = max(fixed.radius_angstrom, moving.radius_angstrom)
    voxel = 2 * radius / (size - 2 * MARGIN)
    sigma = common_sigma_angstrom(fixed, moving, voxel)
    arrays = []
    for surveyed, factor in ((fixed, 1), (moving, OVERSAMPLING)):
        grid = Grid.cube(factor * size, voxel / factor, surveyed.centre_angstrom)
        values = surveyed.on(grid, sigma_angstrom=sigma, clipped=True)
        arrays.append(values * np.float32(factor**3 / values.sum(dtype=np.float64)))
    return WorkingPair(arrays[0], arrays[1], voxel, fixed.centre_angstrom, moving.centre_angstrom)


def principal_rotations(pair: WorkingPair, *, mirrored: bool) -> Matrix:
    """Return the orthogonal matrices that put the moving map's principal axes onto the fixed one's, shape (4, 3, 3).

    An axis has no direction, so there are eight, of which four have the hand asked for. If the axes differ in length,
    one of them is near the answer for a copy; if not, or if the maps differ, they are guesses like others.
    """
    frames = [_principal_axes(volume) for volume in (pair.fixed, pair.moving)]
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=3)))
    guesses = np.einsum("ij,nj,kj->nik", frames[0], signs, frames[1])
    return np.asarray(guesses[(np.linalg.det(guesses) < 0) == mirrored])


def _principal_axes(volume: Volume) -> Matrix:
    """Return unit vectors ``(x, y, z)`` along the principal axes of a mass about its centre, as columns."""
    mass = volume.astype(np.float64)
    axis = np.arange(len(volume)) - (len(volume) - 1) / 2
    planes = {(0, 1): mass.sum(0).T, (0, 2): mass.sum(1).T, (1, 2): mass.sum(2).T}  # by x, y; x, z; y, z
    moments: Matrix = np.zeros((3, 3))
    for (first, second), plane in planes.items():
        moments[first, second] = moments[second, first] = axis @ plane @ axis
        moments[first, first] = axis**2 @ plane.sum(1)
        moments[second, second] = axis**2 @ plane.sum(0)
    return np.asarray(np.linalg.eigh(moments)[1])


def distance_named(
    loss: str | Distance, pair: WorkingPair, *, wavelet: str = "sym3", levels: int = 6
) -> tuple[Distance, float]:
    """Return a distance of two maps at working size, and the length scale of its surrogate.

    Raises
    ------
    InputError
        If `loss` is none of :data:`botalign.alignment.options.LOSSES` and not callable.
    """
    if callable(loss):
        return loss, LENGTH_SCALES["wemd"]
    if loss in ("wemd", "core"):  # the transport distance finds what the common part then decides
        wemd = WaveletDistance(pair.fixed.shape, wavelet=wavelet, levels=levels, voxel_size=pair.voxel_angstrom)
        return wemd, LENGTH_SCALES["wemd"]
    if loss == "l2":
        return l2, LENGTH_SCALES["l2"]
    raise InputError(f"loss: got {loss!r}, expected 'wemd', 'l2', 'core' or a function of two arrays.")


def l2(first: Volume, second: Volume) -> float:
    """Euclidean distance of two maps."""
    difference = (first - second).ravel()
    # einsum, not BLAS: its sums don't depend on the number of threads.
    return float(np.sqrt(np.einsum("i,i->", difference, difference, dtype=np.float64)))
