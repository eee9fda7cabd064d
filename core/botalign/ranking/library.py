"""Which maps of a library may show the same molecule as a map, by their signatures."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.survey import CLEAR
from botalign.jobs import BlockStore, Workers, reason_of, run_blocks
from botalign.jobs.failures import FAILURE, PASSING, or_failure
from botalign.maps import DensityMap
from botalign.progress import Progress, map_steps
from botalign.ranking.index import MapIndex
from botalign.ranking.items import Item, file_state
from botalign.ranking.signature import Signature, from_numbers, signature, to_numbers

#: Two maps show different molecules if their radii of gyration differ by a larger factor, or if their signatures have
#: a smaller similarity. Between copies with other voxels, boxes and noise, or two conformations, the factor is at most
#: 1.21 and the similarity at least 0.906 (``benchmarks/ranking.py library``).
LARGEST_FACTOR, LEAST_SIMILARITY = 1.28, 0.85
#: Number of maps in a block of work, and number of blocks after which the index is written.
BLOCK, WRITTEN = 4, 64

Described = tuple[dict[int, Signature], dict[int, str]]


@or_failure
def signatures_of(items: Sequence[Item]) -> dict[str, NDArray[Any]]:
    """Return the signatures of maps as arrays, and the reasons for maps without one.

    If one of them failed for a reason that may pass, the block is tried again, and not stored.
    """
    found, reasons, mark = [], [], {}
    for item in items:
        each = _signature(item)
        reasons.append(reason_of(each) or "")
        if PASSING in each:
            mark = {PASSING: each[PASSING]}
        if FAILURE not in each:
            found.append(each)
    numbers = np.array([each["numbers"] for each in found]).reshape(-1, 2)
    return {
        "numbers": numbers,
        "norms": np.array([each["norms"] for each in found]),
        "reasons": np.array(reasons),
        **mark,
    }


@or_failure
def _signature(item: Item) -> dict[str, NDArray[Any]]:
    density_map = item.load()
    assert isinstance(density_map, DensityMap)
    numbers, norms = to_numbers([signature(density_map)])
    return {"numbers": numbers[0], "norms": norms[0]}


def described(
    items: Sequence[Item], workers: Workers, store: BlockStore | None, index: MapIndex | None
) -> Generator[Progress, None, Described]:
    """Return the signatures of maps, and the reasons why others have none, each by number.

    Signatures in the index or in the store are not computed again. New ones are added to both.
    """
    found: dict[int, Signature] = {}
    failed: dict[int, str] = {}
    for number, item in enumerate(items):
        known = index.get(item.file) if index is not None and item.file is not None else None
        if known is not None:
            found[number] = known
    missing = [number for number in range(len(items)) if number not in found]
    total = -(-len(missing) // BLOCK)
    yield Progress("signatures", 0, total)
    for first in range(0, len(missing), BLOCK * WRITTEN):
        batch = missing[first : first + BLOCK * WRITTEN]
        states = {number: _state(items[number]) for number in batch}
        numbers = [batch[start : start + BLOCK] for start in range(0, len(batch), BLOCK)]
        # The index decides which maps are missing, so the numbers of all of them are the name of a block.
        names = ["signatures-" + "-".join(f"{number:06}" for number in each) for each in numbers]
        blocks = {name: ([items[number] for number in each],) for name, each in zip(names, numbers, strict=True)}
        results = yield from map_steps(
            run_blocks(signatures_of, blocks, workers=workers, store=store),
            partial(_of_all, before=first // BLOCK, total=total),
        )
        new: dict[int, Signature] = {}
        for each, arrays in zip(numbers, results.values(), strict=True):
            reasons = [reason_of(arrays)] * len(each) if FAILURE in arrays else arrays["reasons"].tolist()
            failed |= {number: reason for number, reason in zip(each, reasons, strict=True) if reason}
            if FAILURE not in arrays:
                good = [number for number in each if number not in failed]
                new |= zip(good, from_numbers(arrays["numbers"], arrays["norms"]), strict=True)
        found |= new
        if index is not None:
            files = {n: file for n in new if (file := items[n].file) is not None}
            if files:
                index.add({path: (states[n], new[n]) for n, path in files.items()})
    return found, failed


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
