"""The places of one part in a whole or in its residual, as a block of work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.copies import limits_for
from botalign.alignment.fitting import FitProblem
from botalign.alignment.itself import Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.overlap import Body
from botalign.alignment.part_pair import PartPair
from botalign.alignment.part_places import Place, part_places
from botalign.alignment.place_chances import LEAST_SPREAD
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.shared_problem import problem_in
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.arrays import Matrix
from botalign.maps.density_map import DensityMap
from botalign.models import Model
from botalign.progress import exhaust

#: Places that are fewer standard deviations above the median than this have an evidence of 0.
LEAST_DEVIATIONS = 1.0
#: With fewer wrong places than this, the median is that of all.
FEWEST_WRONG = 4
#: The median absolute deviation of normal values, in standard deviations.
MEDIAN_DEVIATION = 0.6745


@dataclass(frozen=True, eq=False)
class FoundPlaces:
    """The places of a part.

    Attributes
    ----------
    problem : AlignmentProblem
        The part, which moves, and the whole.
    voxel_angstrom, sigma_angstrom : float
        Sampling and smoothing at which the places were fitted.
    places : tuple of Place
        The places, the most probable first.
    """

    problem: AlignmentProblem
    voxel_angstrom: float
    sigma_angstrom: float
    places: tuple[Place, ...]

    @cached_property
    def pair(self) -> PartPair:
        """The part and the whole."""
        return PartPair.of(self.problem)

    @cached_property
    def body(self) -> Body:
        """The volume of the part."""
        return Body.of(self.pair)

    @cached_property
    def fit(self) -> FitProblem:
        """The fit of the whole to the part."""
        return self.pair.fit(self.voxel_angstrom, self.sigma_angstrom)

    def fit_in(self, rest: DensityMap) -> FitProblem:
        """Return the fit of the residual of the whole to the part."""
        return replace(self.pair, whole_map=rest).fit(self.voxel_angstrom, self.sigma_angstrom)

    @cached_property
    def scores(self) -> Matrix:
        r"""The evidence of each place, shape (n,).

        After Fisher's transform :math:`z` of the correlations, the evidence of a place :math:`t` standard deviations
        above the median of the wrong places is :math:`t^2 / 2`, as if these were normally distributed. Wrong are those
        that are not above the noise. This makes parts of different size comparable, although small parts fit better by
        chance.
        """
        z = np.arctanh(np.clip([place.correlation for place in self.places], -0.999, 0.999))
        wrong = z[[place.probability >= LARGEST_PROBABILITY for place in self.places]]
        wrong = wrong if len(wrong) >= FEWEST_WRONG else z
        middle = float(np.median(wrong))
        spread = max(float(np.median(np.abs(wrong - middle))) / MEDIAN_DEVIATION, LEAST_SPREAD)
        deviations = (z - middle) / spread
        return np.where(deviations > LEAST_DEVIATIONS, deviations**2 / 2, 0.0)


def problem_of(
    whole: SharedWhole, part: DensityMap | Model, resolution: float | None, *, mirrored: bool = False
) -> AlignmentProblem:
    """Return the problem of finding a part, or its mirror image, in a whole.

    Raises
    ------
    InputError
        If one of them cannot be used.
    """
    options = AlignmentOptions(partial=True, hand="keep", resolution=resolution, threads=1)
    return problem_in(whole, part, options, hands=(mirrored,), role="moving")


def places_block(
    whole: SharedWhole, part: DensityMap | Model, resolution: float | None, copies: int, mirrored: bool = False
) -> dict[str, Any]:
    """Return the places of a part, or of its mirror image, as arrays."""
    problem = _as_part(whole, part, resolution, mirrored=mirrored)
    limits = limits_for(copies, problem.symmetry) if copies > 1 else None
    found = exhaust(part_places(problem, limits))
    return {
        "poses": np.array([place.moving_to_fixed for place in found.places]),
        "numbers": np.array([[place.correlation, place.score, place.probability] for place in found.places]),
        "sampling": np.array([found.voxel_angstrom, found.sigma_angstrom]),
    }


def found_places(
    whole: SharedWhole, part: DensityMap | Model, resolution: float | None, arrays: dict[str, NDArray[Any]]
) -> FoundPlaces:
    """Return the places that :func:`places_block` found."""
    numbers = zip(arrays["poses"], arrays["numbers"].tolist(), strict=True)
    voxel, sigma = arrays["sampling"].tolist()
    places = tuple(Place(pose, *values) for pose, values in numbers)
    return FoundPlaces(_as_part(whole, part, resolution), voxel, sigma, places)


def _as_part(
    whole: SharedWhole, part: DensityMap | Model, resolution: float | None, *, mirrored: bool = False
) -> AlignmentProblem:
    """Return the problem with a whole that is not smaller than the part; a residual may be smaller."""
    problem = problem_of(whole, part, resolution, mirrored=mirrored)
    least = problem.moving.volume_angstrom3
    if problem.fixed.volume_angstrom3 >= least:
        return problem
    larger = replace(problem.fixed, volume_angstrom3=least)
    return replace(problem, fixed_itself=Itself(larger, problem.fixed_itself.box))
