"""Comparison of all models, or all maps, with a map, one block of work for each."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from botalign.alignment.shared_whole import SharedWhole
from botalign.jobs import BlockStore, Workers, is_transient, reason_of, run_blocks, warnings_of
from botalign.progress import Progress
from botalign.ranking.entry import FailedEntry, Found, RankedEntry, by_signature, entry_of, exclusion_of
from botalign.ranking.index import MapIndex
from botalign.ranking.items import Item
from botalign.ranking.library import best_similarities, described, other_size, signatures_at
from botalign.ranking.maps import align_map, map_options
from botalign.ranking.models import CHAINS, chain_fits_of, model_options, place_model
from botalign.ranking.options import RankOptions
from botalign.ranking.wrong_hand import matching_mirror_image
from botalign.scores import missing_chains_text


@dataclass(frozen=True, eq=False)
class Compared:
    """The results for all models or maps.

    Attributes
    ----------
    entries : list of RankedEntry
        Those that could be compared.
    failed : dict of dict of ndarray
        The results for the others, by number.
    matches_mirrored : str or None
        Name of a model whose mirror image is in the map, if no model is.
    """

    entries: list[RankedEntry]
    failed: dict[int, dict[str, NDArray[Any]]]
    matches_mirrored: str | None = None


def compare_models(
    shared: SharedWhole, items: Sequence[Item], options: RankOptions, workers: Workers, store: BlockStore | None
) -> Generator[Progress, None, Compared]:
    """Place each model in a map; if none is in it, test whether the mirror image of one is."""
    assert options.resolution is not None
    _ = shared.itself.symmetry  # once, before the map is sent to the workers
    argument, settings = workers.share(shared), model_options(options.resolution)
    blocks = {f"model-{number:06}": (argument, item, settings) for number, item in enumerate(items)}
    results = yield from run_blocks(place_model, blocks, workers=workers, store=store, stage="models")
    found = dict(enumerate(results.values()))
    compared = _compared(items, found, len(items), {})
    if any(each.is_match for each in compared.entries):
        return compared
    mirrored = yield from matching_mirror_image(argument, items, found, options.resolution, workers, store)
    return replace(compared, matches_mirrored=mirrored)


def compare_maps(
    shared: SharedWhole,
    items: Sequence[Item],
    options: RankOptions,
    workers: Workers,
    store: BlockStore | None,
    index: MapIndex | None,
) -> Generator[Progress, None, Compared]:
    """Align the maps of a library that may show the same molecule as a map, or all of them if requested."""
    known, failed = yield from described(items, workers, store, index)
    if not known:
        return Compared([], failed)
    numbers = sorted(known)
    queries = signatures_at(shared.density_map, options.contour_level)
    similarity, may_match = best_similarities(queries, [known[number].signature for number in numbers])
    near = dict(zip(numbers, similarity.tolist(), strict=True))
    wanted = [number for number, may in zip(numbers, may_match, strict=True) if may or options.whole_library]
    if wanted:
        _ = shared.itself.symmetry
    argument, settings = workers.share(shared), map_options(options.seed)
    blocks = {f"map-{number:06}": (argument, items[number], settings) for number in wanted}
    results = yield from run_blocks(align_map, blocks, workers=workers, store=store, stage="maps")
    found = dict(zip(wanted, results.values(), strict=True))
    compared = _compared(items, found, len(numbers), near)
    others = [
        by_signature(
            items[each].name, near[each], other_size(queries, known[each].signature), warnings=known[each].warnings
        )
        for each in numbers
        if each not in found
    ]
    return Compared(compared.entries + others, failed | compared.failed)


def failed_entry(item: Item, arrays: dict[str, NDArray[Any]]) -> FailedEntry:
    """Return the entry for an item that failed, given its result."""
    warnings = tuple(map(item.without_name, warnings_of(arrays)))
    return FailedEntry(item.name, item.without_name(reason_of(arrays) or ""), is_transient(arrays), warnings)


def _compared(
    items: Sequence[Item],
    found: Mapping[int, dict[str, NDArray[Any]]],
    tried: int,
    near: Mapping[int, float],
) -> Compared:
    """Return the entries for results by number, corrected for the number of items in `tried` that did not fail."""
    failed = {number: arrays for number, arrays in found.items() if reason_of(arrays) is not None}
    entries = []
    for number, arrays in found.items():
        if number in failed:
            continue
        item, reason = items[number], exclusion_of(arrays)
        if reason is None:
            entry = entry_of(item.name, Found.from_arrays(arrays), tried - len(failed))
        else:
            entry = RankedEntry(item.name, "not aligned", reason=item.without_name(reason))
        warnings = tuple(map(item.without_name, warnings_of(arrays)))
        fits = chain_fits_of(arrays) if entry.is_match else ()
        if (missing := missing_chains_text(fits)) is not None:
            warnings += (f"{missing}.",)
        chains = tuple(arrays[CHAINS].tolist()) if CHAINS in arrays else ()
        entries.append(replace(entry, similarity=near.get(number), warnings=warnings, chains=chains, chain_fits=fits))
    return Compared(entries, failed)
