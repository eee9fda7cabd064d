"""One model placed in a map, as a part."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from botalign.alignment.checks import check_radii
from botalign.alignment.inputs import maps_of
from botalign.alignment.itself import Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.part_solver import solve_by_part
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.survey import survey
from botalign.errors import InputError
from botalign.models import Model
from botalign.progress import exhaust
from botalign.ranking.entry import Found
from botalign.ranking.failing import or_failure
from botalign.ranking.items import Item


@or_failure
def place_model(shared: SharedWhole, item: Item, options: AlignmentOptions) -> dict[str, NDArray[Any]]:
    """Place a model in a map as a part, over all rotations and shifts.

    Parameters
    ----------
    shared : SharedWhole
        The map.
    item : Item
        The model.
    options : AlignmentOptions
        Options, including the resolution.

    Returns
    -------
    dict of ndarray
        Arrays of :class:`botalign.ranking.entry.Found`.
    """
    model = item.load()
    assert isinstance(model, Model)
    whole, part = maps_of(shared.density_map, model, options)
    surveyed = survey(part)
    check_radii(shared.surveyed, surveyed, whole.name, part.name)
    moving_itself = Itself(surveyed.normalised(), part.grid)
    problem = AlignmentProblem(shared.itself, moving_itself, options, (False,), (whole, part), shared)
    if not problem.part_is_moving:
        raise InputError(
            f"{part.name}: is larger than {whole.name} above the contour level, expected a part of it; is the voxel "
            "size of the map right?"
        )
    outcome = exhaust(solve_by_part(problem))
    best = outcome.candidates[0]
    places = sum(each.as_good for each in outcome.candidates[1:]) + 1
    return Found(
        pose=best.moving_to_fixed,
        score=best.quality,
        probability=1.0 if outcome.probability is None else outcome.probability,
        verdict=outcome.verdict or "no match",
        places=places,
    ).to_arrays()


def model_options(resolution: float) -> AlignmentOptions:
    """Return the options of the alignment of a model: one hand, because a model is never mirrored."""
    return AlignmentOptions(resolution=resolution, hand="keep", partial=True, threads=1)
