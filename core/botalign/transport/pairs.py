"""L1 or L2 distances between all pairs of vectors, in compiled blocks.

The L1 distance between two wavelet transforms (:class:`botalign.transport.transform.WaveletTransform`) is their wavelet
earth mover's distance.
"""

from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.threads import run_in_threads

Vectors = NDArray[np.float32]
Distances = NDArray[np.float64]

#: Side of a block of the table, and samples that are added at once: so much of two blocks of vectors fits into the L2
#: cache, and so much of six vectors into the L1 cache.
ROWS, SAMPLES = 64, 1024
#: Rows and columns of a tile, whose sums are kept in registers.
TALL, WIDE = 4, 2


def distance_block(first: Vectors, second: Vectors, *, norm: str = "l1") -> Distances:
    """Return the distances between each vector of one set and each of another set, on one thread without the GIL.

    The distance of a pair has the same bits in any block, and in either order.

    Parameters
    ----------
    first : ndarray of float32, shape (n, samples)
        Vectors.
    second : ndarray of float32, shape (m, samples)
        Other vectors.
    norm : {"l1", "l2"}, optional
        Sum of the absolute differences, or square root of the sum of their squares.

    Returns
    -------
    ndarray of float64, shape (n, m)
        Distances. Differences are added in float32, 1,024 at a time, and these sums in float64.

    Raises
    ------
    InputError
        If the norm is unknown or the vectors differ in length.
    """
    _check(first, norm)
    _check(second, norm)
    if first.shape[1] != second.shape[1]:
        raise InputError(
            Setting("vectors"),
            f": got vectors of {first.shape[1]} and of {second.shape[1]} samples, expected the same length.",
        )
    return _block(np.ascontiguousarray(first), np.ascontiguousarray(second), norm=norm, upper=False)


def pair_distances(vectors: Vectors, *, norm: str = "l1", threads: int = 1) -> Distances:
    """Return the distances between all pairs of vectors.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, samples)
        Vectors.
    norm : {"l1", "l2"}, optional
        Norm, as for :func:`distance_block`.
    threads : int, optional
        Number of threads. The result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Symmetric matrix with a zero diagonal.

    Raises
    ------
    InputError
        As :func:`distance_block` does.
    """
    _check(vectors, norm)
    vectors = np.ascontiguousarray(vectors)
    count = len(vectors)
    table: Distances = np.zeros((count, count))
    starts = range(0, count, ROWS)
    corners = [(row, column) for row in starts for column in starts if column >= row]

    def fill(row: int, column: int) -> None:
        rows, columns = slice(row, row + ROWS), slice(column, column + ROWS)
        block = _block(vectors[rows], vectors[columns], norm=norm, upper=row == column)
        if row == column:
            block = np.triu(block, 1)
            block += block.T
        table[rows, columns] = block
        table[columns, rows] = block.T

    run_in_threads([partial(fill, *corner) for corner in corners], threads)
    return table


def _check(vectors: NDArray[Any], norm: str) -> None:
    if norm not in ("l1", "l2"):
        raise InputError(Setting("norm"), f": got {norm!r}, expected 'l1' or 'l2'.")
    if vectors.ndim != 2 or vectors.dtype != np.float32:
        raise InputError(
            Setting("vectors"),
            f": got {vectors.dtype} of shape {vectors.shape}, expected float32 of shape (n, samples).",
        )


def _block(first: Vectors, second: Vectors, *, norm: str, upper: bool) -> Distances:
    table: Distances = np.zeros((len(first), len(second)))
    _add_tiles(first, second, norm == "l2", upper, table)
    return np.sqrt(table) if norm == "l2" else table


@njit(cache=True, nogil=True)
def _add_tiles(first: Any, second: Any, squared: bool, upper: bool, table: Any) -> None:
    """Add the sums of absolute or squared differences of all pairs, or of those above the diagonal, to a table.

    Tiles at the edge repeat the last row or column, so that the sum of every pair is computed in the same order.
    """
    n, m = len(first) - 1, len(second) - 1
    for start in range(0, first.shape[1], SAMPLES):
        end = min(start + SAMPLES, first.shape[1])
        for i in range(0, n + 1, TALL):
            for j in range(0, m + 1, WIDE):
                if upper and j + WIDE <= i:
                    continue
                # Slices of whole rows, so that numba treats them as contiguous.
                a, b = first[i, start:end], first[min(i + 1, n), start:end]
                c, d = first[min(i + 2, n), start:end], first[min(i + 3, n), start:end]
                u, v = second[j, start:end], second[min(j + 1, m), start:end]
                sums = _squares(a, b, c, d, u, v) if squared else _differences(a, b, c, d, u, v)
                for row in range(min(TALL, n + 1 - i)):
                    for column in range(min(WIDE, m + 1 - j)):
                        table[i + row, j + column] += sums[row][column]


# The flags allow nothing but a different order of the sums, so that they can be vectorised.
@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _differences(a: Any, b: Any, c: Any, d: Any, u: Any, v: Any) -> Any:
    au = av = bu = bv = cu = cv = du = dv = np.float32(0)
    for k in range(a.size):
        au += abs(a[k] - u[k])
        av += abs(a[k] - v[k])
        bu += abs(b[k] - u[k])
        bv += abs(b[k] - v[k])
        cu += abs(c[k] - u[k])
        cv += abs(c[k] - v[k])
        du += abs(d[k] - u[k])
        dv += abs(d[k] - v[k])
    return (au, av), (bu, bv), (cu, cv), (du, dv)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _squares(a: Any, b: Any, c: Any, d: Any, u: Any, v: Any) -> Any:
    au = av = bu = bv = cu = cv = du = dv = np.float32(0)
    for k in range(a.size):
        au += (a[k] - u[k]) ** 2
        av += (a[k] - v[k]) ** 2
        bu += (b[k] - u[k]) ** 2
        bv += (b[k] - v[k]) ** 2
        cu += (c[k] - u[k]) ** 2
        cv += (c[k] - v[k]) ** 2
        du += (d[k] - u[k]) ** 2
        dv += (d[k] - v[k]) ** 2
    return (au, av), (bu, bv), (cu, cv), (du, dv)
