"""The bandwidth of the kernel of a diffusion map."""

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting

#: Fractions of the median distance and of the longest edge of the minimum spanning tree.
MEDIAN_SHARE, LONGEST_SHARE = 1 / 5, 1 / 3


def squared_above_floor(distances: Matrix) -> Matrix:
    """Return the squared distances minus the smallest of them, with a zero diagonal.

    Noise adds nearly the same amount to all squared distances, which this removes.
    """
    squared = distances**2
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min()
    np.fill_diagonal(squared, 0.0)
    return squared


def automatic_bandwidth(distances: Matrix) -> float:
    r"""Return a bandwidth for the Gaussian kernel of a diffusion map.

    It is a fifth of the median distance, so that the kernel is local, but at least a third of the longest edge of the
    minimum spanning tree, so that no group of maps is isolated. Both refer to :math:`\sqrt{d_{ij}^2 - \min d^2}`, which
    is what the kernel without its diagonal depends on.

    Parameters
    ----------
    distances : ndarray, shape (n, n)
        Symmetric matrix of distances.

    Returns
    -------
    float
        Bandwidth, in the unit of the distances.

    Raises
    ------
    InputError
        If all distances are the same.
    """
    pairs = squareform(np.sqrt(squared_above_floor(distances)), checks=False)
    # The last step of single linkage is the longest edge of the tree; csgraph would treat a distance of 0 as no edge.
    longest = float(linkage(pairs, "single")[-1, 2])
    width = max(MEDIAN_SHARE * float(np.median(pairs)), LONGEST_SHARE * longest)
    if not width > 0:
        raise InputError(Setting("distances"), ": all are equal, expected distances that differ; give other distances.")
    return width
