r"""The wavelet earth mover's distance of two arrays, fast.

A level of the wavelet transform is linear and separable, so along one axis it is a banded matrix, and since the
transform is linear the distance needs one transform: that of the difference.
"""

from collections.abc import Sequence

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from botalign.errors import InputError, Setting
from botalign.threads import one_blas_thread
from botalign.transport.wavelets import MODE, check_scales, scale_weight, wavelet_named, wavelet_transform


def wemd(
    first: ArrayLike, second: ArrayLike, *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
) -> float:
    """Wavelet earth mover's distance of two images or maps on the same grid (eq. 14 of Singer and Yang 2024).

    Both are taken as they are: see :func:`wavelet_transform`, whose conventions and errors are these.

    Returns
    -------
    float
        The distance, in the unit of `voxel_size` if both masses are 1.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise InputError(f"wemd: got arrays of shape {a.shape} and {b.shape}, expected the same shape.")
    return float(np.abs(wavelet_transform(a - b, wavelet=wavelet, scales=scales, voxel_size=voxel_size)).sum())


class WaveletDistance:
    """Wavelet earth mover's distances of maps of one shape, in compiled code.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(z, y, x)`` of the maps.
    wavelet, scales, voxel_size
        As for :func:`wavelet_transform`.

    Raises
    ------
    InputError
        As :func:`wavelet_transform` does.

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
        self._levels = [
            (z, y, np.ascontiguousarray(x.T), weight)
            for (z, y, x), weight in analysis_matrices(shape, wavelet=wavelet, scales=scales, voxel_size=voxel_size)
        ]

    def __call__(self, first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
        """Return the distance of two maps of this shape."""
        return self.norm(first - second)

    def norm(self, difference: NDArray[np.float32]) -> float:
        """Return the distance of a map of this shape from the map that is zero."""
        total = 0.0
        remainder: NDArray[np.float32] = np.ascontiguousarray(difference, dtype=np.float32)
        with one_blas_thread():
            for z, y, x_transposed, weight in self._levels:
                nz, ny, nx = remainder.shape
                along_z = z @ remainder.reshape(nz, -1)
                along_y = np.matmul(y, along_z.reshape(-1, ny, nx))
                coefficients = (along_y.reshape(-1, nx) @ x_transposed).reshape(len(z), len(y), -1)
                mz, my, mx = (side // 2 for side in coefficients.shape)
                remainder = np.ascontiguousarray(coefficients[:mz, :my, :mx])
                # The details are all the coefficients but the approximation.
                total += weight * (float(np.abs(coefficients).sum()) - float(np.abs(remainder).sum()))
        return total


def analysis_matrices(
    shape: Sequence[int], *, wavelet: str, scales: int, voxel_size: float
) -> list[tuple[list[NDArray[np.float32]], float]]:
    """Return the matrices of each level of the transform, one for each axis, and the weight of its details.

    A matrix yields approximations and then details, as many of either.

    Raises
    ------
    InputError
        As :func:`wavelet_transform` does.
    """
    check_scales(scales, len(shape))
    filters = wavelet_named(wavelet)
    found, sides = [], tuple(shape)
    for scale in range(scales):
        matrices = [_analysis_matrix(side, filters) for side in sides]
        found.append((matrices, voxel_size * scale_weight(scale, len(sides))))
        sides = tuple(len(matrix) // 2 for matrix in matrices)
    return found


def _analysis_matrix(side: int, filters: pywt.Wavelet) -> NDArray[np.float32]:
    """Return one level of the transform of a signal of `side` samples as a matrix: approximations, then details."""
    approximation, detail = pywt.dwt(np.eye(side), filters, mode=MODE, axis=0)
    return np.ascontiguousarray(np.concatenate([approximation, detail]), dtype=np.float32)
