"""The details of two maps at any pose: what the verdict is based on.

Details are finer than the outline of the molecule, because the outlines of unrelated molecules agree too once they are
aligned.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from botalign.alignment.ball import Ball, soft_ball
from botalign.alignment.fitting import FitProblem
from botalign.alignment.sampled import sampled
from botalign.alignment.signal import SignalFraction
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.kept import kept
from botalign.maps.resampling import spline_at
from botalign.scores import correlate_shells, shell_power

#: Details are finer than this fraction of the diameter of the molecule.
OUTLINE = 1 / 3
#: Beyond this fraction of the finest shell, smoothing has removed too much of a map.
SMOOTHED_AWAY = 0.8
#: Details up to this fraction of the diameter are compared with those expected of copies, and of maps that have only
#: their outline in common.
COMPARED = 1 / 8
#: Molecules with one outline agree at a frequency :math:`f` in this number over :math:`f D` of what copies of diameter
#: :math:`D` agree in, with that standard deviation in all shells alike. With these numbers, a probability below 0.03 is
#: as rare as stated for phantoms of different seeds, with noise or without: they share their outline and some of their
#: helices (``benchmarks/verdicts.py --outlines 11``).
SAME_OUTLINE, SPREAD = 1.75, 0.1
#: With less signal than this fraction of the power, shells do not count: noise and errors of interpolation prevail.
LEAST_SIGNAL = 0.05
#: Poses whose details are kept: more than one alignment needs. A map may be compared with many others.
KNOWN = 256
#: Interpolation has an error of this fraction of the largest amplitude of a map.
INTERPOLATION = 0.001


@dataclass(frozen=True, eq=False)
class Details:
    """How well the details of two maps agree at a pose.

    Attributes
    ----------
    correlation : ndarray, shape (shells,)
        Fourier shell correlation, in the shells of details.
    count : ndarray, shape (shells,)
        Number of independent coefficients in each of them.
    expected : ndarray, shape (shells,)
        Fourier shell correlation of two copies with the noise of the two maps.
    frequency : ndarray, shape (shells,)
        Frequency, in units of one over the diameter.
    """

    correlation: Matrix
    count: Matrix
    expected: Matrix
    frequency: Matrix

    @cached_property
    def compared(self) -> NDArray[np.bool_]:
        """The shells in which the correlation is compared with that of copies and of outlines, shape (shells,)."""
        return self.frequency <= 1 / COMPARED

    @cached_property
    def score(self) -> float:
        """Significance of the correlation where there is signal; see :func:`detail_score`."""
        return detail_score(self.correlation[self.known], self.count[self.known])

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """The shells in which there is signal, shape (shells,)."""
        return self.expected > LEAST_SIGNAL

    @cached_property
    def agreement(self) -> float:
        r"""The factor between the Fourier shell correlation and that expected of two copies.

        .. math:: a = \frac{\sum_s n_s e_s \mathrm{FSC}(s)}{\sum_s n_s e_s^2}

        over details from a third to an eighth of the diameter. It is about 1 for copies, however noisy they are, less
        for two conformations, and small for maps that have only their outline in common. It is 0 if noise hides all.
        """
        weight = (self.count * self.expected)[self.compared]
        power = float(weight @ self.expected[self.compared])
        return float(weight @ self.correlation[self.compared]) / power if power else 0.0

    @cached_property
    def outline_chance(self) -> float:
        r"""The probability that maps with only their outline in common agree as well.

        Their Fourier shell correlation is :math:`m_s = u_s e_s` on average, with variance :math:`v_s = (1 - m_s^2)^2 /
        n_s` by chance, and in addition :math:`\sigma^2 e_s^2` in all shells alike. The most powerful test against
        copies, of which :math:`e_s` is expected, is the sum of :math:`w_s (\mathrm{FSC}(s) - m_s)` with :math:`w_s =
        (1 - u_s) e_s / v_s`; its distribution is normal.
        """
        correlation, count, e, frequency = (
            each[self.compared] for each in (self.correlation, self.count, self.expected, self.frequency)
        )
        u = np.minimum(SAME_OUTLINE / frequency, 1)
        mean = u * e
        variance = np.square(1 - mean**2) / count
        weight = (1 - u) * e / variance
        error = np.sqrt(float(weight**2 @ variance) + (SPREAD * float(weight @ e)) ** 2)
        return float(ndtr(float(weight @ (mean - correlation)) / error)) if error else 1.0

    def unexplained(self, best: Details, itself: Details) -> float:
        """Return the score without what follows from the best pose and the similarity of the fixed map to itself.

        If the maps match at the best pose, they also agree at one that an approximate symmetry leads to, as much as the
        fixed map agrees with itself.

        Parameters
        ----------
        best : Details
            The details at the best pose.
        itself : Details
            Those of the fixed map and itself, moved from the best pose to this one.
        """
        own = np.where(itself.known, itself.correlation / np.where(itself.known, itself.expected, 1), 0)
        left = self.correlation - np.clip(own, 0, 1) * best.correlation
        return detail_score(left[self.known], self.count[self.known])


@dataclass(frozen=True, eq=False)
class DetailPair:
    """Two maps in a soft ball around the molecule, at the sampling of a fit.

    Attributes
    ----------
    fit : FitProblem
        The fit: it has the spline coefficients of the moving map.
    ball : Ball
        The voxels that are compared.
    fixed : ndarray, shape (n,)
        The densities of the fixed map there.
    diameter_angstrom : float
        Diameter of the molecule.
    expected : ndarray, shape (shells,)
        Fourier shell correlation of two copies with the noise of the two maps.
    """

    fit: FitProblem
    ball: Ball
    fixed: Volume
    diameter_angstrom: float
    expected: Matrix
    _known: dict[bytes, Details] = field(default_factory=dict, init=False)

    def of_share(self, share: float) -> DetailPair:
        """Return the pair for a fraction of the molecule: its outline is smaller, so its details are finer."""
        return replace(self, diameter_angstrom=self.diameter_angstrom * float(np.cbrt(share)))

    @classmethod
    def of(
        cls, fixed: Surveyed, moving: Surveyed, fit: FitProblem, signals: tuple[SignalFraction, SignalFraction]
    ) -> DetailPair:
        """Compare two maps as a fit samples them, given how much of each is signal."""
        grid, voxel = fit.fixed_grid, fit.fixed_grid.voxel_size_angstrom[0]
        ball = soft_ball(grid, fixed.centre_angstrom, fixed.radius_angstrom)
        sigma = common_sigma_angstrom(fixed, moving, voxel)
        data = sampled(fixed, voxel, sigma_angstrom=sigma, radius_angstrom=fixed.radius_angstrom).values
        densities = data.ravel()[ball.inside]
        error = _interpolation_error(ball, densities)
        frequency = np.arange(1, len(error) + 1) / (grid.shape[0] * voxel)
        first, second = (np.clip(signal.at(frequency) - error, 0, 1) for signal in signals)
        return cls(fit, ball, densities, 2 * fixed.radius_angstrom, np.sqrt(first * second))

    def at(self, transform: Matrix, weights: Volume | None = None) -> Details:
        """Compare the maps at a pose. Without weights, the result is kept: the verdict asks for the same poses again.

        Parameters
        ----------
        transform : ndarray, shape (3, 4)
            The pose.
        weights : ndarray, shape (n,), optional
            Weights of the voxels in the ball, 0 to 1: for the part that the maps have in common.
        """
        if weights is not None:
            return self._compared(transform, weights)
        return kept(self._known, transform.tobytes(), lambda: self._compared(transform, None), most=KNOWN)

    @cached_property
    def _spectrum(self) -> NDArray[np.complex64]:
        """Half spectrum of the fixed map in the ball."""
        return self.ball.spectrum(self.fixed)

    def _compared(self, transform: Matrix, weights: Volume | None) -> Details:
        side, voxel = self.fit.fixed_grid.shape[0], self.fit.fixed_grid.voxel_size_angstrom[0]
        moved = spline_at(self.fit.coefficients, self.fit.moving_grid, transform, self.fit.fixed_grid, self.ball.points)
        still, volume = self._spectrum, self._volume
        if weights is not None:
            moved *= weights
            still, volume = self.ball.spectrum(self.fixed * weights), self._volume_of(weights)
        shells = correlate_shells(still, self.ball.spectrum(moved), side, voxel_size_angstrom=voxel)
        return Details(
            shells.correlation[self._used], (volume * self._counts)[self._used], self.expected[self._used],
            self._frequency[self._used],
        )  # fmt: skip

    @cached_property
    def _volume(self) -> float:
        return self._volume_of(np.float32(1))

    def _volume_of(self, weights: Volume | np.float32) -> float:
        """Return the volume that is compared, as a fraction of that of the box."""
        return float(np.square(self.ball.weight * weights).sum()) / self.fit.fixed_grid.shape[0] ** 3

    @cached_property
    def _frequency(self) -> Matrix:
        """Frequencies of all shells, in units of one over the diameter."""
        grid = self.fit.fixed_grid
        size = grid.shape[0] * grid.voxel_size_angstrom[0]
        return np.asarray(np.arange(1, len(self.expected) + 1) * (self.diameter_angstrom / size))

    @cached_property
    def _counts(self) -> Matrix:
        """Independent coefficients in all shells of the whole box: half of all."""
        return np.asarray(2 * np.pi * np.arange(1, len(self.expected) + 1) ** 2.0)

    @cached_property
    def _used(self) -> NDArray[np.bool_]:
        """Which shells are compared."""
        return np.asarray((self._frequency > 1 / OUTLINE) & (self._frequency < SMOOTHED_AWAY * self._frequency[-1]))


def detail_score(correlation: NDArray[np.float64], count: NDArray[np.float64]) -> float:
    r"""Return the significance of a Fourier shell correlation.

    .. math:: x = z\,|z|, \quad z = \max_t \frac{\sum_{s \le t} n_s \operatorname{artanh} \mathrm{FSC}(s)}
              {\sqrt{\sum_{s \le t} n_s}}

    Each :math:`z` has standard deviation 1 if the maps have nothing in common (Fisher's transform). The maximum over
    the finest shell :math:`t` finds how far the agreement reaches: beyond that, noise would hide it. The tail of
    :math:`z^2` is that of an exponential distribution.

    Parameters
    ----------
    correlation : ndarray, shape (shells,)
        Correlation in each shell, from coarse to fine.
    count : ndarray, shape (shells,)
        Number :math:`n_s` of independent coefficients in each shell.
    """
    if not len(count):
        return 0.0
    fisher = np.arctanh(np.clip(correlation, -0.9999, 0.9999))
    z = float(np.max(np.cumsum(count * fisher) / np.sqrt(np.cumsum(count))))
    return z * abs(z)


def _interpolation_error(ball: Ball, densities: Volume) -> Matrix:
    """Return the fraction of the power in each shell that may be an error of interpolation."""
    power = shell_power(ball.spectrum(densities), ball.shape[0])
    per_coefficient = power / np.arange(1, len(power) + 1) ** 2.0
    return np.asarray(INTERPOLATION**2 * float(per_coefficient.max()) / np.maximum(per_coefficient, 1e-300))
