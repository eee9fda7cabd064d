"""From candidates to the answer: Nelder-Mead over rotations, then rotation and shift together, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from botalign.alignment.comparison import shell_correlation
from botalign.alignment.fitting import FitProblem
from botalign.alignment.losses import WorkingPair, l2
from botalign.alignment.preparation import Surveyed, common_sigma_angstrom
from botalign.geometry import geodesic_degrees, matrix_from_rotation_vector
from botalign.maps.grid import Grid

Matrix = NDArray[np.float64]

#: Edge of the first simplex. The default of Nelder-Mead is a twentieth of each coordinate, so nothing at the identity.
SIMPLEX_DEGREES = 4.0
#: Voxels of the comparison reach this far beyond the contour of the fixed map.
SKIRT_VOXELS = 2
#: A voxel as fine as this share of the resolution samples all the signal there is.
VOXELS_PER_RESOLUTION = 3.0
#: However little signal there is, the radius of the fixed map's molecule measures this many voxels.
LEAST_RADIUS_VOXELS = 7.0


def distinct(rotations: Matrix, losses: Matrix, *, count: int, separation_degrees: float = 15.0) -> list[int]:
    """Return the indices of the lowest losses whose rotations lie apart from each other, lowest first."""
    chosen: list[int] = []
    for index in np.argsort(losses, kind="stable"):
        if all(geodesic_degrees(rotations[index], rotations[other]) >= separation_degrees for other in chosen):
            chosen.append(int(index))
            if len(chosen) == count:
                break
    return chosen


def nelder_mead(
    loss: Callable[[Matrix], float], start: Matrix, *, tolerance_degrees: float = 2.0, evaluations: int = 40
) -> tuple[Matrix, float]:
    """Minimise a function of the rotation near `start`, without derivatives (eq. 16 of Singer and Yang 2024).

    Parameters
    ----------
    loss : callable
        Takes a rotation matrix (or one with a mirror), returns a loss.
    start : ndarray, shape (3, 3)
        Where to start. The search is over rotation vectors that turn it on.
    tolerance_degrees : float, optional
        Stop when the simplex is smaller.
    evaluations : int, optional
        The most calls of `loss`.

    Returns
    -------
    rotation : ndarray, shape (3, 3)
        The best found.
    loss : float
        Its loss.
    """
    edge = np.radians(SIMPLEX_DEGREES)
    simplex = np.vstack([np.zeros(3), edge * np.eye(3)]) - edge / 4

    def turned(vector: Matrix) -> float:
        return loss(matrix_from_rotation_vector(vector) @ start)

    found = optimize.minimize(
        turned,
        np.zeros(3),
        method="Nelder-Mead",
        options={
            "initial_simplex": simplex,
            "xatol": float(np.radians(tolerance_degrees)),
            "fatol": np.inf,
            "maxfev": evaluations,
        },
    )
    return matrix_from_rotation_vector(found.x) @ start, float(found.fun)


def rotation_loss(pair: WorkingPair) -> Callable[[Matrix], float]:
    """L2 distance of the fixed map and the turned one, at working size."""
    return lambda linear: l2(pair.rotated(linear), pair.fixed)


def fit_problem(fixed: Surveyed, moving: Surveyed, *, voxel_angstrom: float, skirt: int = SKIRT_VOXELS) -> FitProblem:
    """Sample two maps for a fit with voxels of a given size, compared in and about the fixed map's molecule."""
    sigma = common_sigma_angstrom(fixed, moving, voxel_angstrom)
    grids = []
    for surveyed in (fixed, moving):
        side = int(np.ceil(2 * surveyed.radius_angstrom / voxel_angstrom)) + 2 * (SKIRT_VOXELS + 2)
        grids.append(Grid.cube(side, voxel_angstrom, surveyed.centre_angstrom))
    u, v = (surveyed.on(grid, sigma_angstrom=sigma) for surveyed, grid in zip((fixed, moving), grids, strict=True))
    # Smoothing flattens: at the sampling of the fit another level encloses the molecule.
    level = fixed.level_of(u, voxel_angstrom)
    where = u > level
    if skirt:
        where = ndimage.binary_dilation(where, iterations=skirt)
    return FitProblem.between(u, grids[0], v, grids[1], where=where, centre=fixed.centre_angstrom)


def finest_useful_voxel(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Side in angstrom of the voxels that hold all the signal two maps have in common.

    Read off their Fourier shell correlation at the pose that a coarse fit found: beyond the resolution where it falls
    below 0.143, finer voxels would add noise only. Maps that have nothing in common have no such resolution.
    """
    finest = max(fixed.voxel_angstrom, moving.voxel_angstrom)
    useful = shell_correlation(fixed, moving, transform).resolution(0.143) / VOXELS_PER_RESOLUTION
    return max(finest, min(useful, fixed.radius_angstrom / LEAST_RADIUS_VOXELS))
