"""Each image to the nearest of all averages in all poses: the work, in blocks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.classes.frame import Frame
from botalign.classes.metrics import Summary
from botalign.jobs import Workers, run_blocks
from botalign.jobs.workers import SharedValue
from botalign.progress import Progress

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Images embedded in one block of work, and blocks that the averages are divided into: fixed, so that the count of the
#: work doesn't depend on who does it.
_EMBEDDED, _BLOCKS = 500, 32


@dataclass(frozen=True)
class Part:
    """Some of the images where the workers find them: their vectors and what is known of these, and which they are."""

    vectors: SharedValue
    known: SharedValue
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest average and pose of each image.

    Attributes
    ----------
    distance : ndarray, shape (n,)
        The least distance.
    chosen : ndarray of int64, shape (n,)
        The average's number times the number of poses, plus the pose's number.
    work : int
        How many differences of two coefficients were looked at.
    """

    distance: Array64
    chosen: Counts
    work: int


def embed_steps(frame: Frame, images: Array32, workers: Workers) -> Generator[Progress, None, list[Part]]:
    """Embed all images and hand their vectors to the workers."""
    starts = range(0, len(images), _EMBEDDED)
    blocks = {f"images_{a:07d}": (frame, images[a : a + _EMBEDDED]) for a in starts}
    found = yield from run_blocks(embed_block, blocks, workers=workers)
    vectors = np.empty((len(images), frame.metric.length), dtype=np.float32)
    for a, key in zip(starts, blocks, strict=True):
        vectors[a : a + _EMBEDDED] = found.pop(key)
    count = min(workers.count, len(starts)) if workers.separate_memory else 1
    edges = np.linspace(0, len(images), count + 1).astype(int)
    known = frame.metric.summary(vectors)  # of all at once: the bounds, and with them the work, are those of one part
    parts = []
    for a, b in pairwise(edges):
        own, about = (workers.share(each[a:b], to_all=False) for each in (vectors, known))
        parts.append(Part(own, about, int(a), int(b)))
    return parts


def nearest_steps(
    frame: Frame, parts: Sequence[Part], splines: Array32, known: Nearest, workers: Workers
) -> Generator[Progress, None, Nearest]:
    """Find the nearest average and pose of each image.

    Parameters
    ----------
    frame : Frame
        Metric and poses.
    parts : sequence of Part
        The images.
    splines : ndarray of float32
        Spline coefficients of the averages.
    known : Nearest
        An average and a pose for each image, its distance not needed: the better, the less work.
    workers : Workers
        Who does it.
    """
    shared = workers.share(splines)
    distance = yield from _known(frame, parts, shared, known.chosen, workers)
    chunk = -(-len(splines) // _BLOCKS)
    blocks: dict[str, tuple[Any, ...]] = {}
    for number, part in enumerate(parts):
        images = slice(part.start, part.stop)
        for first in range(0, len(splines), chunk):
            averages = range(first, min(first + chunk, len(splines)))
            start = (distance[images], known.chosen[images])
            key = f"nearest_{number:04d}_{first:07d}"
            blocks[key] = (frame, part.vectors, part.known, None, shared, 0, averages, *start)
    found = yield from run_blocks(nearest_block, blocks, workers=workers)
    workers.release(shared)
    return _merged(parts, list(found.values()), distance, known.chosen)


def known_steps(
    frame: Frame, parts: Sequence[Part], splines: Array32, chosen: Counts, workers: Workers
) -> Generator[Progress, None, Array64]:
    """Compute how far each image is from one average in one pose, those that are chosen for it."""
    shared = workers.share(splines)
    distance = yield from _known(frame, parts, shared, chosen, workers)
    workers.release(shared)
    return distance


def _known(
    frame: Frame, parts: Sequence[Part], splines: SharedValue, chosen: Counts, workers: Workers
) -> Generator[Progress, None, Array64]:
    blocks: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        for a in range(part.start, part.stop, _EMBEDDED):
            b = min(a + _EMBEDDED, part.stop)
            own = slice(a - part.start, b - part.start)
            blocks[f"known_{a:07d}"] = (frame, part.vectors, own, splines, chosen[a:b])
    found = yield from run_blocks(known_block, blocks, workers=workers)
    return np.concatenate(list(found.values()))


def nearer_steps(
    frame: Frame, parts: Sequence[Part], splines: Array32, number: int, known: Nearest, workers: Workers
) -> Generator[Progress, None, Nearest]:
    """Update the nearest average and pose of each image by one more average, number `number`."""
    blocks: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        edges = np.linspace(part.start, part.stop, max(1, workers.count // len(parts)) + 1).astype(int)
        for a, b in pairwise(edges):
            own = slice(int(a) - part.start, int(b) - part.start)
            start = (known.distance[a:b], known.chosen[a:b])
            averages = range(number, number + 1)
            blocks[f"{a:07d}"] = (frame, part.vectors, part.known, own, splines[None], number, averages, *start)
    found = yield from run_blocks(nearest_block, blocks, workers=workers)
    distance = np.concatenate([each.distance for each in found.values()])
    chosen = np.concatenate([each.chosen for each in found.values()])
    return Nearest(distance, chosen, sum(each.work for each in found.values()))


def _merged(parts: Sequence[Part], found: list[Nearest], distance: Array64, chosen: Counts) -> Nearest:
    """Take for each image the least distance over the blocks, and of equal ones the lowest number."""
    best, number = distance.copy(), chosen.copy()
    share = len(found) // len(parts)
    for place, block in enumerate(found):
        part = parts[place // share]
        images = slice(part.start, part.stop)
        d, c = best[images], number[images]
        better = (block.distance < d) | ((block.distance == d) & (block.chosen < c))
        d[better], c[better] = block.distance[better], block.chosen[better]
    return Nearest(best, number, sum(each.work for each in found))


def embed_block(frame: Frame, images: Array32) -> Array32:
    """Embed images: a block of work."""
    return frame.metric.vectors(images)


def known_block(frame: Frame, vectors: Array32, own: slice, splines: Array32, chosen: Counts) -> Array64:
    """Return the distances of images to an average and a pose of each: a block of work."""
    mine = _frozen(vectors)[own]
    out = np.empty(len(chosen))
    averages, poses = np.divmod(chosen, len(frame.poses))
    for average in np.unique(averages):
        members = np.flatnonzero(averages == average)
        wanted, place = np.unique(poses[members], return_inverse=True)
        posed = _frozen(frame.posed(splines[average], wanted))
        for image, pose in zip(members, place, strict=True):
            out[image] = frame.metric.distance(mine[image], posed[pose])
    return out


def nearest_block(
    frame: Frame,
    vectors: Array32,
    known: Summary,
    own: slice | None,
    splines: Array32,
    first: int,
    averages: range,
    distance: Array64,
    chosen: Counts,
) -> Nearest:
    """Look for nearer averages and poses among some of the averages: a block of work.

    ``splines`` holds the averages from number `first` on.
    """
    mine = _frozen(vectors)
    if own is not None:
        mine, known = mine[own], known[own]
    best, number = distance.copy(), chosen.copy()
    work = 0
    for average in averages:
        for sweep in range(frame.poses.sweeps):
            poses = frame.poses.sweep(sweep)
            posed = _frozen(frame.posed(splines[average - first], poses))
            name = average * len(frame.poses) + int(poses[0])
            work += frame.metric.nearest(mine, known, posed, name, best, number)
    return Nearest(best, number, work)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that can't be written, as those that come from elsewhere: compiled code has one form for each."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view
