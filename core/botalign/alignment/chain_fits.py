"""How much density a map has for each chain of a model, at the pose of the whole model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.copy_records import Copies
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.sampling import fit_problem
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix
from botalign.cancellation import check_cancelled
from botalign.geometry import compose, inverse
from botalign.models import SIGMA_PER_RESOLUTION, Model
from botalign.scores import ChainFit, chain_fits

#: Points at which the maps are compared, and voxels in a resolution.
POINTS, VOXELS_PER_RESOLUTION = 12_000, 4


def fits_at_pose(
    problem: AlignmentProblem, transform: Matrix, *, of_part: bool = False, others: Sequence[Matrix] = ()
) -> tuple[ChainFit, ...]:
    """Return how much density the map has for the chains of a model at a pose.

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
    others : sequence of ndarray, shape (3, 4), optional
        Transforms of other copies of the moving model in the map.
    """
    fixed, moving = problem.models
    model, masks = moving or fixed, (problem.options.mask_fixed, problem.options.mask_moving)
    if model is None or None not in problem.models or len(model.chains) < 2 or masks != (None, None):
        return ()
    if of_part and problem.part_is_moving != (model is moving):
        return ()
    both = (problem.moving, problem.fixed) if model is moving else (problem.fixed, problem.moving)
    resolution = problem.options.resolution
    assert resolution is not None
    to_own = transform if model is fixed else inverse(transform)
    copies = [model.moved(compose(to_own, each)) for each in others]
    return _fits(model, *both, to_own, resolution, copies)


def fits_of_copies(problem: AlignmentProblem, copies: Copies) -> Copies:
    """Return the copies of a model, each that matches with how much density the map has for its chains."""
    placed = list(copies.placed)
    poses = {number: copy.moving_to_fixed for number, copy in enumerate(placed) if copy.verdict != "no match"}
    for number, pose in poses.items():
        check_cancelled()
        others = [other for key, other in poses.items() if key != number]
        placed[number] = replace(placed[number], chain_fits=fits_at_pose(problem, pose, of_part=True, others=others))
    return replace(copies, placed=tuple(placed))


def _fits(
    model: Model, own: Surveyed, other: Surveyed, to_own: Matrix, resolution: float, copies: Sequence[Model]
) -> tuple[ChainFit, ...]:
    """Return the fits, given the surveyed map of the model and the other one, which the transform moves onto it."""
    voxel = max(own.voxel_angstrom, other.voxel_angstrom, resolution / VOXELS_PER_RESOLUTION)
    sigma = common_sigma_angstrom(own, other, voxel)
    fit = fit_problem(own, other, voxel_angstrom=voxel, most=POINTS)
    inside = np.ravel_multi_index(tuple(fit.points.T[::-1]), fit.fixed_grid.shape)
    densities = fit.moved(to_own).astype(np.float64)
    # Smoothing an atom's Gaussian makes it that of a lower resolution.
    width = float(np.hypot(resolution * SIGMA_PER_RESOLUTION, sigma)) / SIGMA_PER_RESOLUTION
    return chain_fits(model, densities, fit.fixed_grid, inside, width, others=copies)
