"""Fourier shell correlation: how alike two maps are at each resolution."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from botalign.errors import InputError

Spectrum = NDArray[np.complex64]


@dataclass(frozen=True, eq=False)
class ShellCorrelation:
    """A Fourier shell correlation curve.

    Attributes
    ----------
    frequency_per_angstrom : ndarray, shape (shells,)
        Middle of each shell.
    correlation : ndarray, shape (shells,)
        Correlation in it.
    """

    frequency_per_angstrom: NDArray[np.float64]
    correlation: NDArray[np.float64]

    def resolution(self, threshold: float = 0.5) -> float:
        """Resolution in angstrom where the curve first falls below `threshold`.

        Interpolated between shells. The finest shell's if it never does; infinite if the first is below already.
        """
        below = np.flatnonzero(self.correlation < threshold)
        if not len(below):
            return float(1 / self.frequency_per_angstrom[-1])
        k = int(below[0])
        if k == 0:
            return float("inf")
        high, low = self.correlation[k - 1], self.correlation[k]
        step = (high - threshold) / (high - low)
        return float(
            1 / (self.frequency_per_angstrom[k - 1] + step * np.diff(self.frequency_per_angstrom[k - 1 : k + 1])[0])
        )


def fourier_shell_correlation(
    first: ArrayLike, second: ArrayLike, *, voxel_size_angstrom: float = 1.0
) -> ShellCorrelation:
    r"""Fourier shell correlation of two maps on the same cubic grid.

    .. math:: \mathrm{FSC}(s) = \frac{\mathrm{Re} \sum_{k \in s} F_1(k) \overline{F_2(k)}}
              {\sqrt{\sum_{k \in s} |F_1(k)|^2 \sum_{k \in s} |F_2(k)|^2}}

    (Harauz and van Heel 1986), shells one Fourier voxel thick, those that lie wholly below the Nyquist frequency.

    Parameters
    ----------
    first, second : array_like, shape (n, n, n)
        Maps. Mask them first if they hold more than what is to be compared.
    voxel_size_angstrom : float, optional
        Side of a voxel.

    Returns
    -------
    ShellCorrelation
        The curve.

    Raises
    ------
    InputError
        If the maps are not cubes of the same size, of at least 4 voxels a side.
    """
    a, b = np.asarray(first, dtype=np.float32), np.asarray(second, dtype=np.float32)
    n = max(a.shape, default=0)
    if a.shape != (n, n, n) or b.shape != a.shape or n < 4:
        raise InputError(
            f"fourier_shell_correlation: got maps of shape {a.shape} and {b.shape}, expected two cubes of one size, at "
            "least 4 voxels a side."
        )
    return correlate_shells(
        fft.rfftn(a, workers=1), fft.rfftn(b, workers=1), n, voxel_size_angstrom=voxel_size_angstrom
    )


def correlate_shells(
    first: Spectrum, second: Spectrum, side: int, *, voxel_size_angstrom: float = 1.0
) -> ShellCorrelation:
    """Fourier shell correlation of two half spectra (`scipy.fft.rfftn`) of cubes of `side` voxels a side."""
    shell, weight = _shells(side)

    def summed(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(shell, weights=values.ravel() * weight)[1 : side // 2], dtype=np.float64)

    a, b = first, second
    cross = summed(a.real * b.real + a.imag * b.imag)
    power = np.sqrt(summed(a.real**2 + a.imag**2) * summed(b.real**2 + b.imag**2))
    curve = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)
    return ShellCorrelation(np.arange(1, side // 2) / (side * voxel_size_angstrom), curve)


@lru_cache(maxsize=2)  # a comparison has several curves on one grid
def _shells(n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the shell of each entry of a half spectrum, and how often the whole spectrum holds it."""
    full, half = fft.fftfreq(n, 1 / n), fft.rfftfreq(n, 1 / n)
    radius = np.sqrt(full[:, None, None] ** 2 + full[None, :, None] ** 2 + half[None, None, :] ** 2)
    # The half spectrum holds every frequency once but those with kx = 0 (and Nyquist), whose mirror image it holds too.
    twice = np.where((half == 0) | (2 * half == n), 1.0, 2.0)
    return np.rint(radius).astype(np.int64).ravel(), np.broadcast_to(twice, radius.shape).ravel()
