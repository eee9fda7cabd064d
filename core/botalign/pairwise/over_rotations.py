"""Distances minimised over rotations and shifts: first to landmarks, then of all pairs via the landmarks."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.checks import LARGEST_RATIO
from botalign.alignment.survey import Surveyed, survey
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry import compose, identity, inverse, is_mirror
from botalign.jobs import BlockStore, Workers, run_blocks
from botalign.maps.header import MapWarning
from botalign.pairwise.options import DistanceOptions
from botalign.pairwise.pair_alignment import AlignedPair, PairSettings, align_pair
from botalign.pairwise.prepared_maps import (
    PreparedMap,
    from_arrays,
    prepare_map,
    reduced,
    sampling_box,
    to_arrays,
)
from botalign.pairwise.sources import Source
from botalign.pairwise.table import DistanceTable
from botalign.progress import Progress

Pair = tuple[int, int]
Arrays = dict[str, NDArray[Any]]

#: Searches and pairs in a block of work, about a second each, and the largest number of blocks, for large sets.
SEARCHES, PAIRS, MOST_BLOCKS = 4, 16, 2000
#: Maps whose norms differ by more than this factor are probably not on the same scale.
LARGEST_NORM_RATIO = 3.0


def distances_over_rotations(
    maps: Sequence[Source], options: DistanceOptions, workers: Workers, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, DistanceTable]:
    """Compute the distances between all pairs of maps, minimised over rotations and shifts.

    Parameters
    ----------
    maps : sequence of Source
        Maps.
    options : DistanceOptions
        Options.
    workers : Workers
        Workers that align pairs.
    readers : Workers
        Threads that read the maps, because other workers may not have access to the files.
    store : BlockStore or None
        Work folder.
    """
    surveys = yield from _surveys(maps, options, readers, store)
    _check_radii(surveys)
    contour, unit_mass = options.density == "contour", options.normalise == "mass"
    box = sampling_box(surveys, size=options.size, contour=contour, unit_mass=unit_mass)
    prepared = [prepare_map(each, box) for each in surveys]
    settings = PairSettings(options, box)
    _warn_of_scales(prepared, options, settings)
    landmarks = choose_landmarks(len(maps), options.landmarks)
    shared = workers.share(prepared)
    searches = [(a, b) for a, b in itertools.combinations(range(len(maps)), 2) if a in landmarks or b in landmarks]
    found = yield from run_blocks(
        search_block,
        _blocks("search", searches, SEARCHES, shared, settings),
        workers=workers,
        store=store,
        stage="landmarks",
    )
    transforms = _transforms_to_landmarks(searches, _joined(found, "transforms"), landmarks, len(maps))
    pairs = list(itertools.combinations(range(len(maps)), 2))
    found = yield from run_blocks(
        pair_block,
        _blocks("pairs", pairs, PAIRS, shared, settings, workers.share(transforms)),
        workers=workers,
        store=store,
        stage="pairs",
    )
    return _table(
        maps, options, pairs, {name: _joined(found, name) for name in ("transforms", "distances", "open_cycles")}
    )


def choose_landmarks(count: int, wanted: int) -> list[int]:
    """Return the indices of the landmarks: `wanted` maps, or all if there are fewer, evenly spaced."""
    wanted = min(wanted, count)
    return [int((2 * number + 1) * count / (2 * wanted)) for number in range(wanted)]


def survey_block(source: Source, size: int) -> Arrays:
    """Read and survey a map."""
    return to_arrays(reduced(survey(source.load()), size=size))


def search_block(prepared: Sequence[PreparedMap], settings: PairSettings, pairs: Sequence[Pair]) -> Arrays:
    """Align pairs by a search each; the transforms have the shape (pairs, hands, 3, 4)."""
    return {
        "transforms": np.array(
            [
                [align_pair(prepared[a], prepared[b], settings, (), mirrored=hand).transform for hand in settings.hands]
                for a, b in pairs
            ]
        )
    }


def pair_block(
    prepared: Sequence[PreparedMap], settings: PairSettings, transforms: Matrix, pairs: Sequence[Pair]
) -> Arrays:
    """Align pairs, starting from the transforms via the landmarks.

    Parameters
    ----------
    prepared : sequence of PreparedMap
        Maps.
    settings : PairSettings
        Settings.
    transforms : ndarray, shape (landmarks, maps, hands, 3, 4)
        Transforms from each map to each landmark.
    pairs : sequence of tuple of int
        Pairs to align.
    """

    def align_hand(a: int, b: int, hand: bool) -> AlignedPair:
        suggested = landmark_transforms(transforms, a, b, mirrored=hand)
        return align_pair(prepared[a], prepared[b], settings, suggested, mirrored=hand)

    aligned = [
        min((align_hand(a, b, hand) for hand in settings.hands), key=lambda each: each.distance) for a, b in pairs
    ]
    return {
        "transforms": np.array([each.transform for each in aligned]),
        "distances": np.array([each.distance for each in aligned]),
        "open_cycles": np.array([each.open_cycles for each in aligned]),
    }


def landmark_transforms(transforms: Matrix, a: int, b: int, *, mirrored: bool) -> list[list[Matrix]]:
    """Return, for each landmark, the transforms from map `b` to map `a` via the landmark that have the hand."""
    return [
        [
            transform
            for to_a, to_b in itertools.product(landmark[a], landmark[b])
            if is_mirror(transform := compose(inverse(to_a), to_b)) == mirrored
        ]
        for landmark in transforms
    ]


def _surveys(
    maps: Sequence[Source], options: DistanceOptions, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, list[Surveyed]]:
    blocks = {f"map_{number:06d}": (source, options.size) for number, source in enumerate(maps)}
    found = yield from run_blocks(survey_block, blocks, workers=readers, store=store, stage="read")
    return [from_arrays(arrays, source.name) for arrays, source in zip(found.values(), maps, strict=True)]


def _check_radii(surveys: Sequence[Surveyed]) -> None:
    """Refuse molecules that cannot be the same."""
    ordered = sorted(surveys, key=lambda each: each.radius_angstrom)
    least, most = ordered[0], ordered[-1]
    if most.radius_angstrom >= LARGEST_RATIO * least.radius_angstrom:
        raise InputError(
            f"above its contour, map {least.density.name} is {2 * least.radius_angstrom:.4g} A wide and map "
            f"{most.density.name} {2 * most.radius_angstrom:.4g} A, expected sizes within a factor of "
            f"{LARGEST_RATIO:g}; is the voxel size of one of them wrong?"
        )


def _warn_of_scales(prepared: Sequence[PreparedMap], options: DistanceOptions, settings: PairSettings) -> None:
    if options.normalise == "none":
        norms = [settings.pose_distance().norm(each.values) for each in prepared]
        if max(norms) > LARGEST_NORM_RATIO * min(norms):
            warnings.warn(
                MapWarning(
                    f"the densities of the maps differ in scale by a factor of {max(norms) / min(norms):.3g}, and this "
                    "difference dominates the distances; use ",
                    Setting("normalise", "mass"),
                    " unless the scales are comparable.",
                ),
                stacklevel=2,
            )


def _blocks(name: str, pairs: Sequence[Pair], size: int, *before: Any) -> dict[str, tuple[Any, ...]]:
    """Divide pairs into blocks of work, depending on the number of pairs only."""
    size = max(size, -(-len(pairs) // MOST_BLOCKS))
    starts = range(0, len(pairs), size)
    return {f"{name}_{number:06d}": (*before, pairs[start : start + size]) for number, start in enumerate(starts)}


def _joined(found: dict[str, Arrays], name: str) -> NDArray[Any]:
    return np.concatenate([arrays[name] for arrays in found.values()])


def _transforms_to_landmarks(pairs: Sequence[Pair], transforms: Matrix, landmarks: Sequence[int], count: int) -> Matrix:
    """Return the transforms from each map to each landmark, shape (landmarks, maps, hands, 3, 4)."""
    hands = transforms.shape[1]
    table: Matrix = np.tile(identity(), (len(landmarks), count, hands, 1, 1))
    for row, landmark in enumerate(landmarks):
        if hands == 2:  # the transforms from a landmark to itself: the identity for both hands
            table[row, landmark, 1] = table[row, landmark, 0]
        for (a, b), both in zip(pairs, transforms, strict=True):
            if a == landmark:
                table[row, b] = both
            elif b == landmark:
                table[row, a] = [inverse(each) for each in both]
    return table


def _table(maps: Sequence[Source], options: DistanceOptions, pairs: Sequence[Pair], found: Arrays) -> DistanceTable:
    n = len(maps)
    distances: Matrix = np.zeros((n, n))
    cycles: NDArray[np.int64] = np.zeros((n, n), dtype=np.int64)
    transforms: Matrix = np.tile(identity(), (n, n, 1, 1))
    first, second = np.array(pairs).T
    for table, values in ((distances, found["distances"]), (cycles, found["open_cycles"])):
        table[first, second] = table[second, first] = values
    transforms[first, second] = found["transforms"]
    transforms[second, first] = [inverse(each) for each in found["transforms"]]
    names = tuple(source.name for source in maps)
    return DistanceTable(names, distances, transforms, options.metric, options.as_parameters(), cycles)
