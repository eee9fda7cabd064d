"""Which maps of a library may show the same molecule as a map, by their signatures."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.survey import CLEAR
from botalign.jobs import BlockStore, Workers, or_failure, reason_of, run_blocks, warnings_of
from botalign.maps import DensityMap
from botalign.progress import Progress, map_steps
from botalign.ranking.index import MapIndex
from botalign.ranking.items import Item, file_state
from botalign.ranking.signature import Described, Signature, from_numbers, signature, to_numbers

#: Two maps show different molecules if their radii of gyration differ by a larger factor, or if their signatures have
#: a smaller similarity. Between copies with other voxels, boxes and noise, or two conformations, the factor is at most
#: 1.21 and the similarity at least 0.906 (``benchmarks/ranking.py library``).
LARGEST_FACTOR, LEAST_SIMILARITY = 1.28, 0.85
#: A map of another size may be a copy with a wrong voxel size if the similarity, which does not depend on the size, is
#: larger than this. No map of another molecule is as similar (``benchmarks/ranking.py library``).
SAME_SHAPE = 0.985
#: Number of maps after which the index is written.
WRITTEN = 256

#: The described maps, and the results for maps that failed, each by number.
Library = tuple[dict[int, Described], dict[int, dict[str, NDArray[Any]]]]


@or_failure
def signature_block(item: Item) -> dict[str, NDArray[Any]]:
    """Return the signature of a map as arrays."""
    density_map = item.load()
    assert isinstance(density_map, DensityMap)
    numbers, norms = to_numbers([signature(density_map)])
    return {"numbers": numbers, "norms": norms}


def described(
    items: Sequence[Item], workers: Workers, store: BlockStore | None, index: MapIndex | None
) -> Generator[Progress, None, Library]:
    """Return what is known of maps, and the results for maps that failed, each by number.

    Signatures in the index or in the store are not computed again. New ones are added to both.
    """
    found: dict[int, Described] = {}
    failed: dict[int, dict[str, NDArray[Any]]] = {}
    for number, item in enumerate(items):
        known = index.get(item.file) if index is not None and item.file is not None else None
        if known is not None:
            found[number] = known
    missing = [number for number in range(len(items)) if number not in found]
    yield Progress("signatures", 0, len(missing))
    for first in range(0, len(missing), WRITTEN):
        batch = missing[first : first + WRITTEN]
        states = {number: _state(items[number]) for number in batch}
        blocks = {f"signature-{number:06}": (items[number],) for number in batch}
        results = yield from map_steps(
            run_blocks(signature_block, blocks, workers=workers, store=store),
            partial(_of_all, before=first, total=len(missing)),
        )
        new: dict[int, Described] = {}
        for number, arrays in zip(batch, results.values(), strict=True):
            if reason_of(arrays) is None:
                (own,) = from_numbers(arrays["numbers"], arrays["norms"])
                new[number] = Described(own, tuple(map(items[number].without_name, warnings_of(arrays))))
            else:
                failed[number] = arrays
        found |= new
        if index is not None:
            files = {n: file for n in new if (file := items[n].file) is not None}
            if files:
                index.add({path: (states[n], new[n]) for n, path in files.items()})
    return found, failed


def signatures_at(density_map: DensityMap, level: float | None) -> list[Signature]:
    """Return the signatures of the map that a library is compared with: at the suggested level, and at a given one.

    The maps of the library have that at the suggested level only. A given level may select another part of the map, or
    other details: a map and its copy need not be similar then.
    """
    suggested = signature(density_map)
    return [suggested] if level is None else [suggested, signature(density_map, level=level)]


def best_similarities(
    fixed: Sequence[Signature], others: Sequence[Signature]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the largest similarity to one of several signatures of a map, and which maps may match one of them."""
    found = [similarities(each, others) for each in fixed]
    return np.max([similarity for similarity, _ in found], axis=0), np.any([may for _, may in found], axis=0)


def other_size(fixed: Sequence[Signature], other: Signature) -> float | None:
    """Return the size of a map divided by that of a map of the same shape; None if the shape differs, or no size does.

    In a signature, only the radius of gyration depends on the voxel size.
    """
    products = [float(np.vdot(each.norms, other.norms)) for each in fixed]
    similarity, nearest = max(zip(products, fixed, strict=True), key=lambda pair: pair[0])
    factor = other.gyration_angstrom / nearest.gyration_angstrom
    is_other = similarity > SAME_SHAPE and abs(np.log(factor)) >= np.log(LARGEST_FACTOR)
    return factor if is_other else None


def similarities(fixed: Signature, others: Sequence[Signature]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the similarity of signatures to that of a map, 1 for copies, and which maps may show the same molecule.

    The similarity is the scalar product of the unit vectors of the norms. If a map is not clear, its signature is that
    of its noise; such a map may always show the same molecule.
    """
    numbers, norms = to_numbers(others)
    similarity = norms.reshape(len(others), -1).astype(np.float64) @ fixed.norms.ravel().astype(np.float64)
    factor = np.abs(np.log(numbers[:, 0] / fixed.gyration_angstrom))
    unclear = (numbers[:, 1] < CLEAR) | (fixed.contrast < CLEAR)
    return similarity, unclear | ((similarity > LEAST_SIMILARITY) & (factor < np.log(LARGEST_FACTOR)))


def _of_all(step: Progress, before: int, total: int) -> Progress:
    """Return the progress in all blocks, given the progress in some of them."""
    return Progress("signatures", before + step.done, total)


def _state(item: Item) -> tuple[int, int]:
    return (-1, -1) if item.file is None else file_state(item.file)
