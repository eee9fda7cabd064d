r"""The nearest of many poses for many images, exactly, without looking at most of them.

The distance is a sum over scales, :math:`d(a, b) = \sum_s \|a_s - b_s\|_1`. What isn't known of it is bounded from
below, and a pose is dropped as soon as the bound exceeds the best distance so far:

- a scale not looked at yet adds at least :math:`\bigl|\|a_s\|_1 - \|b_s\|_1\bigr|`;
- a neighbour :math:`b'` of a pose on the circle adds at least :math:`\|a_s - b_s\|_1 - \|b_s - b'_s\|_1`: on the
  coarser scales one pose of eight speaks for all;
- the best so far is, from the start, the distance to the average and pose of the iteration before.

Bounds are sums in single precision, with a margin for their rounding. The distances that are compared with each other
are sums in double precision in one fixed order, so the result doesn't depend on what was dropped.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]
Counts = NDArray[np.int64]

#: Neighbouring poses for which the middle one speaks.
GROUP = 8
#: Coefficients summed in single precision before the sum is carried over to double. Whatever the order, so many
#: roundings and one for the difference leave a relative error below (1024 + 1) 2^-24 = 6.2e-5.
CHUNK = 1024
_SAFE = 1.0 - 7e-5
#: Relative margin for all that is summed in double precision.
_DOUBLE = 1e-9


@njit(cache=True, nogil=True)
def scale_norms(vectors: Array32, starts: Counts) -> Array64:
    """Return the L1 norms of the scales of each vector, shape (n, scales)."""
    out = np.zeros((vectors.shape[0], len(starts) - 1))
    for i in range(vectors.shape[0]):
        for s in range(len(starts) - 1):
            total = 0.0
            for k in range(starts[s], starts[s + 1]):
                total += abs(np.float64(vectors[i, k]))
            out[i, s] = total
    return out


@njit(cache=True, nogil=True)
def exact_distance(a: Array32, b: Array32) -> float:
    """Return the L1 distance of two vectors, always by the same sums; their length is a multiple of eight."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    for k in range(0, len(a), 8):
        s0 += abs(np.float64(a[k]) - np.float64(b[k]))
        s1 += abs(np.float64(a[k + 1]) - np.float64(b[k + 1]))
        s2 += abs(np.float64(a[k + 2]) - np.float64(b[k + 2]))
        s3 += abs(np.float64(a[k + 3]) - np.float64(b[k + 3]))
        s4 += abs(np.float64(a[k + 4]) - np.float64(b[k + 4]))
        s5 += abs(np.float64(a[k + 5]) - np.float64(b[k + 5]))
        s6 += abs(np.float64(a[k + 6]) - np.float64(b[k + 6]))
        s7 += abs(np.float64(a[k + 7]) - np.float64(b[k + 7]))
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _part(a: Array32, b: Array32, first: int, end: int) -> float:
    """Return the L1 distance of a stretch of two vectors, in whatever order is quickest."""
    total = 0.0
    for start in range(first, end, CHUNK):
        some = np.float32(0)
        for k in range(start, min(start + CHUNK, end)):
            some += abs(a[k] - b[k])
        total += np.float64(some)
    return total


@njit(cache=True, nogil=True)
def _reaches(poses: Array32, starts: Counts, coarse: int) -> Array64:
    """Return how far each pose lies from the middle one of its group, on each of the coarse scales."""
    count = poses.shape[0]
    out = np.zeros((count, coarse))
    for r in range(count):
        first = r // GROUP * GROUP
        middle = first + (min(first + GROUP, count) - first) // 2
        for s in range(coarse):
            total = 0.0
            for k in range(starts[s], starts[s + 1]):
                total += abs(np.float64(poses[r, k]) - np.float64(poses[middle, k]))
            out[r, s] = total * (1.0 + _DOUBLE)
    return out


@njit(cache=True, nogil=True)
def nearest_by_l1(
    images: Array32,
    image_norms: Array64,
    poses: Array32,
    pose_norms: Array64,
    starts: Counts,
    number: int,
    best: Array64,
    chosen: Counts,
) -> int:
    """Look among neighbouring poses of one average for ones nearer to the images than the best so far.

    Parameters
    ----------
    images : ndarray of float32, shape (n, length)
        Embedded images, coarsest scale first.
    image_norms : ndarray, shape (n, scales)
        Their norms, of :func:`scale_norms`.
    poses : ndarray of float32, shape (m, length)
        The average, embedded in poses each of which is like the one before.
    pose_norms : ndarray, shape (m, scales)
        Their norms.
    starts : ndarray of int64, shape (scales + 1,)
        Where the scales begin, and the end of the last.
    number : int
        The number of the first of the poses; the others follow it.
    best : ndarray, shape (n,)
        The least distance of each image so far; updated.
    chosen : ndarray of int64, shape (n,)
        The number of the pose it belongs to; updated. Of poses equally near, the one with the lowest number wins.

    Returns
    -------
    int
        How many differences of two coefficients were looked at.
    """
    scales, count = len(starts) - 1, poses.shape[0]
    coarse = max(1, scales - 3)
    reaches = _reaches(poses, starts, coarse)
    groups = (count + GROUP - 1) // GROUP
    low, high = np.empty((groups, scales)), np.empty((groups, scales))
    reach = np.zeros((groups, coarse))
    for g in range(groups):
        for s in range(scales):
            members = pose_norms[g * GROUP : (g + 1) * GROUP, s]
            low[g, s], high[g, s] = members.min(), members.max()
            if s < coarse:
                reach[g, s] = reaches[g * GROUP : (g + 1) * GROUP, s].max()
    largest = 0.0
    for r in range(count):
        largest = max(largest, pose_norms[r].sum())
    work = 0
    middle_part = np.empty(coarse)
    gaps = np.empty(scales)
    for i in range(images.shape[0]):
        image, norms = images[i], image_norms[i]
        margin = _DOUBLE * (norms.sum() + largest)
        for g in range(groups):
            limit = best[i] * (1.0 + _DOUBLE) + margin
            bound = 0.0
            for s in range(scales):
                gaps[s] = max(0.0, norms[s] - high[g, s], low[g, s] - norms[s])
                bound += gaps[s]
            first = g * GROUP
            end = min(first + GROUP, count)
            middle = first + (end - first) // 2
            s = 0
            while s < coarse and bound <= limit:
                middle_part[s] = _SAFE * _part(image, poses[middle], starts[s], starts[s + 1])
                work += starts[s + 1] - starts[s]
                bound += max(0.0, middle_part[s] - reach[g, s] - gaps[s])
                s += 1
            if bound > limit:
                continue
            for r in range(first, end):
                limit = best[i] * (1.0 + _DOUBLE) + margin
                bound = 0.0
                for s in range(scales):
                    gaps[s] = abs(norms[s] - pose_norms[r, s])
                    if s < coarse:
                        gaps[s] = max(gaps[s], middle_part[s] - reaches[r, s])
                    bound += gaps[s]
                s = 0
                while s < scales and bound <= limit:
                    at = starts[s]
                    known = 0.0
                    while at < starts[s + 1] and bound - gaps[s] + max(gaps[s], known) <= limit:
                        stop = min(at + CHUNK, starts[s + 1])
                        known += _SAFE * _part(image, poses[r], at, stop)
                        work += stop - at
                        at = stop
                    bound += max(0.0, known - gaps[s])
                    s += 1
                if bound > limit:
                    continue
                work += images.shape[1]
                distance = exact_distance(image, poses[r])
                if distance < best[i] or (distance == best[i] and number + r < chosen[i]):
                    best[i], chosen[i] = distance, number + r
    return work
