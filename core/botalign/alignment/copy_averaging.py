r"""Copies in a noisy symmetric map: they are searched for in its average over its point group.

Noise may hide each copy, and yet all of them together show the symmetry of the map. Its average over the group has less
noise: :math:`1/\sqrt{n}` of it for a group of order :math:`n`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.itself import Itself
from botalign.alignment.masking import masked
from botalign.alignment.part_places import PartPlaces, part_places
from botalign.alignment.part_search import Limits
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry
from botalign.arrays import Matrix
from botalign.geometry import inverse
from botalign.maps.contour import background_level
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample
from botalign.progress import Progress

#: A copy is in the map itself if its edges correlate there by this fraction of what those of the copies do on average.
LEAST_SHARE = 0.4


def averaged_map(density_map: DensityMap, symmetry: Symmetry, *, threads: int | None = None) -> DensityMap:
    """Return the average of a map over its point group, with its background at zero."""
    shifted = density_map.with_data(density_map.data - np.float32(background_level(density_map.data)))
    total = np.zeros(shifted.grid.shape)
    for operation in symmetry.operations:
        total += resample(shifted, operation, shifted.grid, threads=threads).data
    return density_map.with_data((total / symmetry.order).astype(np.float32))


def places_in_average(
    problem: AlignmentProblem, symmetry: Symmetry, limits: Limits
) -> Generator[Progress, None, PartPlaces]:
    """Find the places of a part in the average of the fixed map over its point group.

    Parameters
    ----------
    problem : AlignmentProblem
        The problem.
    symmetry : Symmetry
        Symmetry of the fixed map.
    limits : Limits
        How many poses the search keeps, equivalent ones counted once.

    Returns
    -------
    PartPlaces
        As the value of ``StopIteration``. It is the better of two searches: the first was that in the map itself.
    """
    assert problem.maps is not None
    options, (fixed, moving) = problem.options, problem.maps
    average = averaged_map(fixed, symmetry, threads=options.threads)
    level = options.contour_level_fixed
    own_level = None if level is None else level - background_level(fixed.data)
    surveyed = survey(masked(average, options.mask_fixed), level=own_level, role="fixed").normalised()
    averaged = replace(problem, fixed_itself=Itself(surveyed, average.grid), maps=(average, moving))
    return (yield from part_places(averaged, limits, symmetry=symmetry, tries=2))


def are_in_map(fit: FitProblem, poses: Sequence[Matrix]) -> list[bool]:
    """Return for each copy whether the map itself shows it: the average shows each copy wherever the others are.

    Parameters
    ----------
    fit : FitProblem
        The fit of the map itself to the part.
    poses : sequence of ndarray, shape (3, 4)
        The copies.
    """
    correlations = np.array([fit.correlation(inverse(pose)) for pose in poses])
    least = LEAST_SHARE * max(float(correlations.mean()), 0.0)
    return [bool(correlation >= least) for correlation in correlations]
