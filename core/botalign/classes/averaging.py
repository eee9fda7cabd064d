"""Averages of the classes, and reseeding of empty classes."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume
from botalign.cancellation import check_cancelled
from botalign.classes.frame import Frame
from botalign.classes.posing import disc_spans, in_poses
from botalign.jobs import Execution, open_workers, run_blocks
from botalign.progress import Progress


def average_steps(
    frame: Frame, splines: Volume, chosen: Counts, classes: int, *, threads: int = 1
) -> Generator[Progress, None, Volume]:
    """Compute the mean of the aligned members of each class (Algorithm 1 of Rao et al. 2020).

    Parameters
    ----------
    frame : Frame
        Poses and disc.
    splines : ndarray of float32, shape (n, side + 3, side + 3)
        Spline coefficients of the images.
    chosen : ndarray of int64, shape (n,)
        Class and pose of each image; see :class:`botalign.classes.metrics.Nearest`.
    classes : int
        Number of classes.
    threads : int, optional
        Number of threads. The result does not depend on it.

    Yields
    ------
    Progress
        After each class.

    Returns
    -------
    ndarray of float32, shape (classes, side, side)
        Averages; zero for an empty class.
    """
    labels, poses = np.divmod(chosen, len(frame.poses))
    push = frame.poses.push(poses)
    order, ends = np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=classes))
    members = np.split(order, ends[:-1])
    blocks = {f"{label:07d}": (frame, splines, push, each) for label, each in enumerate(members)}
    with open_workers(Execution(threads)) as workers:
        found = yield from run_blocks(_average, blocks, workers=workers, stage="average")
    return np.stack(list(found.values()))


def _average(frame: Frame, splines: Volume, push: Matrix, members: Counts) -> Volume:
    """Return the average of a class; a block of work."""
    spans, total = disc_spans(frame.side, frame.radius), np.zeros((frame.side, frame.side))
    for member in members:
        check_cancelled()
        total += in_poses(splines[member], push[member : member + 1], spans)[0]
    return (total / max(1, len(members))).astype(np.float32)


def refill(
    chosen: Counts, distance: NDArray[np.float64], classes: int, poses: int
) -> tuple[Counts, NDArray[np.float64], list[int]]:
    """Reseed each empty class from the worst-fitting image.

    Parameters
    ----------
    chosen : ndarray of int64, shape (n,)
        Class and pose of each image.
    distance : ndarray, shape (n,)
        Distance of each image from its average.
    classes, poses : int
        Numbers of classes and poses.

    Returns
    -------
    chosen, distance : ndarray
        The same, with an image moved to each of the empty classes at distance zero. The only image of a class is never
        moved.
    refilled : list of int
        Classes that were empty.
    """
    chosen, distance = chosen.copy(), distance.copy()
    labels = chosen // poses
    sizes = np.bincount(labels, minlength=classes)
    empty = [int(label) for label in np.flatnonzero(sizes == 0)]
    for label in empty:
        movable = np.where(sizes[labels] > 1, distance, -1.0)
        image = int(movable.argmax())
        sizes[labels[image]] -= 1
        labels[image], sizes[label] = label, 1
        chosen[image], distance[image] = label * poses, 0.0
    return chosen, distance, empty
