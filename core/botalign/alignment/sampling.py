"""Two surveyed maps sampled for a fit, and how finely."""

from __future__ import annotations

from botalign.alignment.fitting import FitProblem
from botalign.alignment.sampled import sampled
from botalign.alignment.shell_curve import shell_correlation
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix

#: So many voxels per resolution sample all of the signal.
VOXELS_PER_RESOLUTION = 3.0
#: The radius of the molecule measures at least this many voxels, however little signal there is.
LEAST_RADIUS_VOXELS = 7.0


def fit_problem(
    fixed: Surveyed, moving: Surveyed, *, voxel_angstrom: float, centre: Matrix | None = None, most: int | None = None
) -> FitProblem:
    """Sample two maps for a fit with voxels of a given size, compared in and around the molecule of the fixed map.

    Rotations are about `centre`, by default the centre of mass of the fixed map. If `most` is given, the problem is
    thinned to at most this many points.
    """
    sigma = common_sigma_angstrom(fixed, moving, voxel_angstrom)
    u = sampled(fixed, voxel_angstrom, sigma_angstrom=sigma, radius_angstrom=fixed.radius_angstrom)
    radius = max(fixed.radius_angstrom, moving.radius_angstrom)
    v = u if moving is fixed else sampled(moving, voxel_angstrom, sigma_angstrom=sigma, radius_angstrom=radius)
    about = fixed.centre_angstrom if centre is None else centre
    return FitProblem.between(u, v, where=u.inside, centre=about, most=most)


def finest_useful_voxel(fixed: Surveyed, moving: Surveyed, transform: Matrix) -> float:
    """Return the side in angstrom of voxels that hold all the signal two maps share.

    Beyond the resolution at which their Fourier shell correlation at a pose falls below 0.143, finer voxels would only
    add noise.
    """
    resolution = shell_correlation(fixed, moving, transform).resolution(0.143)
    return useful_voxel(fixed, resolution, finest=max(fixed.voxel_angstrom, moving.voxel_angstrom))


def useful_voxel(fixed: Surveyed, resolution_angstrom: float, *, finest: float) -> float:
    """Return the side in angstrom of voxels that hold the signal up to a resolution, not below that of the finest."""
    return max(finest, min(resolution_angstrom / VOXELS_PER_RESOLUTION, fixed.radius_angstrom / LEAST_RADIUS_VOXELS))
