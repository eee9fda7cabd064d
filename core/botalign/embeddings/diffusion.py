"""Diffusion maps: coordinates of many maps from their distances."""

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

#: Up to this number of maps, computing all eigenvectors is faster than an iteration for a few of them.
DENSE = 1500
#: Subtracted from the known eigenvalue 1, so that it is below all others, which are at least -1.
DEFLATION = 3.0
#: Relative affinities below this are set to zero, because their powers would underflow.
NEGLIGIBLE = 1e-150


@dataclass(frozen=True, eq=False)
class DiffusionMap:
    """An embedding of many maps by a diffusion map.

    Attributes
    ----------
    coordinates : ndarray, shape (n, dimensions)
        Coordinates of the maps. The mean of a coordinate, weighted by the degrees of the maps, is 0, and with
        ``time=0`` its mean square is 1. The value of a coordinate with the largest magnitude is positive.
    eigenvalues : ndarray, shape (dimensions,)
        Eigenvalues of the random walk in descending order, without the first one, which is 1 and has constant
        coordinates. A large gap after the k-th eigenvalue means that k coordinates are enough.
    bandwidth : float
        Bandwidth of the Gaussian kernel, in the unit of the distances.
    alpha, time : float
        Parameters of :func:`diffusion_map`.

    See Also
    --------
    diffusion_map : Compute a diffusion map.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    >>> points = np.column_stack([np.cos(angles), np.sin(angles)])
    >>> botalign.diffusion_map(np.linalg.norm(points[:, None] - points, axis=2), bandwidth=0.5)
    <DiffusionMap: 20 maps in 2 coordinates, bandwidth 0.5>
    """

    coordinates: Matrix
    eigenvalues: Matrix
    bandwidth: float
    alpha: float
    time: float

    def __repr__(self) -> str:
        """Return one line without the coordinates."""
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
    r"""Embed maps, or any objects, by their distances with a diffusion map.

    The distances :math:`d_{ij}` give affinities by a Gaussian kernel of width :math:`\sigma` (eq. 1 of [2]_), which are
    divided by a power of the sampling density (how closely the maps are spaced) and define a random walk from map to
    map:

    .. math:: W_{ij} = e^{-d_{ij}^2 / 2 \sigma^2}, \quad
              \tilde W = D^{-\alpha} W D^{-\alpha}, \quad
              P = \tilde D^{-1} \tilde W

    where :math:`D` and :math:`\tilde D` are the row sums. The coordinates are :math:`\lambda_k^t \phi_k(i)` with the
    eigenvalues and eigenvectors of P after the first.

    Parameters
    ----------
    distances : array_like, shape (n, n)
        Symmetric matrix of distances with a zero diagonal, for example of a :class:`DistanceTable`.
    dimensions : int, optional
        Number of coordinates.
    bandwidth : float, optional
        Bandwidth :math:`\sigma`, in the unit of the distances; by default from
        :func:`botalign.embeddings.automatic_bandwidth`.
    alpha : float, optional
        Exponent of the normalisation by the sampling density: with 1, the coordinates do not depend on how densely the
        conformations are sampled; with 0, there is no normalisation.
    time : float, optional
        Steps t of the random walk. With 0 all coordinates have the same scale (Laplacian eigenmaps); larger
        values shrink the later coordinates. Negative eigenvalues enter with their absolute values.

    Returns
    -------
    DiffusionMap
        The coordinates. They do not depend on the number of threads.

    Raises
    ------
    InputError
        If the distances are not a symmetric matrix of finite numbers or all equal, an option is out of range, or the
        maps fall into separate groups for the given bandwidth.

    See Also
    --------
    distances : Compute the distances between maps.
    read_distances : Read distances from a file.

    Notes
    -----
    The affinity of a map to itself is set to 0, as in the code published with [2]_: noise adds nearly the same constant
    to all squared distances, and this constant then cancels [3]_. Diffusion maps need enough maps to connect all
    conformations: with a few dozen maps, or a bandwidth far from the distances between neighbours, the coordinates are
    not meaningful.

    References
    ----------
    .. [1] R. R. Coifman and S. Lafon, "Diffusion maps", Applied and Computational Harmonic Analysis 21 (2006), 5-30.
    .. [2] N. Zelesko, A. Moscovich, J. Kileel and A. Singer, "Earthmover-based manifold learning for analyzing
       molecular conformation spaces", IEEE International Symposium on Biomedical Imaging (2020).
    .. [3] N. El Karoui and H.-T. Wu, "Graph connection Laplacian methods can be made robust to noise", Annals of
       Statistics 44 (2016), 346-372.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> positions = np.sort(np.random.default_rng(0).random(50))
    >>> found = botalign.diffusion_map(abs(positions[:, None] - positions), dimensions=1)
    >>> steps = np.diff(found.coordinates[:, 0])
    >>> bool((steps > 0).all() or (steps < 0).all())  # in the same order
    True
    """
    table = checked_distances(distances)
    count = len(table)
    dimensions = whole_number("dimensions", dimensions, 1, count - 1, note="(one less than the number of maps)")
    if not 0 <= alpha <= 1:
        raise InputError(Setting("alpha"), f": got {alpha:g}, expected a number from 0 to 1.")
    if not 0 <= time < np.inf:
        raise InputError(Setting("time"), f": got {time:g}, expected a number of steps of at least 0.")
    if bandwidth is None:
        bandwidth = automatic_bandwidth(table)
    elif not 0 < bandwidth < np.inf:
        raise InputError(
            Setting("bandwidth"), f": got {bandwidth:g}, expected a positive width in the unit of the distances."
        )
    affinities = _affinities(table, bandwidth)
    # Only ratios matter from here on; scaled degrees keep their powers from overflowing.
    affinities /= affinities.sum(axis=1).max()
    density = affinities.sum(axis=1) ** -alpha
    # In two steps, neither of which can overflow.
    affinities *= density[:, None]
    affinities *= density[None, :]
    degrees = affinities.sum(axis=1)
    root = np.sqrt(degrees)
    # Similar to P, but symmetric.
    affinities /= root[:, None] * root[None, :]
    values, vectors = _leading(affinities, root, dimensions, bandwidth)
    functions = vectors * (np.sqrt(degrees.sum()) / root)[:, None]
    farthest = np.abs(functions).argmax(axis=0)
    functions *= np.where(functions[farthest, range(dimensions)] < 0, -1.0, 1.0)
    lengths = np.abs(values) ** time
    return DiffusionMap(functions * lengths, values, float(bandwidth), alpha, time)


def checked_distances(distances: ArrayLike) -> Matrix:
    """Return a matrix of distances as float64, exactly symmetric.

    Raises
    ------
    InputError
        If there are fewer than three maps, entries are missing, negative or not numbers, or the matrix is not symmetric
        with a zero diagonal.
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
            Setting("distances"),
            f": got an array of shape {table.shape}, expected a square matrix for at least 3 maps.",
        )
    missing = np.count_nonzero(~np.isfinite(table))
    if missing:
        raise InputError(
            Setting("distances"),
            f": {missing} of {table.size} entries are NaN or infinite, expected the distances between all pairs; "
            "compute the missing ones.",
        )
    scale = float(np.abs(table).max())
    if table.min() < 0:
        raise InputError(Setting("distances"), f": the smallest is {table.min():g}, expected none below 0.")
    if table.diagonal().any() or np.abs(table - table.T).max() > 1e-6 * scale:
        raise InputError(
            Setting("distances"), ": the matrix is not symmetric with a zero diagonal, as expected of distances."
        )
    return (table + table.T) / 2


def _affinities(table: Matrix, bandwidth: float) -> Matrix:
    """Return the Gaussian kernel of the distances, up to a common factor, with a zero diagonal."""
    affinities = np.exp(squared_above_floor(table) / (-2 * bandwidth**2))
    affinities[affinities < NEGLIGIBLE] = 0.0
    np.fill_diagonal(affinities, 0.0)
    groups, _ = connected_components(affinities > 0, directed=False)
    if groups > 1:
        raise InputError(
            Setting("bandwidth"),
            f": with {bandwidth:g}, the maps fall into {groups} separate groups, expected one; "
            "give a larger bandwidth.",
        )
    return affinities


def _leading(matrix: Matrix, first: Matrix, dimensions: int, bandwidth: float) -> tuple[Matrix, Matrix]:
    """Return the largest eigenvalues, descending, and eigenvectors of a symmetric matrix after the known first one."""
    count = len(matrix)
    unit = first / np.linalg.norm(first)
    start = np.random.default_rng(0).standard_normal(count)

    def without_first(vector: Matrix) -> Matrix:
        flat = vector.ravel()
        return np.asarray(matrix @ flat - DEFLATION * unit * (unit @ flat))

    with one_blas_thread():
        if count <= DENSE:
            values, vectors = linalg.eigh(matrix - DEFLATION * np.outer(unit, unit))
        else:
            operator = LinearOperator((count, count), matvec=without_first, dtype=np.float64)
            try:
                values, vectors = eigsh(operator, k=dimensions, which="LA", v0=start)
            except ArpackError as error:
                raise InputError(
                    Setting("bandwidth"),
                    f": with {bandwidth:g}, the first {dimensions} coordinates of the {count} maps cannot be computed "
                    f"reliably ({str(error).splitlines()[0]}); give a larger bandwidth or fewer dimensions.",
                ) from None
    return values[: -1 - dimensions : -1], vectors[:, : -1 - dimensions : -1]
