r"""The nearest of many poses by the L2 distance, from matrix products with a margin for rounding.

:math:`\|a - b\|^2 = \|a\|^2 + \|b\|^2 - 2\,a \cdot b`, where BLAS computes the products of images and poses in single
precision. Distances that may be the smallest are computed again from differences, in double precision and a fixed
order, and then compared.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from botalign.arrays import Counts, Matrix, Volume
from botalign.classes.bounds import LANES, folded

#: Pixels in a matrix product in single precision; products over more pixels are added in double precision.
CHUNK = 2048
#: Bound of the rounding error of such a product, relative to the norms of the vectors, in any order of summation.
_ROUNDING = 1.01 * CHUNK * 2.0**-24
_DOUBLE = 1e-9


@njit(cache=True, nogil=True)
def square_norms(vectors: Volume) -> Matrix:
    """Return the sums of squares of vectors, shape (n, 1)."""
    out = np.zeros((vectors.shape[0], 1))
    for i in range(vectors.shape[0]):
        total = 0.0
        for k in range(vectors.shape[1]):
            total += np.float64(vectors[i, k]) * np.float64(vectors[i, k])
        out[i, 0] = total
    return out


@njit(cache=True, nogil=True)
def exact_euclidean(a: Volume, b: Volume) -> float:
    """Return the L2 distance between two vectors in double precision, with a fixed order of additions."""
    sums = np.zeros(LANES)
    for start in range(0, len(a), LANES):
        _add_squares(a[start : start + LANES], b[start : start + LANES], sums)
    return float(np.sqrt(folded(sums)))


@njit(cache=True, nogil=True)
def _add_squares(a: Volume, b: Volume, sums: Matrix) -> None:
    for k in range(len(a)):
        difference = np.float64(a[k]) - np.float64(b[k])
        sums[k] += difference * difference


def nearest_by_products(
    images: Volume,
    image_norms: Matrix,
    poses: Volume,
    pose_norms: Matrix,
    number: int,
    best: Matrix,
    chosen: Counts,
) -> int:
    """Update the nearest poses of images by the poses of one average, with the L2 distance.

    Parameters
    ----------
    images, poses : ndarray of float32, shape (n, length) and (m, length)
        Vectors.
    image_norms, pose_norms : ndarray, shape (n, 1) and (m, 1)
        Sums of squares, from :func:`square_norms`.
    number, best, chosen
        As for :func:`botalign.classes.bounds.nearest_by_l1`.

    Returns
    -------
    int
        Number of differences of two pixels that were computed, without the matrix products.
    """
    work = 0
    for start in range(0, len(images), 1024):
        part = slice(start, start + 1024)
        block = images[part]
        products = np.zeros((len(block), len(poses)))
        for first in range(0, images.shape[1], CHUNK):
            pixels = slice(first, first + CHUNK)
            products += block[:, pixels] @ poses[:, pixels].T
        work += _compare(block, image_norms[part], poses, pose_norms, products, number, best[part], chosen[part])
    return work


@njit(cache=True, nogil=True)
def _compare(
    images: Volume,
    image_norms: Matrix,
    poses: Volume,
    pose_norms: Matrix,
    products: Matrix,
    number: int,
    best: Matrix,
    chosen: Counts,
) -> int:
    work = 0
    for i in range(images.shape[0]):
        for r in range(poses.shape[0]):
            both = image_norms[i, 0] + pose_norms[r, 0]
            margin = 2 * _ROUNDING * np.sqrt(image_norms[i, 0] * pose_norms[r, 0]) + _DOUBLE * both
            if both - 2 * products[i, r] - margin > best[i] * best[i] * (1.0 + _DOUBLE):
                continue
            work += images.shape[1]
            distance = exact_euclidean(images[i], poses[r])
            if distance < best[i] or (distance == best[i] and number + r < chosen[i]):
                best[i], chosen[i] = distance, number + r
    return work
