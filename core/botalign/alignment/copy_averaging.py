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
from botalign.alignment.part_search import IN_RESOLUTION, Limits, PartSearch
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry, average_of
from botalign.arrays import Matrix
from botalign.geometry import inverse
from botalign.progress import Progress

#: A copy is in the map itself if its edges correlate there by this fraction of what those of the copies do on average.
LEAST_SHARE = 0.4
#: Noise may hide copies if less than this fraction of the power at the resolution is signal.
CLEAR = 0.9


def noise_may_hide_copies(problem: AlignmentProblem, search: PartSearch) -> bool:
    """Whether the fixed map is so noisy that its average may show more than the search in the map itself."""
    resolution = problem.options.resolution or IN_RESOLUTION * search.voxel
    return bool(problem.fixed_itself.signal.at(np.array(1 / resolution)) < CLEAR)


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
    average = average_of(fixed, symmetry.operations, threads=options.threads)
    surveyed = survey(masked(average, options.mask_fixed), level=options.contour_level_fixed, role="fixed").normalised()
    averaged = replace(problem, fixed_itself=Itself(surveyed, average.grid), maps=(average, moving))
    return (yield from part_places(averaged, limits, symmetry=symmetry, tries=2))


def are_in_map(fit: FitProblem, poses: Sequence[Matrix]) -> list[bool]:
    """Return for each copy whether the map itself shows it.

    The average shows a copy at every equivalent place, even at an empty one.

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
