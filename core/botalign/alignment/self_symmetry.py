r"""The rotations that leave a map unchanged, and its point group.

A rotation is judged by the Fourier shell correlation of the map with itself, rotated. For a symmetric map, it is not 1,
because the noise is not symmetric: it is the fraction of signal in the power of a shell. The *agreement* of a rotation
is the sum of the measured correlations over the sum of the expected ones, from features that are finer than the outline
of the molecule to the resolution at which noise prevails: about 1 for a symmetry, and little for a rotation that fits
the outline only.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from botalign.alignment.axis_scan import PRIMES, ScannedAxis, scan_axes
from botalign.alignment.fitting import FitProblem
from botalign.alignment.sampled import coarsened
from botalign.alignment.sampling import fit_problem
from botalign.alignment.shell_curve import shell_correlation
from botalign.alignment.signal import SignalFraction
from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix
from botalign.geometry import axis_angle, geodesic_degrees, identity, matrix_from_rotation_vector, transform_about
from botalign.maps.grid import Grid

#: Side in voxels of the box of the scan, and empty voxels at each of its faces.
SIDE, MARGIN = 32, 2
#: An axis may be that of a symmetry if the map resembles itself as much. Noise lowers the similarity.
LEAST_SIMILARITY = 0.5
#: Fitted rotations that are judged, those with the largest correlation.
JUDGED = 16
#: Voxels across the molecule in the fit, and points of it.
ACROSS, THINNED = 28, 8_000
#: Voxels across the molecule in a draft.
DRAFT_ACROSS = 48
#: Points of the fit by which most axes are rejected, and its steps.
FEW, STEPS = 2_000, 5
#: A fitted rotation has an order if its angle is this close to that of the order, in degrees, and no further away than
#: this fraction of the distance to that of the next order.
ANGLE_DEGREES, NEAREST = 3.0, 0.45
#: The least agreement of a symmetry. The estimate of the noise has an error, so that it may be less than 1: noisy
#: symmetric phantoms have at least 0.87, maps without symmetry at most 0.5 (``benchmarks/point_groups.py``).
LEAST_AGREEMENT = 0.8
#: Features coarser than this fraction of the diameter are the outline; noise prevails where less than the second
#: number of the power is signal.
OUTLINE, NOISY = 1 / 3, 0.3
#: The largest order of an axis that is tested, and by how much the correlation may fall for a test to be worth it.
HIGHEST, FALL = 48, 0.15


@dataclass(frozen=True, eq=False)
class SelfMatch:
    """A rotation of a map, fitted to the map itself.

    Attributes
    ----------
    transform : ndarray, shape (3, 4)
        The rotation about an axis through the molecule.
    order : int
        Order of the rotation that it was fitted as.
    correlation : float
        Correlation about the mean, at the sampling of the fit.
    correlation_error : float
        Its standard error.
    agreement : float
        Fourier shell correlation as a fraction of that of a symmetric map with the same noise, about 1 for a symmetry.
    resolution_angstrom : float
        Resolution at which the Fourier shell correlation falls below 0.5.
    """

    transform: Matrix
    order: int
    correlation: float
    correlation_error: float
    agreement: float
    resolution_angstrom: float

    @cached_property
    def axis(self) -> Matrix:
        """Unit vector along the axis, shape (3,)."""
        return axis_angle(self.transform[:, :3])[0]

    @property
    def is_symmetry(self) -> bool:
        """Whether the map is symmetric by this rotation."""
        return self.agreement >= LEAST_AGREEMENT


class SelfComparison:
    """A map compared with itself, rotated.

    Parameters
    ----------
    surveyed : Surveyed
        The map.
    signal : SignalFraction
        How much of it is signal.
    """

    def __init__(self, surveyed: Surveyed, signal: SignalFraction) -> None:
        self.surveyed, self.signal = surveyed, signal
        self._judged = surveyed

    def draft(self) -> SelfComparison:
        """Return a comparison that judges rotations at a coarser sampling: what it rejects is not a symmetry."""
        _ = self.fit, self.sparse_fit, self.axes  # computed once for both
        draft = copy.copy(self)
        draft._judged = coarsened(self.surveyed, 2 * self.surveyed.radius_angstrom / DRAFT_ACROSS)
        return draft

    @cached_property
    def fit(self) -> FitProblem:
        """The fit of the map to itself, coarsely sampled."""
        voxel = max(2 * self.surveyed.radius_angstrom / ACROSS, self.surveyed.voxel_angstrom)
        return fit_problem(self.surveyed, self.surveyed, voxel_angstrom=voxel, most=THINNED)

    @cached_property
    def sparse_fit(self) -> FitProblem:
        """The same at few points, to try many poses."""
        return self.fit.thinned(FEW)

    def compared(self, transform: Matrix, order: int, correlation: float) -> SelfMatch:
        """Judge a fitted rotation."""
        shells = shell_correlation(self._judged, self._judged, transform)
        expected = self.signal.at(shells.frequency_per_angstrom)
        noisy = np.flatnonzero(expected < NOISY)
        last = max(2, int(noisy[0]) if len(noisy) else len(expected))
        fine = shells.frequency_per_angstrom > 1 / (2 * self.surveyed.radius_angstrom * OUTLINE)
        first = min(int(np.argmax(fine)) if fine.any() else 0, last - 2)
        # The weights of a matched filter: shells count by their numbers of voxels and by their signal.
        weights = (expected * shells.frequency_per_angstrom**2)[first:last]
        agreement = float((weights @ shells.correlation[first:last]) / (weights @ expected[first:last]))
        error = self.fit.margin(identity(), transform)[1]
        return SelfMatch(transform, order, correlation, error, agreement, shells.resolution(0.5))

    def fitted(self, rotation: Matrix, order: int) -> SelfMatch | None:
        """Fit a rotation about the centre of mass; return None if the fit ends at another angle."""
        for _, end, correlation in self._solved([rotation]):
            return self.compared(end, order, correlation)
        return None

    def _solved(self, rotations: Sequence[Matrix]) -> list[tuple[int, Matrix, float]]:
        """Fit rotations about the centre of mass; return those that did not end at another angle, with their index."""
        wanted = np.array([axis_angle(each)[1] for each in rotations])
        # A start near the angle of the next order may end there.
        reach = np.minimum(ANGLE_DEGREES, NEAREST * wanted * wanted / (360 + wanted))
        left = np.arange(len(wanted))
        ends, correlations = transform_about(np.array(rotations), self.fit.centre, self.fit.centre), np.zeros(len(left))
        for fit, tolerance, steps in ((self.sparse_fit, 0.2, STEPS), (self.fit, 0.02, 12)):
            ends, correlations = fit.solve_all(ends, tolerance=tolerance, max_steps=steps)
            kept = [abs(axis_angle(end[:, :3])[1] - wanted[i]) <= reach[i] for i, end in zip(left, ends, strict=True)]
            left, ends, correlations = left[kept], ends[kept], correlations[kept]
        return [(int(i), end, float(each)) for i, end, each in zip(left, ends, correlations, strict=True)]

    @cached_property
    def axes(self) -> list[ScannedAxis]:
        """The axes about which the coarse map resembles itself most, the largest similarity first."""
        surveyed = self.surveyed
        voxel = 2 * surveyed.radius_angstrom / (SIDE - 2 * MARGIN)
        sigma = common_sigma_angstrom(surveyed, surveyed, voxel)
        grid = Grid.cube(SIDE, voxel, surveyed.centre_angstrom)
        return scan_axes(surveyed.on(grid, sigma_angstrom=sigma), SIDE / 2 - MARGIN)

    def likely(self) -> Iterator[SelfMatch]:
        """Return the rotations about axes that may be symmetries, fitted, the largest correlation first."""
        return self.judged([axis for axis in self.axes if axis.similarity >= LEAST_SIMILARITY])

    def judged(self, axes: Sequence[ScannedAxis]) -> Iterator[SelfMatch]:
        """Fit rotations about scanned axes, and judge the distinct ones one by one, the largest correlation first."""
        found: list[tuple[float, int, Matrix]] = []
        if not axes:
            return
        rotations = [matrix_from_rotation_vector(2 * np.pi / axis.order * axis.direction) for axis in axes]
        for index, end, correlation in self._solved(rotations):
            if not any(_is_same(end, other) for _, _, other in found):
                found.append((correlation, axes[index].order, end))
        found.sort(key=lambda match: -match[0])
        for correlation, order, end in found[:JUDGED]:
            yield self.compared(end, order, correlation)

    def highest_order(self, match: SelfMatch) -> SelfMatch:
        """Return the rotation of the highest order about the axis of a symmetry."""
        # An axis has an order if it has the divisors of the order.
        for factor in PRIMES:
            if factor * match.order > HIGHEST:
                break
            higher = self._of_order(factor * match.order, match)
            if higher is not None:
                return self.highest_order(higher)
        return match

    def _of_order(self, order: int, match: SelfMatch) -> SelfMatch | None:
        """Return the symmetry of an order about the axis of another symmetry, if there is one."""
        rotation = matrix_from_rotation_vector(2 * np.pi / order * match.axis)
        start = transform_about(rotation, self.fit.centre, self.fit.centre)
        if self.sparse_fit.correlation(start) < match.correlation - FALL:
            return None
        higher = self.fitted(rotation, order)
        return higher if higher is not None and higher.is_symmetry else None


def _is_same(first: Matrix, second: Matrix) -> bool:
    """Whether two fitted rotations are one, or inverse to each other."""
    a, b = first[:, :3], second[:, :3]
    return min(float(geodesic_degrees(a, b)), float(geodesic_degrees(a, b.T))) < 1.0
