r"""How much density the map has for each chain of an atomic model, at the pose of the whole model.

A model may fit although one of its chains is at a wrong place: the others outweigh it. So the map :math:`u` is fitted
by the simulated maps :math:`v_c` of the chains, each with a factor of its own:

.. math:: \min_{a, b} \sum_x \left(u(x) - a - \sum_c b_c\, v_c(x)\right)^2 .

The factor of a chain that the map does not show at its place is about zero, even if
other chains of the model are there. In the map of a larger complex, the density there may be that of
another molecule.
"""

from __future__ import annotations

import numpy as np

from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.records import ChainFit
from botalign.alignment.sampled import sampled
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Counts, Matrix
from botalign.geometry import inverse
from botalign.maps.resampling import spline_at
from botalign.models import HIGHEST_RESOLUTION, SIGMA_PER_RESOLUTION, Model, simulate

#: Chains with less than this fraction of the mass of the largest one, such as glycans, have no factor of their own.
LEAST_SIZE = 0.05
#: Points at which the maps are compared, and voxels in a resolution.
POINTS, VOXELS_PER_RESOLUTION = 12_000, 4


def chain_fits(problem: AlignmentProblem, transform: Matrix, *, of_part: bool = False) -> tuple[ChainFit, ...]:
    """Return how well the chains of a model fit a map at a pose.

    There are none unless one of the two is a model with several chains, and the map may show all of them: it has no
    mask, and is not a part of the model.

    Parameters
    ----------
    problem : AlignmentProblem
        The model and the map.
    transform : ndarray, shape (3, 4)
        Transform of the moving one.
    of_part : bool, optional
        Whether the smaller of the two was searched for as a part of the other.
    """
    fixed, moving = problem.models
    model, masks = moving or fixed, (problem.options.mask_fixed, problem.options.mask_moving)
    if model is None or None not in problem.models or model.atom_chains is None or masks != (None, None):
        return ()
    if of_part and problem.part_is_moving != (model is moving):
        return ()
    both = (problem.moving, problem.fixed) if model is moving else (problem.fixed, problem.moving)
    resolution = problem.options.resolution
    assert resolution is not None
    to_own = transform if model is fixed else inverse(transform)
    return _occupancies(model, model.atom_chains, *both, to_own, resolution)


def _occupancies(
    model: Model, atom_chains: Counts, own: Surveyed, other: Surveyed, to_own: Matrix, resolution: float
) -> tuple[ChainFit, ...]:
    """Return the fits, given the surveyed map of the model and the other one, which the transform moves onto it."""
    in_chain = atom_chains >= 0
    # Atoms with an occupancy of 0 have no density to compare.
    masses = np.bincount(atom_chains[in_chain], model.weights[in_chain], minlength=len(model.chains))
    large = np.flatnonzero((masses > 0) & (masses >= LEAST_SIZE * masses.max(initial=0.0)))
    if len(large) < 2:
        return ()
    voxel = max(own.voxel_angstrom, other.voxel_angstrom, resolution / VOXELS_PER_RESOLUTION)
    sigma = common_sigma_angstrom(own, other, voxel)
    ours, theirs = (
        sampled(each, voxel, sigma_angstrom=sigma, radius_angstrom=each.radius_angstrom) for each in (own, other)
    )
    inside = np.flatnonzero(ours.inside)
    inside = inside[:: max(1, -(-len(inside) // POINTS))]
    points = np.stack(np.unravel_index(inside, ours.inside.shape)[::-1], axis=1).astype(np.int32)
    # Smoothing an atom's Gaussian makes it that of a lower resolution.
    width = float(np.hypot(resolution * SIGMA_PER_RESOLUTION, sigma)) / SIGMA_PER_RESOLUTION
    columns = [np.ones(len(inside))]
    for chain in [*large, None]:
        of_chain = ~np.isin(atom_chains, large) if chain is None else atom_chains == chain
        if model.weights[of_chain].any():
            atoms = Model(model.points[of_chain], model.weights[of_chain])
            density = simulate(atoms, min(width, HIGHEST_RESOLUTION), grid=ours.grid)
            columns.append(density.data.ravel()[inside].astype(np.float64))
    densities = spline_at(theirs.coefficients, theirs.grid, to_own, ours.grid, points).astype(np.float64)
    factors = np.linalg.lstsq(np.stack(columns, axis=1), densities, rcond=None)[0][1 : 1 + len(large)]
    if factors.max() <= 0:
        return ()
    shares = (factors / factors.max()).tolist()
    return tuple(ChainFit(model.chains[chain], share) for chain, share in zip(large, shares, strict=True))
