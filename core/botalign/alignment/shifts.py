"""Two maps compared at a rotation over all shifts at once: for noisy maps, and for domains that moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from botalign.alignment.survey import Surveyed, common_sigma_angstrom
from botalign.arrays import Matrix, Volume
from botalign.geometry import transform_about
from botalign.maps.grid import Grid
from botalign.maps.interpolation import rotate_in_ball

#: Side of the box in voxels. In noisy maps a coarse sampling finds poses that a fine one misses.
SIDE = 20
#: The moving map is interpolated trilinearly in a grid this many times finer.
OVERSAMPLING = 2
#: Empty voxels between the molecule and the faces of the box.
MARGIN = 1


@dataclass(frozen=True, eq=False)
class ShiftedPair:
    """Two maps in a ball, coarsely sampled.

    Attributes
    ----------
    spectrum : ndarray of complex64
        Conjugate half spectrum of the fixed map, padded so that nothing wraps around.
    norm : float
        Euclidean norm of the fixed map.
    moving : ndarray of float32, shape (2 SIDE, 2 SIDE, 2 SIDE)
        The moving map at half the spacing.
    voxel_angstrom : float
        Side of a voxel of the fixed map.
    fixed_centre, moving_centre : ndarray, shape (3,)
        Centres of the two boxes.
    """

    spectrum: NDArray[np.complex64]
    norm: float
    moving: Volume
    voxel_angstrom: float
    fixed_centre: Matrix
    moving_centre: Matrix

    @property
    def padded(self) -> int:
        """Voxels a side of the padded box."""
        return int(self.spectrum.shape[0])

    def best_shift(self, linear: Matrix) -> tuple[float, Matrix]:
        r"""Compare the maps at an orthogonal matrix over all shifts of up to a quarter of the box.

        Returns
        -------
        loss : float
            Smallest distance between the two maps, both of norm 1: :math:`\sqrt{2 - 2 c}` with the largest correlation
            :math:`c`, between 0 and 2.
        transform : ndarray, shape (3, 4)
            Transform at which it is reached, to a fraction of a voxel.
        """
        rotated = np.empty((SIDE, SIDE, SIDE), dtype=np.float32)
        rotate_in_ball(self.moving, OVERSAMPLING * linear.T, rotated)
        box = (self.padded,) * 3
        products = fft.irfftn(self.spectrum * fft.rfftn(rotated, box, workers=1), box, workers=1)
        peak = np.unravel_index(int(products.argmax()), box)
        norm = self.norm * float(np.sqrt(np.einsum("ijk,ijk->", rotated, rotated, dtype=np.float64)))
        correlation = min(1.0, float(products[peak]) / norm) if norm > 0 else 0.0
        shift = np.array([self._along(products, peak, axis) for axis in (2, 1, 0)])
        centre = self.fixed_centre - self.voxel_angstrom * shift
        return float(np.sqrt(2 - 2 * correlation)), transform_about(linear, self.moving_centre, centre)

    def _along(self, products: Volume, peak: tuple[np.intp, ...], axis: int) -> float:
        """Return the maximum along an axis of the parabola through the peak and its neighbours, in voxels of shift."""
        before, here, after = (
            float(products[tuple((p + step) % self.padded if a == axis else p for a, p in enumerate(peak))])
            for step in (-1, 0, 1)
        )
        bend = 2 * here - before - after
        whole = int(peak[axis])
        if whole > self.padded // 2:
            whole -= self.padded
        return whole + (0.5 * (after - before) / bend if bend > 0 else 0.0)


def shifted_pair(fixed: Surveyed, moving: Surveyed) -> ShiftedPair:
    """Sample two maps so that both molecules fit into the box at any rotation."""
    voxel = 2 * max(fixed.radius_angstrom, moving.radius_angstrom) / (SIDE - 2 * MARGIN)
    sigma = common_sigma_angstrom(fixed, moving, voxel)
    u, v = (
        surveyed.on(Grid.cube(factor * SIDE, voxel / factor, surveyed.centre_angstrom), sigma_angstrom=sigma)
        for surveyed, factor in ((fixed, 1), (moving, OVERSAMPLING))
    )
    ball = np.empty_like(u)
    rotate_in_ball(u, np.eye(3), ball)  # the same ball as that of the moving map
    padded = fft.next_fast_len(SIDE + SIDE // 2, real=True)
    return ShiftedPair(
        np.conj(fft.rfftn(ball, (padded,) * 3, workers=1)),
        float(np.sqrt(np.einsum("ijk,ijk->", ball, ball, dtype=np.float64))),
        v,
        voxel,
        fixed.centre_angstrom,
        moving.centre_angstrom,
    )
