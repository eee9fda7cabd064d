"""One model placed in a map, as a part, or as the larger of the two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.chain_fits import fits_at_pose
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.part_solver import solve_by_part
from botalign.alignment.shared_problem import problem_in
from botalign.alignment.shared_whole import SharedWhole
from botalign.errors import SizeError
from botalign.jobs import or_failure
from botalign.models import Model
from botalign.progress import exhaust
from botalign.ranking.entry import Found, excluded
from botalign.ranking.items import Item
from botalign.scores import missing_chains_text

#: Name of the array of the names of the chains of a model.
CHAINS = "chains"
#: Name of the array of the text about chains that the map does not show, empty if there are none.
MISSING = "missing_chains"


@or_failure
def place_model(shared: SharedWhole, item: Item, options: AlignmentOptions) -> dict[str, NDArray[Any]]:
    """Place a model in a map as a part, or the map in a larger model, over all rotations and shifts.

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
        Arrays of :class:`botalign.ranking.entry.Found`, or why it cannot be in the map, and the names of its chains.
    """
    model = item.load()
    assert isinstance(model, Model)
    chains = {CHAINS: np.array(model.chains, dtype=np.str_)}
    try:
        problem = problem_in(shared, model, options, keep_samples=True)
    except SizeError as error:
        return {**excluded(error), **chains}
    outcome = exhaust(solve_by_part(problem))
    best = outcome.candidates[0]
    if outcome.verdict != "no match":
        missing = missing_chains_text(fits_at_pose(problem, best.moving_to_fixed, of_part=True))
        chains[MISSING] = np.array(missing or "")
    return {**Found.of(outcome, best.quality).to_arrays(), **chains}


def model_options(resolution: float) -> AlignmentOptions:
    """Return the options of the alignment of a model: one hand, because a model is never mirrored."""
    return AlignmentOptions(resolution=resolution, hand="keep", partial=True, threads=1)
