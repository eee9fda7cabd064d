"""A part compared with a whole at a rotation, over all shifts at once."""

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

#: Voxels across the ball of the part, and the largest side of the box of the whole.
ACROSS, LARGEST_SIDE = 12, 48
#: The part is interpolated trilinearly in a grid this many times finer.
OVERSAMPLING = 2
#: A position where the whole varies less than this fraction of its own standard deviation is empty.
EMPTY = 0.1


@dataclass(frozen=True, eq=False)
class PartScan:
    """A part and a whole, coarsely sampled."""

    part: Volume
    support: Volume
    spectra: NDArray[np.complex64]
    spread: float
    voxel_angstrom: float
    side: int
    part_centre: Matrix
    corner: Matrix

    @classmethod
    def of(cls, part: Surveyed, whole: Surveyed) -> PartScan:
        """Sample both maps; the box of the whole has space for the part around it, so that nothing wraps around."""
        widest = 2 * (whole.radius_angstrom + part.radius_angstrom)
        voxel = max(2 * part.radius_angstrom / ACROSS, widest / LARGEST_SIDE)
        sigma = common_sigma_angstrom(part, whole, voxel)
        side = int(np.ceil(2 * part.radius_angstrom / voxel)) + 2
        fine = Grid.cube(OVERSAMPLING * side, voxel / OVERSAMPLING, part.centre_angstrom)
        u = part.on(fine, sigma_angstrom=sigma)
        support = (u > part.level_of(u, voxel / OVERSAMPLING)).astype(np.float32)
        padded = fft.next_fast_len(int(np.ceil(widest / voxel)) + 2, real=True)
        grid = Grid.cube(padded, voxel, whole.centre_angstrom)
        v = whole.on(grid, sigma_angstrom=sigma)
        v -= v.mean()
        spectra = np.asarray(fft.rfftn(np.stack([v, v * v]), axes=(1, 2, 3), workers=1), dtype=np.complex64)
        return cls(
            u, support, spectra, float(v.std()), voxel, side, part.centre_angstrom, np.array(grid.origin_angstrom)
        )

    def best_place(self, linear: Matrix) -> tuple[float, Matrix]:
        """Return the largest local correlation of the rotated part, and its transform from the part to the whole."""
        pull = OVERSAMPLING * linear.T
        u, m = np.empty((self.side,) * 3, np.float32), np.empty((self.side,) * 3, np.float32)
        rotate_in_ball(self.part, pull, u)
        rotate_in_ball(self.support, pull, m)
        total = float(m.sum())
        u -= float((m * u).sum()) / total
        u *= m
        energy = float(np.sum(u * u / np.maximum(m, 1e-6)))
        box = (self.spectra.shape[1],) * 3
        turned = np.conj(fft.rfftn(np.stack([u, m]), box, axes=(1, 2, 3), workers=1))
        products = np.stack([turned[0] * self.spectra[0], turned[1] * self.spectra[0], turned[1] * self.spectra[1]])
        cross, local, squares = fft.irfftn(products, box, axes=(1, 2, 3), workers=1)
        variance = np.maximum(squares - local * local / total, (EMPTY * self.spread) ** 2 * total)
        correlation = cross / np.sqrt(energy * variance)
        # Where the part would extend beyond the box, the Fourier transform wraps around.
        last = box[0] - self.side
        correlation = correlation[: last + 1, : last + 1, : last + 1]
        peak = np.array(np.unravel_index(int(correlation.argmax()), correlation.shape))[::-1]
        centre = self.corner + self.voxel_angstrom * (peak + (self.side - 1) / 2)
        return float(correlation.max()), transform_about(linear, self.part_centre, centre)
