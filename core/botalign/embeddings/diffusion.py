"""Diffusion maps: coordinates for many maps, from nothing but their distances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from botalign.arrays import Matrix
from botalign.embeddings.bandwidth import automatic_bandwidth, squared_above_floor
from botalign.errors import InputError, Setting
from botalign.options import whole_number
from botalign.threads import one_blas_thread

#: Up to this many maps all eigenvectors are cheaper than an iteration for a few of them.
DENSE = 1500
#: What is taken off the known eigenvalue, 1, so that it is below all others, which are -1 at least.
BEYOND = 3.0
#: Affinities beside the largest that are taken for none: their powers would leave the range of numbers.
NONE = 1e-150


@dataclass(frozen=True, eq=False)
class DiffusionMap:
    """Where maps lie to each other, in a few coordinates.

    Attributes
    ----------
    coordinates : ndarray, shape (n, dimensions)
        Of each map. Over the maps, weighted by how well each is connected, the mean of a coordinate is 0, and at
        ``time=0`` its mean square is 1. Of a coordinate, the value farthest from 0 is positive.
    eigenvalues : ndarray, shape (dimensions,)
        Of the random walk from map to map, falling. The first, 1, and its coordinate, the same for all maps, are left
        out. A large step down after the k-th says that k coordinates tell the most.
    bandwidth : float
        Width of the Gaussian kernel, in the unit of the distances.
    alpha, time : float
        As given.
    """

    coordinates: Matrix
    eigenvalues: Matrix
    bandwidth: float
    alpha: float
    time: float

    def __repr__(self) -> str:
        """Say how many maps in how many coordinates."""
        count, dimensions = self.coordinates.shape
        return f"<DiffusionMap: {count} maps in {dimensions} coordinates, bandwidth {self.bandwidth:.4g}>"


def diffusion_map(
    distances: ArrayLike,
    *,
    dimensions: int = 2,
    bandwidth: float | None = None,
    alpha: float = 1.0,
    time: float = 0.0,
) -> DiffusionMap:
    r"""Find coordinates in which maps lie as their distances say (Coifman and Lafon 2006; Zelesko et al. 2020).

    From the distances :math:`d_{ij}` come affinities, a Gaussian kernel of width :math:`\sigma` (eq. 1 of Zelesko et
    al.), divided by a power of the density of the maps, and from these a random walk from map to map:

    .. math:: W_{ij} = e^{-d_{ij}^2 / 2 \sigma^2}, \quad
              \tilde W = D^{-\alpha} W D^{-\alpha}, \quad
              P = \tilde D^{-1} \tilde W

    with the row sums :math:`D` and :math:`\tilde D`. The coordinates are :math:`\lambda_k^t \phi_k(i)` with the
    eigenvalues and eigenvectors of P after the first.

    A map's affinity to itself is left out, :math:`W_{ii} = 0`, as in the code published with the paper. Noise makes
    all maps differ by nearly as much more, :math:`d_{ij}^2 + c`, which is then a factor common to all affinities that
    drops out of P (El Karoui and Wu 2016, Annals of Statistics 44, 346).

    Parameters
    ----------
    distances : array_like, shape (n, n)
        Of all pairs, such as :func:`botalign.read_distances` reads; symmetric, with zeros on the diagonal.
    dimensions : int, optional
        How many coordinates.
    bandwidth : float, optional
        The width :math:`\sigma`, in the unit of the distances. If not given, chosen by
        :func:`botalign.embeddings.automatic_bandwidth`.
    alpha : float, optional
        How far the density of the maps is divided out: 1 so that coordinates don't depend on how many maps lie where,
        0 not at all.
    time : float, optional
        Steps t of the random walk. 0 gives every coordinate the same scale (Laplacian eigenmaps); the longer, the
        smaller the later ones. Of a negative eigenvalue the absolute value is taken.

    Returns
    -------
    DiffusionMap
        The coordinates. The same distances give the same bits, on any number of threads.

    Raises
    ------
    InputError
        If the distances are not a symmetric table of numbers, all of them the same, or so wide apart for a given
        bandwidth that the maps fall into groups with nothing between; or if another argument is out of range.
    """
    table = checked_distances(distances)
    count = len(table)
    dimensions = whole_number("dimensions", dimensions, 1, count - 1, advice=", one less than there are maps")
    if not 0 <= alpha <= 1:
        raise InputError(Setting("alpha"), f": got {alpha:g}, expected 0 to 1.")
    if not 0 <= time < np.inf:
        raise InputError(Setting("time"), f": got {time:g}, expected 0 or more steps.")
    if bandwidth is None:
        bandwidth = automatic_bandwidth(table)
    elif not 0 < bandwidth < np.inf:
        raise InputError(
            Setting("bandwidth"), f": got {bandwidth:g}, expected a positive width in the unit of the distances."
        )
    affinities = _affinities(table, bandwidth)
    # Only ratios count from here on; with degrees about 1 no power of them gets out of range.
    affinities /= affinities.sum(axis=1).max()
    density = affinities.sum(axis=1) ** -alpha
    # One after the other: neither step can overflow.
    affinities *= density[:, None]
    affinities *= density[None, :]
    degrees = affinities.sum(axis=1)
    root = np.sqrt(degrees)
    # Similar to P, but symmetric.
    affinities /= root[:, None] * root[None, :]
    values, vectors = _leading(affinities, root, dimensions)
    functions = vectors * (np.sqrt(degrees.sum()) / root)[:, None]
    farthest = np.abs(functions).argmax(axis=0)
    functions *= np.where(functions[farthest, range(dimensions)] < 0, -1.0, 1.0)
    lengths = np.abs(values) ** time
    return DiffusionMap(functions * lengths, values, float(bandwidth), alpha, time)


def checked_distances(distances: ArrayLike) -> Matrix:
    """Return a table of distances as float64, exactly symmetric.

    Raises
    ------
    InputError
        If it is not a table of at least three maps, has entries that are missing, negative or no numbers, or is not
        symmetric with zeros on the diagonal.
    """
    try:
        given = np.asarray(distances)
    except ValueError:  # rows of several lengths
        given = np.array([])
    if given.dtype.kind not in "biuf":
        raise InputError(Setting("distances"), f": got values of type {given.dtype}, expected real numbers.")
    table = given.astype(np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 3:
        raise InputError(
            Setting("distances"), f": got shape {table.shape}, expected a square table of at least 3 maps."
        )
    missing = np.count_nonzero(~np.isfinite(table))
    if missing:
        raise InputError(
            Setting("distances"),
            f": {missing} of {table.size} entries are no finite numbers, expected all pairs; work "
            "out the missing ones first.",
        )
    scale = float(np.abs(table).max())
    if table.min() < 0:
        raise InputError(Setting("distances"), f": got {table.min():g} among them, expected none below 0.")
    if table.diagonal().any() or np.abs(table - table.T).max() > 1e-6 * scale:
        raise InputError(
            Setting("distances"), ": the table is not symmetric with zeros on its diagonal; give distances, not others."
        )
    return (table + table.T) / 2


def _affinities(table: Matrix, bandwidth: float) -> Matrix:
    """Return the Gaussian kernel of the distances, but for a common factor, without the diagonal."""
    affinities = np.exp(squared_above_floor(table) / (-2 * bandwidth**2))
    affinities[affinities < NONE] = 0.0
    np.fill_diagonal(affinities, 0.0)
    groups, _ = connected_components(affinities > 0, directed=False)
    if groups > 1:
        raise InputError(
            Setting("bandwidth"),
            f": at {bandwidth:g} the maps fall into {groups} groups with nothing between; give a larger one.",
        )
    return affinities


def _leading(matrix: Matrix, first: Matrix, dimensions: int) -> tuple[Matrix, Matrix]:
    """Return the largest eigenvalues, falling, and eigenvectors of a symmetric matrix, without the first, known one."""
    count = len(matrix)
    unit = first / np.linalg.norm(first)
    start = np.random.default_rng(0).standard_normal(count)

    def without_first(vector: Matrix) -> Matrix:
        flat = vector.ravel()
        return np.asarray(matrix @ flat - BEYOND * unit * (unit @ flat))

    with one_blas_thread():
        if count <= DENSE:
            values, vectors = linalg.eigh(matrix - BEYOND * np.outer(unit, unit))
        else:
            operator = LinearOperator((count, count), matvec=without_first, dtype=np.float64)
            try:
                values, vectors = eigsh(operator, k=dimensions, which="LA", v0=start)
            except ArpackError as error:
                raise InputError(
                    Setting("bandwidth"),
                    f": with this one the first {dimensions} coordinates of {count} maps can't be told from "
                    f"the next ({str(error).splitlines()[0]}); give a larger one, or fewer dimensions.",
                ) from None
    return values[: -1 - dimensions : -1], vectors[:, : -1 - dimensions : -1]
