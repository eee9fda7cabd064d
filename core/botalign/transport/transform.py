"""Fast wavelet transforms of many images or maps of one shape, in float32."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError, Setting
from botalign.threads import run_in_threads
from botalign.transport.filters import transform
from botalign.transport.pairs import Vectors
from botalign.transport.wemd import filters_and_weights


class WaveletTransform:
    """The wavelet transform of images or maps of one shape.

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
        self._low, self._high, self._weights = filters_and_weights(
            self.shape, wavelet=wavelet, scales=scales, voxel_size=voxel_size
        )
        self.size, sides = 0, np.array(self.shape)
        for _ in range(scales):
            sides = (sides + len(self._low) - 1) // 2
            self.size += (2 ** len(sides) - 1) * int(sides.prod())

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
        volume: Vectors = np.ascontiguousarray(array, dtype=np.float32)
        planes = volume.reshape(-1, *self.shape[-2:])  # an image is one plane
        transform(planes, self._low, self._high, self._weights, len(self.shape) == 3, transformed)
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

        run_in_threads([partial(fill, index) for index in range(len(arrays))], threads)
        return transformed
