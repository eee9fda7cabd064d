"""Derivatives of two maps with respect to the pose and the scale of one of them, and sums of their products.

Scale and offset of the densities are fitted too. So only what is left of the derivatives counts after they are made
orthogonal to a constant and to the mean of the two maps. That is done in the sums, not at each point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from botalign.arrays import Matrix, Volume

#: Regions about the centre of the molecule that are distinguished; other points are in one more.
OCTANTS = 8
#: The last columns of the derivatives: 1, and the densities of both maps.
ADDED = 3


@dataclass(frozen=True, eq=False)
class DensitySlopes:
    """Derivatives of two maps at the same points, each with the columns 1, and the densities of both maps.

    Attributes
    ----------
    first, second : ndarray of float32, shape (n, k + 3)
        Those of each map.
    """

    first: Volume
    second: Volume

    @classmethod
    def of(
        cls, arm: Matrix, derivatives: tuple[Matrix, Matrix], densities: tuple[Matrix, Matrix], free: list[int], *,
        scaled: bool,
    ) -> DensitySlopes:  # fmt: skip
        """Collect the columns.

        Parameters
        ----------
        arm : ndarray, shape (n, 3)
            Positions of the points relative to the centre of the rotations.
        derivatives : tuple of two ndarray, shape (n, 6)
            Derivatives of each map with respect to the pose.
        densities : tuple of two ndarray, shape (n,)
            Densities of both maps, in one unit.
        free : list of int
            Columns of the derivatives that are used.
        scaled : bool
            Whether to add a column for the scale.
        """
        count = len(free) + scaled
        both = []
        for each in derivatives:
            # In single precision, the sums are good to about six digits, and take half of the memory.
            columns = np.empty((len(arm), count + ADDED), dtype=np.float32)
            for column, parameter in enumerate(free):
                columns[:, column] = each[:, parameter]
            if scaled:
                np.einsum("ij,ij->i", arm, each[:, 3:], out=columns[:, count - 1], casting="same_kind")
            columns[:, count] = 1
            columns[:, count + 1], columns[:, count + 2] = densities
            both.append(columns)
        return cls(*both)

    def products(self, groups: NDArray[np.int8]) -> Matrix:
        """Return the sums of products of both over each group of points, shape (9, k + 3, k + 3)."""
        sums = np.empty((OCTANTS + 1, self.first.shape[1], self.first.shape[1]))
        for group in range(OCTANTS + 1):
            inside = np.flatnonzero(groups == group)
            sums[group] = self.first[inside].T @ self.second[inside]
        return sums

    def mean(self, whole: Matrix) -> Volume:
        """Return the mean of both, projected, shape (n, k), given the products over all points."""
        projection = (np.add(*projections(whole)) / 4).astype(np.float32)
        return np.asarray((self.first + self.second) @ projection, dtype=np.float32)

    def along(self, direction: Matrix, whole: Matrix) -> tuple[Volume, Volume]:
        """Return the derivatives of each map in a direction of the first parameters, projected, shape (n,)."""
        first, second = ((each[:, : len(direction)] @ direction).astype(np.float32) for each in projections(whole))
        return self.first @ first, self.second @ second


def octants_of(arm: Matrix, kept: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the octant about the centre of each point that is kept, 0 to 7, and 8 for the others, shape (n,)."""
    octants = (arm > 0) @ np.array([1, 2, 4], dtype=np.int8)
    octants[~kept] = OCTANTS
    return np.asarray(octants, dtype=np.int8)


def projections(whole: Matrix) -> tuple[Matrix, Matrix]:
    """Return matrices, shape (k + 3, k), that project the columns of each map, given the products over all points."""
    count = len(whole) - ADDED
    one, u, v = range(count, count + ADDED)
    total = whole[one, one]
    spreads = (whole[each, each] / total - (whole[one, each] / total) ** 2 for each in (u, v))
    fitted = np.zeros((count + ADDED, 2))  # a constant, and the mean of the maps, each in units of its spread
    fitted[one, 0] = 1
    fitted[[u, v], 1] = [1 / np.sqrt(each) if each > 0 else 0.0 for each in spreads]
    inverse = np.linalg.pinv(fitted.T @ whole @ fitted)
    first, second = (inverse @ (fitted.T @ each)[:, :count] for each in (whole.T, whole))
    identity = np.eye(count + ADDED, count)
    return identity - fitted @ first, identity - fitted @ second


def projected(products: Matrix, whole: Matrix) -> Matrix:
    """Return sums of products of the projected derivatives, shape (..., k, k), given those over all points."""
    first, second = projections(whole)
    return np.asarray(first.T @ products @ second)
