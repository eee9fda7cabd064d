"""Fourier shell correlation of two maps."""

from dataclasses import dataclass

import numpy as np
from numba import njit
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
        Frequency at the centre of each shell.
    correlation : ndarray, shape (shells,)
        Correlation in each shell.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> curve = botalign.ShellCorrelation(np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.8, 0.2]))
    >>> f"{curve.resolution(0.5):.2f} A"
    '4.00 A'
    """

    frequency_per_angstrom: NDArray[np.float64]
    correlation: NDArray[np.float64]

    def falls_below(self, threshold: float) -> bool:
        """Return whether the curve falls below a threshold; if not, the resolution is finer than its last shell."""
        return bool((self.correlation < threshold).any())

    def resolution(self, threshold: float = 0.5) -> float:
        """Return the resolution at which the curve first falls below a threshold.

        Parameters
        ----------
        threshold : float, optional
            Correlation; 0.5 for a map and a reference, 0.143 for two half maps.

        Returns
        -------
        float
            Resolution in angstrom, interpolated between shells. If the curve never falls below the threshold, it is the
            resolution of the last shell; if it begins below, infinity.

        Examples
        --------
        >>> import numpy as np
        >>> import botalign
        >>> curve = botalign.ShellCorrelation(np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.8, 0.2]))
        >>> f"{curve.resolution(0.143):.2f} A"
        '3.33 A'
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
    r"""Return the Fourier shell correlation of two maps on the same cubic grid.

    .. math:: \mathrm{FSC}(s) = \frac{\mathrm{Re} \sum_{k \in s} F_1(k) \overline{F_2(k)}}
              {\sqrt{\sum_{k \in s} |F_1(k)|^2 \sum_{k \in s} |F_2(k)|^2}}

    The shells are one Fourier voxel thick. Shells that reach the Nyquist frequency are left out.

    Parameters
    ----------
    first, second : array_like, shape (n, n, n)
        Maps, ``[z, y, x]``.
    voxel_size_angstrom : float, optional
        Side of a voxel.

    Returns
    -------
    ShellCorrelation
        The curve.

    Raises
    ------
    InputError
        If the maps are not cubes of the same size with at least 4 voxels per side.

    See Also
    --------
    score : Compares two maps on any grids.

    Notes
    -----
    The whole box is compared. A mask that is applied to both maps raises the curve if its edge is sharp; density that
    only one map has lowers it.

    References
    ----------
    .. [1] G. Harauz and M. van Heel, "Exact filters for general geometry three dimensional reconstruction", Optik 73
       (1986), 146-156.

    Examples
    --------
    >>> import botalign.scores
    >>> first, second = (botalign.phantom(24, voxel_size_angstrom=5.0, noise=0.1, noise_seed=n).data for n in (1, 2))
    >>> curve = botalign.scores.fourier_shell_correlation(first, second, voxel_size_angstrom=5.0)
    >>> len(curve.correlation)
    11
    >>> bool(curve.correlation[0] > 0.9)
    True
    """
    a, b = np.asarray(first, dtype=np.float32), np.asarray(second, dtype=np.float32)
    n = max(a.shape, default=0)
    if a.shape != (n, n, n) or b.shape != a.shape or n < 4:
        raise InputError(
            f"fourier_shell_correlation: got maps of shape {a.shape} and {b.shape}, expected two cubes of the same "
            "size with at least 4 voxels per side."
        )
    return correlate_shells(
        fft.rfftn(a, workers=1), fft.rfftn(b, workers=1), n, voxel_size_angstrom=voxel_size_angstrom
    )


def correlate_shells(
    first: Spectrum, second: Spectrum, side: int, *, voxel_size_angstrom: float = 1.0
) -> ShellCorrelation:
    """Return the Fourier shell correlation of two half spectra (`scipy.fft.rfftn`) of cubes with `side` voxels."""
    cross, *powers = shell_sums(first, second, side)
    power = np.sqrt(powers[0] * powers[1])
    curve = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)
    return ShellCorrelation(np.arange(1, side // 2) / (side * voxel_size_angstrom), curve)


def shell_power(spectrum: Spectrum, side: int) -> NDArray[np.float64]:
    """Return the power of a half spectrum in the shells of :func:`correlate_shells`."""
    return np.asarray(shell_sums(spectrum, spectrum, side)[0])


def shell_sums(first: Spectrum, second: Spectrum, side: int) -> NDArray[np.float64]:
    """Return the sums of products of two half spectra, and their powers, in the shells of :func:`correlate_shells`."""
    sums: NDArray[np.float64] = np.zeros((max(side // 2, 1), 3))
    _add_shells(first, second, side, sums)
    return np.ascontiguousarray(sums[1:].T)


@njit(cache=True, nogil=True)
def _add_shells(first: Spectrum, second: Spectrum, side: int, sums: NDArray[np.float64]) -> None:
    """Add the products of two half spectra, and their powers, to the sums of their shells, shape (shells, 3)."""
    planes, rows, _ = first.shape
    # Half of all frequencies are outside the last shell, in the corners.
    outside = np.float64(len(sums) - 0.5) ** 2
    for k in range(planes):
        for j in range(rows):
            kz, ky = min(k, side - k), min(j, side - j)
            across = np.float64(kz * kz + ky * ky)
            if across >= outside:
                continue
            for i in range(int(np.ceil(np.sqrt(outside - across)))):
                shell = int(np.rint(np.sqrt(across + i * i)))
                # Frequencies with kx = 0 are in the half spectrum twice, all others once.
                count = 1.0 if i == 0 else 2.0
                a, b = first[k, j, i], second[k, j, i]
                sums[shell, 0] += count * (a.real * b.real + a.imag * b.imag)
                sums[shell, 1] += count * (a.real * a.real + a.imag * a.imag)
                sums[shell, 2] += count * (b.real * b.real + b.imag * b.imag)
