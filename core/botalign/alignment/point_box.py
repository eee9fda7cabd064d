"""Sums over pairs of the points of a fit, by Fourier transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.arrays import Matrix, Volume

#: Largest distance in voxels over which noise may correlate.
REACH = 8


class PointBox:
    """A box around points, for sums over pairs of them.

    Parameters
    ----------
    points : ndarray of int32, shape (n, 3)
        Indices ``(x, y, z)`` of voxels.
    """

    def __init__(self, points: NDArray[np.int32]) -> None:
        corner = points.min(axis=0)
        sides = points.max(axis=0) - corner + 1 + REACH
        self.shape = tuple(fft.next_fast_len(int(side), real=True) for side in sides[::-1])
        self.indices = np.ravel_multi_index(tuple((points - corner).T[::-1]), self.shape)
        half = np.arange(self.shape[2] // 2 + 1)
        # A half spectrum holds each frequency once, except those whose conjugate it holds too.
        self.weight = np.where((half == 0) | (2 * half == self.shape[2]), 1.0, 2.0) / np.prod(self.shape)

    def spectrum(self, values: Matrix | Volume) -> NDArray[np.complex64]:
        """Return the half spectrum of values at the points."""
        volume = np.zeros(self.shape, dtype=np.float32)
        volume.ravel()[self.indices] = values
        return np.asarray(fft.rfftn(volume, workers=1))

    def autocovariance(self, values: Matrix | Volume) -> Matrix:
        """Return the autocovariance of values at the points, zero beyond the range of the noise.

        Each value is a mean over all pairs of points at that distance vector, so it does not depend on the shape of the
        molecule.
        """
        products, pairs = (
            fft.irfftn(spectrum.real**2 + spectrum.imag**2, self.shape, workers=1)
            for spectrum in (self.spectrum(values - values.mean()), self.spectrum(np.ones(len(values))))
        )
        z, y, x = np.meshgrid(*(fft.fftfreq(side, 1 / side) for side in self.shape), indexing="ij", sparse=True)
        near = (z**2 + y**2 + x**2 <= REACH**2) & (pairs > 0.5)
        return np.asarray(np.where(near, products / np.maximum(pairs, 1), 0.0), dtype=np.float64)

    def pairs(self, slopes: Volume, autocovariance: Matrix) -> Matrix:
        """Return the sum over pairs of points of products of derivatives, weighted by the covariance of their noise."""
        power = np.maximum(fft.rfftn(autocovariance.astype(np.float32), workers=1).real, 0)
        weight = np.sqrt(power * self.weight.astype(np.float32))
        # The real part of a product of two complex numbers is that of their real and imaginary parts.
        parts = np.empty((slopes.shape[1], 2 * weight.size), dtype=np.float32)
        for row, column in zip(parts, slopes.T, strict=True):
            np.multiply(self.spectrum(column), weight, out=row.view(np.complex64).reshape(weight.shape))
        return np.asarray(parts @ parts.T, dtype=np.float64)
