r"""The nearest of many poses for many images, exactly, without looking at most of them.

The distance is a sum over scales, :math:`d(a, b) = \sum_s \|a_s - b_s\|_1`. What isn't known of it is bounded from
below, and a pose is dropped as soon as the bound exceeds the best distance so far:

- a scale not looked at yet adds at least :math:`\bigl|\|a_s\|_1 - \|b_s\|_1\bigr|`;
- a neighbour :math:`b'` of a pose on the circle adds at least :math:`\|a_s - b_s\|_1 - \|b_s - b'_s\|_1`: on the
  coarser scales one pose of eight speaks for all;
- on the finer scales, where noise is all there is, the coefficients in single bytes tell the sum to about one percent
  (:mod:`.sketches`);
- the best so far is, from the start, the distance to the average and pose of the iteration before.

Bounds are sums in single precision, or of whole numbers, with a margin for all rounding. The distances that are
compared with each other are sums in double precision in one fixed order: the result doesn't depend on what was dropped.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.classes.sketches import byte_distance

Array32 = NDArray[np.float32]
Array64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

#: Neighbouring poses for which the middle one speaks.
GROUP = 8
#: Sums kept side by side when coefficients are added up exactly: neighbours go to different ones, so that many are
#: added at a time, in an order that is the same on every machine.
LANES = 512
#: Coefficients summed in single precision before the sum is carried over to double. Whatever the order, so many
#: roundings and one for the difference leave a relative error below (1024 + 1) 2^-24 = 6.2e-5.
CHUNK = 1024
_SAFE = 1.0 - 7e-5
#: Relative margin for all that is summed in double precision.
_DOUBLE = 1e-9


@njit(cache=True, nogil=True)
def scale_norms(vectors: Array32, starts: Counts) -> Array64:
    """Return the L1 norms of the scales of each vector, shape (n, scales)."""
    out = np.empty((vectors.shape[0], len(starts) - 1))
    for i in range(vectors.shape[0]):
        for s in range(len(starts) - 1):
            out[i, s] = _norm(vectors[i, starts[s] : starts[s + 1]])
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _norm(a: Array32) -> float:
    total = 0.0
    for k in range(len(a)):
        total += abs(np.float64(a[k]))
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _apart(a: Array32, b: Array32) -> float:
    total = 0.0
    for k in range(len(a)):
        total += abs(np.float64(a[k]) - np.float64(b[k]))
    return total


@njit(cache=True, nogil=True)
def exact_distance(a: Array32, b: Array32) -> float:
    """Return the L1 distance of two vectors in double precision, always by the same sums."""
    sums = np.zeros(LANES)
    for start in range(0, len(a), LANES):
        _add_differences(a[start : start + LANES], b[start : start + LANES], sums)
    return folded(sums)


@njit(cache=True, nogil=True)
def folded(sums: Array64) -> float:
    """Return the sum of so many numbers as a power of two, by adding halves; they are overwritten."""
    half = len(sums) // 2
    while half:
        for k in range(half):
            sums[k] += sums[half + k]
        half //= 2
    return float(sums[0])


@njit(cache=True, nogil=True)
def _add_differences(a: Array32, b: Array32, sums: Array64) -> None:
    for k in range(len(a)):
        sums[k] += abs(np.float64(a[k]) - np.float64(b[k]))


@njit(cache=True, nogil=True)
def _at_least(a: Array32, b: Array32, first: int, end: int) -> float:
    """Return a bound just below the L1 distance of a stretch of two vectors."""
    total = 0.0
    for start in range(first, end, CHUNK):
        stop = min(start + CHUNK, end)
        total += np.float64(_rough_distance(a[start:stop], b[start:stop]))
    return _SAFE * total


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _rough_distance(a: Array32, b: Array32) -> np.float32:
    """Return the L1 distance of two short vectors, summed in whatever order is quickest."""
    total = np.float32(0)
    for k in range(len(a)):
        total += abs(a[k] - b[k])
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
            stretch = slice(starts[s], starts[s + 1])
            out[r, s] = _apart(poses[r, stretch], poses[middle, stretch]) * (1.0 + _DOUBLE)
    return out


@njit(cache=True, nogil=True)
def nearest_by_l1(
    images: Array32,
    image_norms: Array64,
    image_bytes: Bytes,
    image_errors: Array64,
    poses: Array32,
    pose_norms: Array64,
    pose_bytes: Bytes,
    pose_errors: Array64,
    steps: Array64,
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
    image_bytes, image_errors : ndarray, shape (n, fine length) and (n, fine scales)
        The finer scales in bytes, and by how much these are off, of :func:`.sketches.sketched`.
    poses, pose_norms, pose_bytes, pose_errors
        The same of an average in poses each of which is like the one before.
    steps : ndarray, shape (fine scales,)
        What one in a byte stands for.
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
    coarse = scales - len(steps)
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
    seen, gaps = np.empty(coarse), np.empty(scales)
    for i in range(images.shape[0]):
        image = images[i]
        margin = _DOUBLE * (image_norms[i].sum() + largest)
        for g in range(groups):
            limit = best[i] * (1.0 + _DOUBLE) + margin
            bound = 0.0
            for s in range(scales):
                gaps[s] = max(0.0, image_norms[i, s] - high[g, s], low[g, s] - image_norms[i, s])
                bound += gaps[s]
            first = g * GROUP
            end = min(first + GROUP, count)
            middle = first + (end - first) // 2
            s = 0
            while s < coarse and bound <= limit:
                seen[s] = _at_least(image, poses[middle], starts[s], starts[s + 1])
                work += starts[s + 1] - starts[s]
                bound += max(0.0, seen[s] - reach[g, s] - gaps[s])
                s += 1
            if bound > limit:
                continue
            for r in range(first, end):
                limit = best[i] * (1.0 + _DOUBLE) + margin
                bound = 0.0
                for s in range(scales):
                    gaps[s] = abs(image_norms[i, s] - pose_norms[r, s])
                    if s < coarse:
                        gaps[s] = max(gaps[s], seen[s] - reaches[r, s])
                    bound += gaps[s]
                s = 0
                while s < scales and bound <= limit:
                    if s < coarse:
                        known = _at_least(image, poses[r], starts[s], starts[s + 1])
                    else:
                        f, at, stop = s - coarse, starts[s] - starts[coarse], starts[s + 1] - starts[coarse]
                        apart = byte_distance(image_bytes[i, at:stop], pose_bytes[r, at:stop])
                        known = steps[f] * apart - image_errors[i, f] - pose_errors[r, f]
                    work += starts[s + 1] - starts[s]
                    bound += max(0.0, known - gaps[s])
                    s += 1
                if bound > limit:
                    continue
                work += images.shape[1]
                distance = exact_distance(image, poses[r])
                if distance < best[i] or (distance == best[i] and number + r < chosen[i]):
                    best[i], chosen[i] = distance, number + r
    return work
