"""Whether a map in which no model has a place shows the mirror image of one: then the map may have the wrong hand."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from botalign.alignment.place_chances import fisher
from botalign.jobs import BlockStore, SharedValue, Workers, reason_of, run_blocks
from botalign.progress import Progress
from botalign.ranking.entry import Found, entry_of, exclusion_of
from botalign.ranking.items import Item
from botalign.ranking.models import COMPARED_VOLUME, model_options, place_model

#: Models of which the mirror image is searched for.
TESTED = 3


def matching_mirror_image(
    shared: SharedValue,
    items: Sequence[Item],
    found: Mapping[int, dict[str, NDArray[Any]]],
    resolution: float,
    workers: Workers,
    store: BlockStore | None,
) -> Generator[Progress, None, str | None]:
    """Search for the mirror images of the models that fit best; return the name of the first that has a place.

    Parameters
    ----------
    shared : SharedValue
        The map, a :class:`botalign.alignment.shared_whole.SharedWhole`.
    items : sequence of Item
        The models.
    found : mapping of dict of ndarray
        Their results, by number; none of them matches.
    resolution : float
        Resolution of the map.
    workers : Workers
        Workers that run the searches.
    store : BlockStore or None
        Work folder.
    """
    placed = [n for n, arrays in found.items() if reason_of(arrays) is None and exclusion_of(arrays) is None]
    best = sorted(placed, key=lambda number: -_evidence(found[number]))[:TESTED]
    settings = replace(model_options(resolution), scale="keep")  # that of a mirror image is not used
    blocks = {f"mirrored-{number:06}": (shared, items[number], settings, True) for number in best}
    results = yield from run_blocks(place_model, blocks, workers=workers, store=store, stage="mirrored")
    tried = len(placed) + len(best)
    for number, arrays in zip(best, results.values(), strict=True):
        if reason_of(arrays) is None and entry_of(items[number].name, Found.from_arrays(arrays), tried).is_match:
            return items[number].name
    return None


def _evidence(arrays: dict[str, NDArray[Any]]) -> float:
    """Return how much better a model fits than by chance.

    By chance, small models fit better: Fisher's transform of a correlation has a spread that is inversely proportional
    to the square root of the volume. The probabilities of models without a match are mostly 1, so they have no order.
    A model whose mirror image is in the map often fits better than others, because its outline is hardly chiral.
    """
    (z,) = fisher([Found.from_arrays(arrays).score])
    return float(z) * math.sqrt(float(arrays[COMPARED_VOLUME]))
