"""Distances minimised over rigid motions: landmarks first, then every pair from what the landmarks know."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.problem import LARGEST_RATIO
from botalign.alignment.survey import Surveyed, survey
from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry import compose, identity, inverse
from botalign.jobs import BlockStore, Workers, run_blocks
from botalign.maps.header import MapWarning
from botalign.pairwise.matching import Matching, match
from botalign.pairwise.members import (
    Member,
    frame_of,
    from_arrays,
    member,
    no_finer_than_needed,
    to_arrays,
)
from botalign.pairwise.options import DistanceOptions, Source
from botalign.pairwise.table import DistanceTable
from botalign.progress import Progress

Pair = tuple[int, int]
Arrays = dict[str, NDArray[Any]]

#: Pairs in a block of work: a second or so of it. Large sets have more in each, for the sake of the number of files.
SEARCHES, PAIRS, MOST_BLOCKS = 4, 16, 2000
#: Sets whose maps differ in norm by more than this factor are most likely not on one scale.
UNLIKE = 3.0


def distances_over_rotations(
    maps: Sequence[Source], options: DistanceOptions, workers: Workers, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, DistanceTable]:
    """Compute all pairs, minimised over rigid motions.

    Parameters
    ----------
    maps : sequence of Source
        The maps.
    options : DistanceOptions
        What is asked for.
    workers, readers : Workers
        Who brings the pairs together, and who reads the maps: threads, which see the same files as the caller.
    store : BlockStore or None
        Where blocks of work are kept until all are done.
    """
    surveys = yield from _surveys(maps, options, readers, store)
    _check_radii(surveys)
    contour, unit_mass = options.density == "contour", options.normalise == "mass"
    frame = frame_of(surveys, size=options.size, contour=contour, unit_mass=unit_mass)
    members = [member(each, frame) for each in surveys]
    matching = Matching(
        options.metric, frame, options.mirror, options.wavelet, options.scales, options.evaluations, options.seed
    )
    _warn_of_scales(members, options, matching)
    marks = landmarks_of(len(maps), options.landmarks)
    shared = workers.share(members)
    searches = [(a, b) for a, b in itertools.combinations(range(len(maps)), 2) if a in marks or b in marks]
    found = yield from run_blocks(
        search_block,
        _blocks("search", searches, SEARCHES, shared, matching),
        workers=workers,
        store=store,
        stage="landmarks",
    )
    motions = _over_landmarks(searches, _joined(found, "motions"), marks, len(maps))
    pairs = list(itertools.combinations(range(len(maps)), 2))
    found = yield from run_blocks(
        pair_block,
        _blocks("pairs", pairs, PAIRS, shared, matching, workers.share(motions)),
        workers=workers,
        store=store,
        stage="pairs",
    )
    return _table(maps, options, pairs, {name: _joined(found, name) for name in ("motions", "distances", "open")})


def landmarks_of(count: int, wanted: int) -> list[int]:
    """Return which maps are landmarks: as many as are wanted, evenly spaced in the order given."""
    wanted = min(wanted, count)
    return [int((2 * number + 1) * count / (2 * wanted)) for number in range(wanted)]


def survey_block(source: Source, size: int) -> Arrays:
    """Read a map and find the molecule in it."""
    return to_arrays(no_finer_than_needed(survey(source.load(), role="the"), size=size))


def search_block(members: Sequence[Member], matching: Matching, pairs: Sequence[Pair]) -> Arrays:
    """Bring pairs together by a search each, shape (pairs, hands, 3, 4)."""
    return {
        "motions": np.array(
            [
                [match(members[a], members[b], matching, (), mirrored=hand).motion for hand in matching.hands]
                for a, b in pairs
            ]
        )
    }


def pair_block(members: Sequence[Member], matching: Matching, motions: Matrix, pairs: Sequence[Pair]) -> Arrays:
    """Bring pairs together from the ways over the landmarks.

    Parameters
    ----------
    members : sequence of Member
        The maps.
    matching : Matching
        How.
    motions : ndarray, shape (landmarks, maps, hands, 3, 4)
        What takes each map onto each landmark.
    pairs : sequence of tuple of int
        Which.
    """
    matches = [
        min(
            (
                match(members[a], members[b], matching, ways(motions, a, b, mirrored=hand), mirrored=hand)
                for hand in matching.hands
            ),
            key=lambda each: each.distance,
        )
        for a, b in pairs
    ]
    return {
        "motions": np.array([each.motion for each in matches]),
        "distances": np.array([each.distance for each in matches]),
        "open": np.array([each.open for each in matches]),
    }


def ways(motions: Matrix, a: int, b: int, *, mirrored: bool) -> list[list[Matrix]]:
    """Return the motions from map `b` to map `a` over each landmark, those of one hand."""
    return [
        [
            motion
            for to_a, to_b in itertools.product(landmark[a], landmark[b])
            if (np.linalg.det((motion := compose(inverse(to_a), to_b))[:, :3]) < 0) == mirrored
        ]
        for landmark in motions
    ]


def _surveys(
    maps: Sequence[Source], options: DistanceOptions, readers: Workers, store: BlockStore | None
) -> Generator[Progress, None, list[Surveyed]]:
    blocks = {f"map_{number:06d}": (source, options.size) for number, source in enumerate(maps)}
    found = yield from run_blocks(survey_block, blocks, workers=readers, store=store, stage="read")
    return [from_arrays(arrays, source.name) for arrays, source in zip(found.values(), maps, strict=True)]


def _check_radii(surveys: Sequence[Surveyed]) -> None:
    """Refuse molecules that can't be the same."""
    ordered = sorted(surveys, key=lambda each: each.radius_angstrom)
    least, most = ordered[0], ordered[-1]
    if most.radius_angstrom >= LARGEST_RATIO * least.radius_angstrom:
        raise InputError(
            f"above its contour, map {least.density.name} is {2 * least.radius_angstrom:.4g} A wide and map "
            f"{most.density.name} {2 * most.radius_angstrom:.4g} A, expected sizes within a factor of "
            f"{LARGEST_RATIO:g}; is the voxel size of one of them wrong?"
        )


def _warn_of_scales(members: Sequence[Member], options: DistanceOptions, matching: Matching) -> None:
    if options.normalise == "none":
        norms = [matching.closeness().norm(each.values) for each in members]
        if max(norms) > UNLIKE * min(norms):
            warnings.warn(
                MapWarning(
                    f"the maps differ in norm by a factor of {max(norms) / min(norms):.3g}, which then makes most of "
                    "their distances; if they are not on one scale, use ",
                    Setting("normalise", "mass"),
                    ".",
                ),
                stacklevel=2,
            )


def _blocks(name: str, pairs: Sequence[Pair], size: int, *before: Any) -> dict[str, tuple[Any, ...]]:
    """Cut pairs into blocks of work, in a way that depends on their number alone."""
    size = max(size, -(-len(pairs) // MOST_BLOCKS))
    starts = range(0, len(pairs), size)
    return {f"{name}_{number:06d}": (*before, pairs[start : start + size]) for number, start in enumerate(starts)}


def _joined(found: dict[str, Arrays], name: str) -> NDArray[Any]:
    return np.concatenate([arrays[name] for arrays in found.values()])


def _over_landmarks(pairs: Sequence[Pair], motions: Matrix, marks: Sequence[int], count: int) -> Matrix:
    """Return what takes each map onto each landmark, shape (landmarks, maps, hands, 3, 4)."""
    hands = motions.shape[1]
    table: Matrix = np.tile(identity(), (len(marks), count, hands, 1, 1))
    for row, mark in enumerate(marks):
        if hands == 2:  # a map that is its own mirror image is nothing special
            table[row, mark, 1] = table[row, mark, 0]
        for (a, b), both in zip(pairs, motions, strict=True):
            if a == mark:
                table[row, b] = both
            elif b == mark:
                table[row, a] = [inverse(each) for each in both]
    return table


def _table(maps: Sequence[Source], options: DistanceOptions, pairs: Sequence[Pair], found: Arrays) -> DistanceTable:
    n = len(maps)
    distances: Matrix = np.zeros((n, n))
    cycles: NDArray[np.int64] = np.zeros((n, n), dtype=np.int64)
    motions: Matrix = np.tile(identity(), (n, n, 1, 1))
    first, second = np.array(pairs).T
    for table, values in ((distances, found["distances"]), (cycles, found["open"])):
        table[first, second] = table[second, first] = values
    motions[first, second] = found["motions"]
    motions[second, first] = [inverse(each) for each in found["motions"]]
    names = tuple(source.name for source in maps)
    return DistanceTable(names, distances, motions, options.metric, options.as_parameters(), cycles)
