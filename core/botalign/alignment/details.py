"""The details of two maps at any pose: what the verdict is based on.

Details are finer than the outline of the molecule, because the outlines of unrelated molecules agree too once they are
aligned.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.alignment.ball import Ball, soft_ball
from botalign.alignment.fitting import FitProblem
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.maps.grid import Grid
from botalign.maps.resampling import spline_at
from botalign.scores import correlate_shells, shell_power

#: Details are finer than this fraction of the diameter of the molecule.
OUTLINE = 1 / 3
#: Beyond this fraction of the finest shell, smoothing has removed too much of a map.
SMOOTHED_AWAY = 0.8
#: Details between these fractions of the diameter are compared with those expected of copies.
COMPARED = 1 / 4, 1 / 8
#: With less signal than this fraction of the power, it is unknown how well a map agrees with itself.
LEAST_SIGNAL = 0.05
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
    compared : ndarray of bool, shape (shells,)
        The shells in which the agreement is measured.
    """

    correlation: Matrix
    count: Matrix
    expected: Matrix
    compared: NDArray[np.bool_]

    @property
    def score(self) -> float:
        """Significance of the correlation; see :func:`detail_score`."""
        return detail_score(self.correlation, self.count)

    @property
    def agreement(self) -> float:
        r"""The factor between the Fourier shell correlation and that expected of two copies.

        .. math:: a = \frac{\sum_s n_s e_s \mathrm{FSC}(s)}{\sum_s n_s e_s^2}

        over details from a fourth to an eighth of the diameter. It is about 1 for copies, however noisy they are, less
        for two conformations, and small for maps that have only their outline in common. With :math:`a > 1/2`, the
        curve is more likely that of copies than that of unrelated maps. It is 1 if there is nothing to compare.
        """
        weight = (self.count * self.expected)[self.compared]
        power = float(weight @ self.expected[self.compared])
        return float(weight @ self.correlation[self.compared]) / power if power > 1 else 1.0

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
        known = itself.expected > LEAST_SIGNAL
        own = np.where(known, itself.correlation / np.where(known, itself.expected, 1), 0)
        return detail_score(self.correlation - np.clip(own, 0, 1) * best.correlation, self.count)


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
    _known: dict[bytes, Details] = field(default_factory=dict)

    def of_share(self, share: float) -> DetailPair:
        """Return the pair for a fraction of the molecule: its outline is smaller, so its details are finer."""
        return replace(self, diameter_angstrom=self.diameter_angstrom * float(np.cbrt(share)), _known={})

    @classmethod
    def of(cls, fixed: Surveyed, moving: Surveyed, fit: FitProblem) -> DetailPair:
        """Compare two maps as a fit samples them."""
        sigma = common_sigma_angstrom(fixed, moving, fit.fixed_grid.voxel_size_angstrom[0])
        expected, values = [], []
        for surveyed, grid in ((fixed, fit.fixed_grid), (moving, fit.moving_grid)):
            data = surveyed.on(grid, sigma_angstrom=sigma)
            ball = soft_ball(grid, surveyed.centre_angstrom, surveyed.radius_angstrom)
            expected.append(_signal(ball, data))
            values.append((ball, data.ravel()[ball.inside]))
        shells = min(len(each) for each in expected)
        if fit.moving_grid.shape != fit.fixed_grid.shape:  # shells of different width
            expected[1] = _at_shells(expected[1], fit.moving_grid, fit.fixed_grid)
            shells = len(expected[0])
        ball, densities = values[0]
        return cls(
            fit, ball, densities, 2 * fixed.radius_angstrom, np.sqrt(expected[0][:shells] * expected[1][:shells])
        )

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
        key = transform.tobytes()
        if key not in self._known:
            self._known[key] = self._compared(transform, None)
        return self._known[key]

    def _compared(self, transform: Matrix, weights: Volume | None) -> Details:
        side, voxel = self.fit.fixed_grid.shape[0], self.fit.fixed_grid.voxel_size_angstrom[0]
        moved = spline_at(self.fit.coefficients, self.fit.moving_grid, transform, self.fit.fixed_grid, self.ball.points)
        factor = np.float32(1) if weights is None else weights
        first, second = (self.ball.spectrum(each * factor) for each in (self.fixed, moved))
        shells = correlate_shells(first, second, side, voxel_size_angstrom=voxel)
        frequency = shells.frequency_per_angstrom * self.diameter_angstrom
        compared = float(np.square(self.ball.weight * factor).sum()) / side**3
        # Half the coefficients in a shell are independent, in proportion to the volume that was compared.
        count = 2 * np.pi * np.arange(1, len(frequency) + 1) ** 2.0 * compared
        used = (frequency > 1 / OUTLINE) & (frequency < SMOOTHED_AWAY * frequency[-1])
        band = (frequency >= 1 / COMPARED[0]) & (frequency <= 1 / COMPARED[1])
        return Details(
            shells.correlation[used],
            count[used],
            self.expected[used],
            band[used],
        )


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


def _signal(ball: Ball, data: Volume) -> Matrix:
    """Return the fraction of the power that is signal, in each shell, given the noise outside the molecule."""
    side = data.shape[0]
    inside = shell_power(ball.spectrum(data.ravel()[ball.inside]), side) / float(np.square(ball.weight).sum())
    without = np.ones(data.size, dtype=np.float32)
    without[ball.inside] -= ball.weight
    outside = fft.rfftn((data.ravel() * without).reshape(data.shape), workers=1)
    noise = shell_power(outside, side) / float(np.square(without).sum())
    shells = np.arange(1, len(inside) + 1) ** 2.0
    noise += INTERPOLATION**2 * float((inside / shells).max()) * shells
    return np.clip(1 - noise / np.maximum(inside, 1e-30), 0, 1)


def _at_shells(values: Matrix, from_grid: Grid, to_grid: Grid) -> Matrix:
    """Return values in the shells of one grid at the shells of another one with the same voxels."""
    n, m = from_grid.shape[0], to_grid.shape[0]
    return np.interp(np.arange(1, m // 2) / m, np.arange(1, len(values) + 1) / n, values)
