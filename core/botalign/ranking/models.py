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
from botalign.scores import ChainFit

#: Name of the array of the names of the chains of a model.
CHAINS = "chains"
#: Name of the array with the volume in which a model and the map were compared, in cubic angstrom.
COMPARED_VOLUME = "compared_volume"
#: Names of the arrays of the chains that were compared, and of how much density the map has for them.
_COMPARED, _OCCUPANCIES = "compared_chains", "occupancies"


@or_failure
def place_model(
    shared: SharedWhole, item: Item, options: AlignmentOptions, mirrored: bool = False
) -> dict[str, NDArray[Any]]:
    """Place a model in a map as a part, or the map in a larger model, over all rotations and shifts.

    Parameters
    ----------
    shared : SharedWhole
        The map.
    item : Item
        The model.
    options : AlignmentOptions
        Options, including the resolution.
    mirrored : bool, optional
        Whether to place the mirror image of the model instead.

    Returns
    -------
    dict of ndarray
        Arrays of :class:`botalign.ranking.entry.Found`, or why it cannot be in the map, and the names of its chains.
    """
    model = item.load()
    assert isinstance(model, Model)
    chains = {CHAINS: np.array(model.chains, dtype=np.str_)}
    try:
        problem = problem_in(shared, model, options, hands=(mirrored,), keep_samples=True)
    except SizeError as error:
        return {**excluded(error), **chains}
    outcome = exhaust(solve_by_part(problem))
    best = outcome.candidates[0]
    # A mirror image is not a result: it only shows that the map has the wrong hand.
    compared = not mirrored and outcome.verdict != "no match"
    fits = fits_at_pose(problem, best.moving_to_fixed, of_part=True) if compared else ()
    volume = {COMPARED_VOLUME: np.array(min(problem.fixed.volume_angstrom3, problem.moving.volume_angstrom3))}
    return {**Found.of(outcome, best.quality).to_arrays(), **volume, **chains, **_fits_to_arrays(fits)}


def _fits_to_arrays(fits: tuple[ChainFit, ...]) -> dict[str, NDArray[Any]]:
    """Return how much density the map has for the chains of a model as arrays, for a store."""
    names, occupancies = ([getattr(each, name) for each in fits] for name in ("name", "occupancy"))
    return {_COMPARED: np.array(names, dtype=np.str_), _OCCUPANCIES: np.array(occupancies, dtype=np.float64)}


def chain_fits_of(arrays: dict[str, NDArray[Any]]) -> tuple[ChainFit, ...]:
    """Return how much density the map has for the chains of a model, from its result as arrays."""
    if _COMPARED not in arrays:
        return ()
    pairs = zip(arrays[_COMPARED].tolist(), arrays[_OCCUPANCIES].tolist(), strict=True)
    return tuple(ChainFit(name, occupancy) for name, occupancy in pairs)


def model_options(resolution: float) -> AlignmentOptions:
    """Return the options of the alignment of a model: one hand, because a model is never mirrored."""
    return AlignmentOptions(resolution=resolution, hand="keep", partial=True, threads=1)
