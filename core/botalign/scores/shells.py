"""Fourier shell correlation of two maps."""

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
    a, b = first, second
    cross = _summed(a.real * b.real + a.imag * b.imag, side)
    power = np.sqrt(_summed(a.real**2 + a.imag**2, side) * _summed(b.real**2 + b.imag**2, side))
    curve = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0)
    return ShellCorrelation(np.arange(1, side // 2) / (side * voxel_size_angstrom), curve)


def shell_power(spectrum: Spectrum, side: int) -> NDArray[np.float64]:
    """Return the power of a half spectrum in the shells of :func:`correlate_shells`."""
    return _summed(spectrum.real**2 + spectrum.imag**2, side)


def _summed(values: NDArray[np.float32], side: int) -> NDArray[np.float64]:
    """Return the sums of values of a half spectrum over the shells."""
    shell, weight = _shells(side)
    return np.asarray(np.bincount(shell, weights=values.ravel() * weight)[1 : side // 2], dtype=np.float64)


@lru_cache(maxsize=2)  # several curves are computed on the same grid
def _shells(n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the shell of each entry of a half spectrum, and its multiplicity in the whole spectrum."""
    full, half = fft.fftfreq(n, 1 / n), fft.rfftfreq(n, 1 / n)
    radius = np.sqrt(full[:, None, None] ** 2 + full[None, :, None] ** 2 + half[None, None, :] ** 2)
    # Frequencies with kx = 0 or at the Nyquist frequency are in the half spectrum twice, all others once.
    twice = np.where((half == 0) | (2 * half == n), 1.0, 2.0)
    return np.rint(radius).astype(np.int64).ravel(), np.broadcast_to(twice, radius.shape).ravel()
