"""Fast wavelet transforms of many images or maps of one shape, in float32."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.threads import one_blas_thread, run_in_threads
from botalign.transport.pairs import Vectors
from botalign.transport.wemd import analysis_matrices


class WaveletTransform:
    """The wavelet transform of images or maps of one shape, by products with banded matrices.

    The coefficients are those of :func:`botalign.transport.wavelet_transform`, in the same order, but in float32.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(y, x)`` of the images, or ``(z, y, x)`` of the maps.
    wavelet : str, optional
        Discrete wavelet of PyWavelets.
    scales : int, optional
        Number of scales.
    voxel_size : float, optional
        Side of a voxel, which is the unit of the distances.

    Attributes
    ----------
    shape : tuple of int
        Shape of the images or maps.
    size : int
        Number of coefficients of a transform.

    Raises
    ------
    InputError
        If the wavelet is unknown, `scales` is below 1, or the shape has neither two nor three sides.

    Examples
    --------
    >>> import numpy as np
    >>> transform = WaveletTransform((8, 8, 8), scales=2)
    >>> transform(np.zeros((8, 8, 8))).shape == (transform.size,)
    True
    """

    def __init__(
        self, shape: Sequence[int], *, wavelet: str = "sym3", scales: int = 6, voxel_size: float = 1.0
    ) -> None:
        self.shape = tuple(shape)
        self._scales = analysis_matrices(self.shape, wavelet=wavelet, scales=scales, voxel_size=voxel_size)
        halves = [[len(matrix) // 2 for matrix in matrices] for matrices, _ in self._scales]
        self.size = sum((2 ** len(sides) - 1) * int(np.prod(sides)) for sides in halves)

    def __call__(self, array: NDArray[Any], *, out: Vectors | None = None) -> Vectors:
        """Transform an image or a map.

        Parameters
        ----------
        array : ndarray
            Image or map, of the shape of the transform.
        out : ndarray of float32, shape (size,), optional
            Array for the result.

        Returns
        -------
        ndarray of float32, shape (size,)
            Weighted coefficients, finest scale first.

        Raises
        ------
        InputError
            If the array has another shape.
        """
        if array.shape != self.shape:
            raise InputError(
                Setting("array"),
                f": got the shape {array.shape}, expected {self.shape}, the shape of this transform.",
            )
        transformed = np.empty(self.size, dtype=np.float32) if out is None else out
        remainder: Vectors = np.ascontiguousarray(array, dtype=np.float32)
        end = 0
        with one_blas_thread():
            for matrices, weight in self._scales:
                coefficients = remainder
                for axis, matrix in enumerate(matrices):
                    coefficients = _along(matrix, coefficients, axis)
                planes = coefficients.reshape(-1, *coefficients.shape[-2:])  # an image is one plane
                halves = tuple(len(matrix) // 2 for matrix in matrices)
                remainder = np.empty(halves, dtype=np.float32)
                approximation = remainder.reshape(-1, *halves[-2:])
                end = _separate(planes, np.float32(weight), transformed, end, approximation)
        return transformed

    def many(self, arrays: Sequence[NDArray[Any]], *, threads: int = 1) -> Vectors:
        """Transform many images or maps.

        Parameters
        ----------
        arrays : sequence of ndarray
            Images or maps, or one array with an additional first axis.
        threads : int, optional
            Number of threads. The result does not depend on it.

        Returns
        -------
        ndarray of float32, shape (n, size)
            Transforms, one per row.

        Raises
        ------
        InputError
            If an array has another shape.
        """
        transformed: Vectors = np.empty((len(arrays), self.size), dtype=np.float32)

        def fill(index: int) -> None:
            self(arrays[index], out=transformed[index])

        # Set once for all transforms, because setting it for each takes longer than the transforms.
        with one_blas_thread():
            run_in_threads([partial(fill, index) for index in range(len(arrays))], threads)
        return transformed


@njit(cache=True, nogil=True)
def _separate(coefficients: Vectors, weight: np.float32, out: Vectors, start: int, approximation: Vectors) -> int:
    """Copy the approximation, and the weighted details from `start` on; return where they end."""
    mz, my, mx = approximation.shape
    approximation[:] = coefficients[:mz, :my, :mx]
    end = start
    for first_z in range(0, coefficients.shape[0], mz):
        for first_y in range(0, coefficients.shape[1], my):
            for first_x in range(0, coefficients.shape[2], mx):
                if first_z + first_y + first_x == 0:
                    continue
                for k in range(first_z, first_z + mz):
                    for j in range(first_y, first_y + my):
                        for i in range(mx):
                            out[end + i] = weight * coefficients[k, j, first_x + i]
                        end += mx
    return end


def _along(matrix: Vectors, data: Vectors, axis: int) -> Vectors:
    """Multiply an array by a matrix along an axis."""
    shape = data.shape
    if axis == len(shape) - 1:
        lines = data.reshape(-1, shape[axis]) @ matrix.T
    else:
        outer = int(np.prod(shape[:axis]))
        lines = np.matmul(matrix, data.reshape(outer, shape[axis], -1))
    multiplied: Vectors = lines.reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
    return multiplied
