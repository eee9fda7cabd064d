r"""The exact nearest of many poses for many images, with bounds that exclude most poses early.

The distance is a sum over scales, :math:`d(a, b) = \sum_s \|a_s - b_s\|_1`. A pose is excluded as soon as a lower bound
of its distance exceeds the best distance so far. The bound uses that

- a scale that is not computed yet contributes at least :math:`\bigl|\|a_s\|_1 - \|b_s\|_1\bigr|`;
- a neighbour :math:`b'` of a pose :math:`b` contributes at least :math:`\|a_s - b_s\|_1 - \|b_s - b'_s\|_1`, so on the
  coarser scales one of eight poses bounds all of them;
- on the finer scales, which are mostly noise, coefficients quantised to bytes give the sum to about one percent
  (:mod:`.quantisation`);
- the best distance is, at first, that to the average and pose of the previous iteration.

Bounds are sums in single precision, or of integers, with a margin for rounding. Distances that are compared with each
other are sums in double precision in a fixed order, so the result does not depend on which poses were excluded.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.quantisation import byte_distance

Bytes = NDArray[np.uint8]

#: Neighbouring poses that the middle one bounds.
GROUP = 8
#: Partial sums of an exact sum: neighbouring coefficients are added to different ones, so that the loop is vectorised
#: with the same order of additions on every machine.
LANES = 512
#: Coefficients summed in single precision before the sum is added to a double. In any order, the relative error is
#: below (1024 + 1) 2^-24 = 6.2e-5.
CHUNK = 1024
_SAFE = 1.0 - 7e-5
#: Relative margin for sums in double precision.
_DOUBLE = 1e-9


@njit(cache=True, nogil=True)
def scale_norms(vectors: Volume, starts: Counts) -> Matrix:
    """Return the L1 norms of the scales of each vector, shape (n, scales)."""
    out = np.empty((vectors.shape[0], len(starts) - 1))
    for i in range(vectors.shape[0]):
        for s in range(len(starts) - 1):
            out[i, s] = _norm(vectors[i, starts[s] : starts[s + 1]])
    return out


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _norm(a: Volume) -> float:
    total = 0.0
    for k in range(len(a)):
        total += abs(np.float64(a[k]))
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _l1_distance(a: Volume, b: Volume) -> float:
    total = 0.0
    for k in range(len(a)):
        total += abs(np.float64(a[k]) - np.float64(b[k]))
    return total


@njit(cache=True, nogil=True)
def exact_distance(a: Volume, b: Volume) -> float:
    """Return the L1 distance between two vectors in double precision, with a fixed order of additions."""
    sums = np.zeros(LANES)
    for start in range(0, len(a), LANES):
        _add_differences(a[start : start + LANES], b[start : start + LANES], sums)
    return folded(sums)


@njit(cache=True, nogil=True)
def folded(sums: Matrix) -> float:
    """Return the sum of a power of two of numbers by adding halves, in place."""
    half = len(sums) // 2
    while half:
        for k in range(half):
            sums[k] += sums[half + k]
        half //= 2
    return float(sums[0])


@njit(cache=True, nogil=True)
def _add_differences(a: Volume, b: Volume, sums: Matrix) -> None:
    for k in range(len(a)):
        sums[k] += abs(np.float64(a[k]) - np.float64(b[k]))


@njit(cache=True, nogil=True)
def _lower_bound(a: Volume, b: Volume, first: int, end: int) -> float:
    """Return a tight lower bound of the L1 distance between two vectors over a range."""
    total = 0.0
    for start in range(first, end, CHUNK):
        stop = min(start + CHUNK, end)
        total += np.float64(_rough_distance(a[start:stop], b[start:stop]))
    return _SAFE * total


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _rough_distance(a: Volume, b: Volume) -> np.float32:
    """Return the L1 distance between two short vectors, in any order of additions."""
    total = np.float32(0)
    for k in range(len(a)):
        total += abs(a[k] - b[k])
    return total


@njit(cache=True, nogil=True)
def _middle_distances(poses: Volume, starts: Counts, coarse: int) -> Matrix:
    """Return the distance of each pose from the middle one of its group, on each of the coarse scales."""
    count = poses.shape[0]
    out = np.zeros((count, coarse))
    for r in range(count):
        first = r // GROUP * GROUP
        middle = first + (min(first + GROUP, count) - first) // 2
        for s in range(coarse):
            stretch = slice(starts[s], starts[s + 1])
            out[r, s] = _l1_distance(poses[r, stretch], poses[middle, stretch]) * (1.0 + _DOUBLE)
    return out


@njit(cache=True, nogil=True)
def nearest_by_l1(
    images: Volume,
    image_norms: Matrix,
    image_bytes: Bytes,
    image_errors: Matrix,
    poses: Volume,
    pose_norms: Matrix,
    pose_bytes: Bytes,
    pose_errors: Matrix,
    steps: Matrix,
    starts: Counts,
    number: int,
    best: Matrix,
    chosen: Counts,
) -> int:
    """Update the nearest poses of images by the poses of one average.

    Parameters
    ----------
    images : ndarray of float32, shape (n, length)
        Wavelet transforms of the images, coarsest scale first.
    image_norms : ndarray, shape (n, scales)
        Norms of the scales, from :func:`scale_norms`.
    image_bytes, image_errors : ndarray, shape (n, fine length) and (n, fine scales)
        Finer scales in bytes, and the sums of their rounding errors, from :func:`.quantisation.quantise`.
    poses, pose_norms, pose_bytes, pose_errors
        The same for the poses of an average, ordered so that neighbouring poses are similar.
    steps : ndarray, shape (fine scales,)
        Quantisation step of each of the finer scales.
    starts : ndarray of int64, shape (scales + 1,)
        Index of the first coefficient of each scale, and the end of the last scale.
    number : int
        Index of the first pose; the others follow it.
    best : ndarray, shape (n,)
        Least distance of each image so far; updated.
    chosen : ndarray of int64, shape (n,)
        Index of its pose; updated. Among equally near poses, the lowest index is chosen.

    Returns
    -------
    int
        Number of differences of two coefficients that were computed.
    """
    scales, count = len(starts) - 1, poses.shape[0]
    coarse = scales - len(steps)
    reaches = _middle_distances(poses, starts, coarse)
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
                seen[s] = _lower_bound(image, poses[middle], starts[s], starts[s + 1])
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
                        known = _lower_bound(image, poses[r], starts[s], starts[s + 1])
                    else:
                        f, at, stop = s - coarse, starts[s] - starts[coarse], starts[s + 1] - starts[coarse]
                        distance_in_steps = byte_distance(image_bytes[i, at:stop], pose_bytes[r, at:stop])
                        known = steps[f] * distance_in_steps - image_errors[i, f] - pose_errors[r, f]
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
