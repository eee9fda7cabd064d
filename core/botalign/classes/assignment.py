"""The assignment of each image to the nearest average and pose, in blocks of work."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.bounds import GROUP
from botalign.classes.frame import Frame
from botalign.classes.metrics import ImageVectors, Nearest, Summary
from botalign.classes.units import DIFFERENCES, units
from botalign.jobs import Workers, run_blocks
from botalign.jobs.workers import SharedValue
from botalign.progress import Progress

#: Images in a block of work, and number of blocks for the averages. Both are constant, so that the reported work does
#: not depend on the workers.
_IMAGES_PER_BLOCK, _BLOCKS = 500, 32
#: Images whose coefficients define the quantisation.
_TYPICAL = 1000


@dataclass(frozen=True)
class ImageRange:
    """A range of the images, whose vectors are shared with the workers."""

    vectors: SharedValue
    summary: SharedValue
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Task:
    """A block of work: some images, some averages, and the nearest of the averages before them.

    Attributes
    ----------
    rows : slice
        Images in their range.
    averages : range
        Averages to compare.
    offset : int
        Index of the first average among the given splines.
    before : Nearest
        The nearest averages and poses so far, of these images.
    """

    rows: slice
    averages: range
    offset: int
    before: Nearest


@dataclass(frozen=True, eq=False)
class SharedImages:
    """All images on the workers, with what they are compared by.

    Attributes
    ----------
    frame : Frame
        Metric and poses.
    ranges : tuple of ImageRange
        The images.
    workers : Workers
        Workers that run the blocks.
    """

    frame: Frame
    ranges: tuple[ImageRange, ...]
    workers: Workers

    def nearest(self, splines: Volume, guess: Nearest) -> Generator[Progress, None, Nearest]:
        """Find the nearest average and pose of each image.

        Parameters
        ----------
        splines : ndarray of float32
            Spline coefficients of the averages.
        guess : Nearest
            A first guess of the average and pose of each image, which saves work; its distances are not used.
        """
        shared = self.workers.share(splines)
        before = Nearest((yield from self._distances(shared, guess.chosen)), guess.chosen)
        chunk = -(-len(splines) // _BLOCKS)
        blocks: dict[str, tuple[Any, ...]] = {}
        for number, part in enumerate(self.ranges):
            own = Nearest(before.distance[part.start : part.stop], before.chosen[part.start : part.stop])
            for first in range(0, len(splines), chunk):
                task = Task(slice(None), range(first, min(first + chunk, len(splines))), 0, own)
                key = f"nearest_{number:04d}_{first:07d}"
                blocks[key] = (self.frame, part.vectors, part.summary, shared, task)
        found = yield from run_blocks(nearest_block, blocks, workers=self.workers)
        self.workers.release(shared)
        return self._merged(list(found.values()), before)

    def update(self, splines: Volume, number: int, before: Nearest) -> Generator[Progress, None, Nearest]:
        """Update the nearest average and pose of each image after an average with the index `number` is added."""
        blocks: dict[str, tuple[Any, ...]] = {}
        for part in self.ranges:
            count = max(1, self.workers.count // len(self.ranges))
            for a, b in pairwise(np.linspace(part.start, part.stop, count + 1).astype(int)):
                rows = slice(int(a) - part.start, int(b) - part.start)
                own = Nearest(before.distance[a:b], before.chosen[a:b])
                task = Task(rows, range(number, number + 1), number, own)
                blocks[f"{a:07d}"] = (self.frame, part.vectors, part.summary, splines[None], task)
        found = yield from run_blocks(nearest_block, blocks, workers=self.workers)
        distance = np.concatenate([each.distance for each in found.values()])
        chosen = np.concatenate([each.chosen for each in found.values()])
        return Nearest(distance, chosen, sum(each.work for each in found.values()))

    def distances(self, splines: Volume, chosen: Counts) -> Generator[Progress, None, Matrix]:
        """Compute the distance of each image from the average and pose that are chosen for it."""
        shared = self.workers.share(splines)
        distance = yield from self._distances(shared, chosen)
        self.workers.release(shared)
        return distance

    def _distances(self, splines: SharedValue, chosen: Counts) -> Generator[Progress, None, Matrix]:
        blocks: dict[str, tuple[Any, ...]] = {}
        for part in self.ranges:
            for a in range(part.start, part.stop, _IMAGES_PER_BLOCK):
                b = min(a + _IMAGES_PER_BLOCK, part.stop)
                rows = slice(a - part.start, b - part.start)
                blocks[f"chosen_{a:07d}"] = (self.frame, part.vectors, rows, splines, chosen[a:b])
        found = yield from run_blocks(chosen_distances_block, blocks, workers=self.workers)
        return np.concatenate(list(found.values()))

    def _merged(self, found: list[Nearest], before: Nearest) -> Nearest:
        """Return the least distance over the blocks for each image and, if there are equal ones, of lowest index."""
        best, choice = before.distance.copy(), before.chosen.copy()
        blocks_per_range = len(found) // len(self.ranges)
        for index, block in enumerate(found):
            part = self.ranges[index // blocks_per_range]
            images = slice(part.start, part.stop)
            d, c = best[images], choice[images]
            better = (block.distance < d) | ((block.distance == d) & (block.chosen < c))
            d[better], c[better] = block.distance[better], block.chosen[better]
        return Nearest(best, choice, sum(each.work for each in found))


def share_images(frame: Frame, images: Volume, workers: Workers) -> Generator[Progress, None, SharedImages]:
    """Compute the vectors of all images and share them with the workers."""
    starts = range(0, len(images), _IMAGES_PER_BLOCK)
    blocks = {f"images_{a:07d}": (frame, images[a : a + _IMAGES_PER_BLOCK]) for a in starts}
    found = yield from run_blocks(vectors_block, blocks, workers=workers)
    vectors = np.empty((len(images), frame.metric.length), dtype=np.float32)
    for a, key in zip(starts, blocks, strict=True):
        vectors[a : a + _IMAGES_PER_BLOCK] = found.pop(key)
    count = min(workers.count, len(starts)) if workers.separate_memory else 1
    edges = np.linspace(0, len(images), count + 1).astype(int)
    # Typical images define the bounds of all, which so do not depend on the ranges.
    typical = frame.metric.summary(vectors[:_TYPICAL])
    parts = []
    for unit in units(len(vectors), frame.metric.length, DIFFERENCES // 8):
        yield Progress("", unit.start, len(vectors))
        parts.append(frame.metric.summary(vectors[unit], typical))
    summary = Summary.joined(parts)
    ranges = []
    for a, b in pairwise(edges):
        shared_vectors, shared_summary = (workers.share(each[a:b], to_all=False) for each in (vectors, summary))
        ranges.append(ImageRange(shared_vectors, shared_summary, int(a), int(b)))
    return SharedImages(frame, tuple(ranges), workers)


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


def nearest_block(frame: Frame, vectors: Volume, summary: Summary, splines: Volume, task: Task) -> Nearest:
    """Update the nearest averages and poses by some of the averages; a block of work."""
    images = ImageVectors(_read_only(vectors), summary)[task.rows]
    found = Nearest(task.before.distance.copy(), task.before.chosen.copy())
    work = 0
    for average in task.averages:
        for sweep in range(frame.poses.sweeps):
            poses = frame.poses.sweep(sweep)
            for unit in units(len(poses), frame.metric.length, DIFFERENCES // GROUP, multiple=GROUP):
                posed = _read_only(frame.posed(splines[average - task.offset], poses[unit]))
                number = average * len(frame.poses) + int(poses[unit.start])
                work += frame.metric.nearest(images, posed, number, found)
    return Nearest(found.distance, found.chosen, work)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only view of an array, as other processes get: numba compiles separate code for writable arrays."""
    view = np.asarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view
