"""The assignment of each image to the nearest average and pose, in blocks of work."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.frame import Frame
from botalign.classes.metrics import Summary
from botalign.jobs import Workers, run_blocks
from botalign.jobs.workers import SharedValue
from botalign.progress import Progress

#: Images in a block of work, and number of blocks for the averages. Both are constant, so that the reported work does
#: not depend on the workers.
_IMAGES_PER_BLOCK, _BLOCKS = 500, 32


@dataclass(frozen=True)
class Part:
    """A range of the images, whose vectors are shared with the workers."""

    vectors: SharedValue
    summary: SharedValue
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest average and pose of each image.

    Attributes
    ----------
    distance : ndarray, shape (n,)
        Distance from it.
    chosen : ndarray of int64, shape (n,)
        Index of the average times the number of poses, plus the index of the pose.
    work : int
        Number of differences of two coefficients that were computed.
    """

    distance: Matrix
    chosen: Counts
    work: int


def vector_steps(frame: Frame, images: Volume, workers: Workers) -> Generator[Progress, None, list[Part]]:
    """Compute the vectors of all images and share them with the workers."""
    starts = range(0, len(images), _IMAGES_PER_BLOCK)
    blocks = {f"images_{a:07d}": (frame, images[a : a + _IMAGES_PER_BLOCK]) for a in starts}
    found = yield from run_blocks(vectors_block, blocks, workers=workers)
    vectors = np.empty((len(images), frame.metric.length), dtype=np.float32)
    for a, key in zip(starts, blocks, strict=True):
        vectors[a : a + _IMAGES_PER_BLOCK] = found.pop(key)
    count = min(workers.count, len(starts)) if workers.separate_memory else 1
    edges = np.linspace(0, len(images), count + 1).astype(int)
    summary = frame.metric.summary(vectors)  # of all images, so that the bounds do not depend on the parts
    parts = []
    for a, b in pairwise(edges):
        shared_vectors, shared_summary = (workers.share(each[a:b], to_all=False) for each in (vectors, summary))
        parts.append(Part(shared_vectors, shared_summary, int(a), int(b)))
    return parts


def nearest_steps(
    frame: Frame, parts: Sequence[Part], splines: Volume, guess: Nearest, workers: Workers
) -> Generator[Progress, None, Nearest]:
    """Find the nearest average and pose of each image.

    Parameters
    ----------
    frame : Frame
        Metric and poses.
    parts : sequence of Part
        Images.
    splines : ndarray of float32
        Spline coefficients of the averages.
    guess : Nearest
        A first guess of the average and pose of each image, which saves work; its distances are not used.
    workers : Workers
        Workers that run the blocks.
    """
    shared = workers.share(splines)
    distance = yield from _chosen_distances(frame, parts, shared, guess.chosen, workers)
    chunk = -(-len(splines) // _BLOCKS)
    blocks: dict[str, tuple[Any, ...]] = {}
    for number, part in enumerate(parts):
        images = slice(part.start, part.stop)
        for first in range(0, len(splines), chunk):
            averages = range(first, min(first + chunk, len(splines)))
            start = (distance[images], guess.chosen[images])
            key = f"nearest_{number:04d}_{first:07d}"
            blocks[key] = (frame, part.vectors, part.summary, None, shared, 0, averages, *start)
    found = yield from run_blocks(nearest_block, blocks, workers=workers)
    workers.release(shared)
    return _merge(parts, list(found.values()), distance, guess.chosen)


def chosen_distance_steps(
    frame: Frame, parts: Sequence[Part], splines: Volume, chosen: Counts, workers: Workers
) -> Generator[Progress, None, Matrix]:
    """Compute the distance of each image from the average and pose that are chosen for it."""
    shared = workers.share(splines)
    distance = yield from _chosen_distances(frame, parts, shared, chosen, workers)
    workers.release(shared)
    return distance


def _chosen_distances(
    frame: Frame, parts: Sequence[Part], splines: SharedValue, chosen: Counts, workers: Workers
) -> Generator[Progress, None, Matrix]:
    blocks: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        for a in range(part.start, part.stop, _IMAGES_PER_BLOCK):
            b = min(a + _IMAGES_PER_BLOCK, part.stop)
            rows = slice(a - part.start, b - part.start)
            blocks[f"chosen_{a:07d}"] = (frame, part.vectors, rows, splines, chosen[a:b])
    found = yield from run_blocks(chosen_distances_block, blocks, workers=workers)
    return np.concatenate(list(found.values()))


def update_steps(
    frame: Frame, parts: Sequence[Part], splines: Volume, number: int, nearest: Nearest, workers: Workers
) -> Generator[Progress, None, Nearest]:
    """Update the nearest average and pose of each image after an average with the index `number` is added."""
    blocks: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        edges = np.linspace(part.start, part.stop, max(1, workers.count // len(parts)) + 1).astype(int)
        for a, b in pairwise(edges):
            rows = slice(int(a) - part.start, int(b) - part.start)
            start = (nearest.distance[a:b], nearest.chosen[a:b])
            averages = range(number, number + 1)
            blocks[f"{a:07d}"] = (frame, part.vectors, part.summary, rows, splines[None], number, averages, *start)
    found = yield from run_blocks(nearest_block, blocks, workers=workers)
    distance = np.concatenate([each.distance for each in found.values()])
    chosen = np.concatenate([each.chosen for each in found.values()])
    return Nearest(distance, chosen, sum(each.work for each in found.values()))


def _merge(parts: Sequence[Part], found: list[Nearest], distance: Matrix, chosen: Counts) -> Nearest:
    """Return the least distance over the blocks for each image and, if there are equal ones, that of lowest index."""
    best, choice = distance.copy(), chosen.copy()
    blocks_per_part = len(found) // len(parts)
    for index, block in enumerate(found):
        part = parts[index // blocks_per_part]
        images = slice(part.start, part.stop)
        d, c = best[images], choice[images]
        better = (block.distance < d) | ((block.distance == d) & (block.chosen < c))
        d[better], c[better] = block.distance[better], block.chosen[better]
    return Nearest(best, choice, sum(each.work for each in found))


def vectors_block(frame: Frame, images: Volume) -> Volume:
    """Return the vectors of images; a block of work."""
    return frame.metric.vectors(images)


def chosen_distances_block(frame: Frame, vectors: Volume, rows: slice, splines: Volume, chosen: Counts) -> Matrix:
    """Return the distance of each image from its chosen average and pose; a block of work."""
    selected = _read_only(vectors)[rows]
    out = np.empty(len(chosen))
    averages, poses = np.divmod(chosen, len(frame.poses))
    for average in np.unique(averages):
        members = np.flatnonzero(averages == average)
        distinct, indices = np.unique(poses[members], return_inverse=True)
        posed = _read_only(frame.posed(splines[average], distinct))
        for image, pose in zip(members, indices, strict=True):
            out[image] = frame.metric.distance(selected[image], posed[pose])
    return out


def nearest_block(
    frame: Frame,
    vectors: Volume,
    summary: Summary,
    rows: slice | None,
    splines: Volume,
    first: int,
    averages: range,
    distance: Matrix,
    chosen: Counts,
) -> Nearest:
    """Update the nearest averages and poses by some of the averages; a block of work.

    The first entry of `splines` is the average with the index `first`.
    """
    selected = _read_only(vectors)
    if rows is not None:
        selected, summary = selected[rows], summary[rows]
    best, choice = distance.copy(), chosen.copy()
    work = 0
    for average in averages:
        for sweep in range(frame.poses.sweeps):
            poses = frame.poses.sweep(sweep)
            posed = _read_only(frame.posed(splines[average - first], poses))
            index = average * len(frame.poses) + int(poses[0])
            work += frame.metric.nearest(selected, summary, posed, index, best, choice)
    return Nearest(best, choice, work)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view of an array, as other processes get: numba compiles separate code for writable arrays."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view
