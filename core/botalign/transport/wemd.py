"""The wavelet earth mover's distance between two arrays.

The wavelet transform is linear, so the distance needs one transform, that of the difference.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from botalign.arrays import Matrix, Volume
from botalign.errors import InputError, Setting
from botalign.transport.filters import norm
from botalign.transport.wavelets import check_scales, scale_weight, wavelet_named, wavelet_transform


def wemd(
    first: ArrayLike, second: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
) -> float:
    """Return the wavelet earth mover's distance (WEMD) of two images or maps on the same grid.

    It is the L1 distance of the weighted wavelet transforms, eq. 14 of [1]_; see :func:`wavelet_transform`.

    Parameters
    ----------
    first, second : array_like, shape (y, x) or (z, y, x)
        Images or maps. They are not normalised.
    wavelet : str, optional
        Discrete wavelet of PyWavelets.
    scales : int, optional
        Number of scales.
    voxel_size : float, optional
        Side of a voxel.

    Returns
    -------
    float
        Distance; if both arrays have mass 1, a multiple of the earth mover's distance in the unit of `voxel_size`.

    Raises
    ------
    InputError
        If the shapes differ, the wavelet is unknown, `scales` is below 1, or the arrays are neither two- nor
        three-dimensional.

    See Also
    --------
    wavelet_transform : The transform, to compute distances between many maps.
    distances : Distances between all pairs of many maps.

    Notes
    -----
    Distances between arrays of different mass compare the mass too: divide each array by its sum first.

    The ratio to the earth mover's distance is bounded. It depends on the wavelet and on the arrays: for maps of
    molecules and ``sym3`` it is between 5 and 35. :func:`botalign.score` divides by the ratio of shifted copies.

    References
    ----------
    .. [1] A. Singer and R. Yang, "Alignment of density maps in Wasserstein distance", Biological Imaging 4 (2024), e5.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> first, second, third = np.zeros((3, 16, 16))
    >>> first[5, 5] = second[5, 6] = third[5, 9] = 1
    >>> botalign.wemd(first, second) < botalign.wemd(first, third)
    True
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"wemd: got arrays of shape {a.shape} and {b.shape}, expected the same shape.")
    return float(np.abs(wavelet_transform(a - b, wavelet=wavelet, scales=scales, voxel_size=voxel_size)).sum())


class WaveletDistance:
    """The fast wavelet earth mover's distance of maps of one shape, in float32.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(z, y, x)`` of the maps.
    wavelet : str, optional
        Discrete wavelet of PyWavelets.
    scales : int, optional
        Number of scales.
    voxel_size : float, optional
        Side of a voxel, which is the unit of the distances.

    Raises
    ------
    InputError
        If the shape does not have three sides, the wavelet is unknown, or `scales` is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> distance = WaveletDistance((8, 8, 8), scales=2)
    >>> a = np.zeros((8, 8, 8), dtype=np.float32)
    >>> distance(a, a)
    0.0
    """

    def __init__(
        self, shape: tuple[int, int, int], *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
    ) -> None:
        if len(shape) != 3:
            raise InputError(Setting("shape"), f": got {shape}, expected three sides (z, y, x).")
        self.shape = shape
        self._low, self._high, self._weights = filters_and_weights(
            shape, wavelet=wavelet, scales=scales, voxel_size=voxel_size
        )

    def __call__(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
        """Return the distance between two maps of this shape."""
        return self.norm(first - second)

    def norm(self, difference: NDArray[np.float32]) -> float:
        """Return the distance between two maps, given their difference."""
        volume: Volume = np.ascontiguousarray(difference, dtype=np.float32)
        return float(norm(volume, self._low, self._high, self._weights))


def filters_and_weights(
    shape: Sequence[int], *, wavelet: str, scales: int, voxel_size: float
) -> tuple[Volume, Volume, Matrix]:
    """Return the filters that give approximations and details, and the weights of the details of each scale."""
    check_scales(scales, len(shape))
    kind = wavelet_named(wavelet)
    low, high = (np.array(taps, dtype=np.float32) for taps in (kind.dec_lo, kind.dec_hi))
    return low, high, np.array([voxel_size * scale_weight(scale, len(shape)) for scale in range(scales)])
