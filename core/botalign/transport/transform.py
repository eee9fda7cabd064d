"""Wavelet transforms of many images or maps of one shape, fast.

Built from the matrices of :mod:`botalign.transport.wemd`. The coefficients are those of
:func:`botalign.transport.wavelet_transform`, in the same order, but in float32.
"""

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.threads import one_blas_thread
from botalign.transport.pairs import Vectors, in_threads
from botalign.transport.wemd import analysis_matrices


class WaveletTransform:
    """The wavelet transform of images or maps of one shape: L1 distances are wavelet earth mover's distances.

    Parameters
    ----------
    shape : tuple of int
        Shape ``(y, x)`` of the images, or ``(z, y, x)`` of the maps.
    wavelet, scales, voxel_size
        As for :func:`wavelet_transform`.

    Attributes
    ----------
    shape : tuple of int
        The shape.
    size : int
        Coefficients of a transform.

    Raises
    ------
    InputError
        As :func:`wavelet_transform` does.

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
        self._levels = analysis_matrices(self.shape, wavelet=wavelet, scales=scales, voxel_size=voxel_size)
        halves = [[len(matrix) // 2 for matrix in matrices] for matrices, _ in self._levels]
        self.size = sum((2 ** len(sides) - 1) * int(np.prod(sides)) for sides in halves)

    def __call__(self, array: NDArray[Any], *, out: Vectors | None = None) -> Vectors:
        """Embed one image or map.

        Parameters
        ----------
        array : ndarray
            Values, of this shape.
        out : ndarray of float32, shape (size,), optional
            Where to write the coefficients.

        Returns
        -------
        ndarray of float32, shape (size,)
            The weighted coefficients, finest scale first.

        Raises
        ------
        InputError
            If the array has another shape.
        """
        if array.shape != self.shape:
            raise InputError(
                Setting("array"),
                f": got the shape {array.shape}, expected {self.shape}, the shape this transform was made for.",
            )
        embedded = np.empty(self.size, dtype=np.float32) if out is None else out
        remainder: Vectors = np.ascontiguousarray(array, dtype=np.float32)
        end = 0
        for matrices, weight in self._levels:
            coefficients = remainder
            with one_blas_thread():
                for axis, matrix in enumerate(matrices):
                    coefficients = _along(matrix, coefficients, axis)
            halves = [(slice(side // 2), slice(side // 2, None)) for side in coefficients.shape]
            approximation, *details = product(*halves)
            for detail in details:
                part = coefficients[detail]
                start, end = end, end + part.size
                np.multiply(part, np.float32(weight), out=embedded[start:end].reshape(part.shape))
            remainder = np.ascontiguousarray(coefficients[approximation])
        return embedded

    def many(self, arrays: Sequence[NDArray[Any]], *, threads: int = 1) -> Vectors:
        """Embed many images or maps.

        Parameters
        ----------
        arrays : sequence of ndarray
            Images or maps of this shape, or one array whose first axis counts them.
        threads : int, optional
            How many threads; the result doesn't depend on it.

        Returns
        -------
        ndarray of float32, shape (n, size)
            A row for each.

        Raises
        ------
        InputError
            If an array has another shape.
        """
        embedded: Vectors = np.empty((len(arrays), self.size), dtype=np.float32)

        def fill(index: int) -> None:
            self(arrays[index], out=embedded[index])

        # Held for all of them: to set it anew for each, with others in the midst of theirs, takes longer than they do.
        with one_blas_thread():
            in_threads([partial(fill, index) for index in range(len(arrays))], threads)
        return embedded


def _along(matrix: Vectors, data: Vectors, axis: int) -> Vectors:
    """Multiply an array along an axis by a matrix."""
    shape = data.shape
    if axis == len(shape) - 1:
        lines = data.reshape(-1, shape[axis]) @ matrix.T
    else:
        outer = int(np.prod(shape[:axis]))
        lines = np.matmul(matrix, data.reshape(outer, shape[axis], -1))
    multiplied: Vectors = lines.reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
    return multiplied
