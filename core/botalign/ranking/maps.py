"""One map of a library, aligned to a map."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from botalign.alignment.checks import check_boxes, check_radii
from botalign.alignment.itself import Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.scoring import compare
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.solving import solve
from botalign.alignment.survey import survey
from botalign.maps import DensityMap
from botalign.progress import exhaust
from botalign.ranking.entry import Found
from botalign.ranking.failing import or_failure
from botalign.ranking.items import Item


@or_failure
def align_map(shared: SharedWhole, item: Item, options: AlignmentOptions) -> dict[str, NDArray[Any]]:
    """Align a map of a library, over all rotations and shifts and both hands.

    Parameters
    ----------
    shared : SharedWhole
        The fixed map.
    item : Item
        The map of the library.
    options : AlignmentOptions
        Options.

    Returns
    -------
    dict of ndarray
        Arrays of :class:`botalign.ranking.entry.Found`.
    """
    fixed, moving = shared.density_map, item.load()
    assert isinstance(moving, DensityMap)
    check_boxes(fixed, moving)
    surveyed = survey(moving)
    check_radii(shared.surveyed, surveyed, fixed.name, moving.name)
    surveyed = surveyed.normalised()
    moving_itself = Itself(surveyed, moving.grid)
    problem = AlignmentProblem(shared.itself, moving_itself, options, (False, True), (fixed, moving), shared)
    outcome = exhaust(solve(problem)).outcome
    best = outcome.candidates[0]
    found = compare(shared.surveyed, surveyed, best.moving_to_fixed)
    return Found(
        pose=best.moving_to_fixed,
        score=found.scores.correlation_about_mean,
        probability=1.0 if outcome.probability is None else outcome.probability,
        verdict=outcome.verdict or "no match",
        places=sum(each.as_good for each in outcome.candidates[1:]) + 1,
    ).to_arrays()


def map_options(seed: int) -> AlignmentOptions:
    """Return the options of the alignment of a map: the better hand is used, because that of the map may be wrong."""
    return AlignmentOptions(hand="auto", scale="keep", seed=seed, threads=1)
