"""One map of a library, aligned to a map."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from botalign.alignment.options import AlignmentOptions
from botalign.alignment.scoring import compare
from botalign.alignment.shared_problem import problem_in
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.solving import solve
from botalign.errors import SizeError
from botalign.jobs import or_failure
from botalign.maps import DensityMap
from botalign.progress import exhaust
from botalign.ranking.entry import Found, excluded
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
        Arrays of :class:`botalign.ranking.entry.Found`, or why it cannot show the same molecule.
    """
    moving = item.load()
    assert isinstance(moving, DensityMap)
    try:
        problem = problem_in(shared, moving, options, hands=(False, True), keep_samples=True)
    except SizeError as error:
        return excluded(error)
    outcome = exhaust(solve(problem)).outcome
    found = compare(problem.fixed, problem.moving, outcome.candidates[0].moving_to_fixed)
    return Found.of(outcome, found.scores.correlation_about_mean).to_arrays()


def map_options(seed: int) -> AlignmentOptions:
    """Return the options of the alignment of a map: the better hand is used, because that of the map may be wrong."""
    return AlignmentOptions(hand="auto", scale="keep", seed=seed, threads=1)
