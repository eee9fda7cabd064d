"""How wide the kernel of a diffusion map should be."""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting

#: Of the median distance, and of the longest edge that holds the maps together.
MEDIAN_PART, LONGEST_PART = 1 / 5, 1 / 3


def squared_above_floor(distances: Matrix) -> Matrix:
    """Return the squares of distances less the smallest of them; zeros on the diagonal.

    What noise adds to all squared distances alike is no distance between the molecules.
    """
    squared = distances**2
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min()
    np.fill_diagonal(squared, 0.0)
    return squared


def automatic_bandwidth(distances: Matrix) -> float:
    r"""Choose the width of a Gaussian kernel for a table of distances.

    A fifth of the median distance, so that a kernel spans neighbours and not everything; but no less than a third of
    the longest edge of the minimum spanning tree, so that no group of maps is cut off. Both are taken of
    :math:`\sqrt{d_{ij}^2 - \min d^2}`, as the kernel without its diagonal sees no more of the distances.

    Parameters
    ----------
    distances : ndarray, shape (n, n)
        Of all pairs, symmetric.

    Returns
    -------
    float
        The width, in the unit of the distances.

    Raises
    ------
    InputError
        If all distances are the same.
    """
    apart = squareform(np.sqrt(squared_above_floor(distances)), checks=False)
    # The last merger of single linkage is the longest edge of the tree; csgraph would take a 0 for no edge.
    longest = float(linkage(apart, "single")[-1, 2])
    width = max(MEDIAN_PART * float(np.median(apart)), LONGEST_PART * longest)
    if not width > 0:
        raise InputError(
            Setting("distances"), ": all maps lie equally far from each other, so no coordinates tell them apart."
        )
    return width
