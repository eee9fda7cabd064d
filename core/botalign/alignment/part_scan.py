r"""A part compared with a whole at a rotation, over all shifts at once.

With :math:`m` the rotated support of the part, :math:`u` its edges and :math:`v` those of the whole, the local
correlation at every shift :math:`s`,

.. math:: c(R, s) = \frac{\sum_x m (u - \bar u) v(x + s)}
          {\sqrt{\sum_x m (u - \bar u)^2 \left(\sum_x m v(x + s)^2 - (\sum_x m v(x + s))^2 / \sum_x m\right)}} ,

is three cross-correlations (Roseman 2003, Ultramicroscopy 94, 225). Only the numerator is computed at every shift, by
fast Fourier transform. With the support averaged over all rotations, the denominator does not depend on the rotation:
it is computed once, to find the best shifts, and exactly at these.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import fft

from botalign.alignment.part_pair import PartPair
from botalign.arrays import Matrix, Volume
from botalign.maps.grid import Grid
from botalign.maps.interpolation import rotate_in_ball

#: The part is interpolated trilinearly in a grid this many times finer.
OVERSAMPLING = 2
#: Shifts that are kept of each rotation by default, and by how many radii of the part they differ along an axis.
PEAKS, APART = 6, 0.25
#: Where the edges of the whole are weaker than this fraction of what is expected, the part cannot be.
LEAST_STRENGTH = 0.6


@dataclass(frozen=True, eq=False)
class PartScan:
    """The edges of a part and of a whole, coarsely sampled.

    Attributes
    ----------
    part, support : ndarray
        Edges of the part, and its support, in a cube that is `OVERSAMPLING` times finer.
    whole : ndarray
        Edges of the whole, continued periodically by one side of the part.
    spectrum : ndarray
        Half spectrum of the whole.
    weight : ndarray
        Approximate inverse of the spread of the whole inside the part, at each shift.
    least_variance : float
        The smallest variance of the whole inside the part.
    side : int
        Side in voxels of the cube of the part.
    first_centre : ndarray, shape (3,)
        Where the shift of index zero puts the centre of the part.
    voxel_angstrom : float
        Side of a voxel.
    """

    part: Volume
    support: Volume
    whole: Volume
    spectrum: NDArray[np.complex64]
    weight: Volume
    least_variance: float
    side: int
    first_centre: Matrix
    voxel_angstrom: float

    @classmethod
    def of(cls, pair: PartPair, voxel_angstrom: float, sigma_angstrom: float) -> PartScan:
        """Sample both maps."""
        voxel, sigma = voxel_angstrom, sigma_angstrom
        side = int(np.ceil(2 * pair.radius_angstrom / voxel)) + 2
        fine = Grid.cube(OVERSAMPLING * side, voxel / OVERSAMPLING, pair.centre_angstrom)
        edges, support = pair.part_on(fine, sigma)
        low, high = pair.whole_bounds
        places = np.ceil((high - low) / voxel).astype(int) + 1
        # What extends beyond one face of the box comes in at the opposite one, where there is nothing.
        nz, ny, nx = (fft.next_fast_len(max(side, int(count) + side // 2 + 1), real=True) for count in places[::-1])
        grid = Grid((shape := (nz, ny, nx)), (voxel,) * 3, tuple(low - voxel * (side - 1) / 2))
        whole, inside = pair.whole_on(grid, sigma)
        spectra = fft.rfftn(np.stack([whole, whole * whole]), axes=(1, 2, 3), workers=1)
        window = _averaged_over_rotations(support, side)
        total = float(window.sum())
        averaged = np.conj(fft.rfftn(window, shape, workers=1))
        mean, squares = fft.irfftn(averaged * spectra, shape, axes=(1, 2, 3), workers=1) / total
        least = (LEAST_STRENGTH * pair.strength * float(whole[inside > 0].std())) ** 2
        valid = tuple(slice(count) for count in places[::-1])
        weight = 1 / np.sqrt(np.maximum(squares - mean**2, least))[valid]
        extended = np.pad(whole, [(0, side)] * 3, mode="wrap")
        return cls(
            edges, support, extended, spectra[0].astype(np.complex64), weight.astype(np.float32),
            least, side, low, voxel,
        )  # fmt: skip

    def best_places(self, linear: Matrix, peaks: int = PEAKS) -> tuple[Matrix, Matrix]:
        """Return the largest local correlations of the rotated part, shape (n,), and the shifts, shape (n, 3).

        A shift is where the centre of the part lies in the whole, in angstrom.
        """
        part = self._rotated(linear)
        shape = tuple(side - self.side for side in self.whole.shape)
        # The part fills a corner of the box, and its shifts another one: axis by axis, the transforms skip the rest.
        rotated = fft.rfft(part.edges, shape[2], axis=2, workers=1)
        rotated = fft.fft(fft.fft(rotated, shape[1], axis=1, workers=1), shape[0], axis=0, workers=1)
        np.conj(rotated, out=rotated)
        rotated *= self.spectrum
        nz, ny, nx = self.weight.shape
        columns = fft.ifft(fft.ifft(rotated, axis=0, workers=1)[:nz], axis=1, workers=1)[:, :ny]
        products = fft.irfft(columns, shape[2], axis=2, workers=1)[:, :, :nx]
        estimate = products * self.weight
        reach = max(1, round(APART * self.side / 2))
        scores, shifts = np.empty(peaks), np.empty((peaks, 3))
        for number in range(peaks):
            peak = np.unravel_index(int(estimate.argmax()), estimate.shape)
            scores[number] = self._normalised(float(products[peak]), part, peak)
            shifts[number] = peak[::-1]
            estimate[tuple(slice(max(0, at - reach), at + reach + 1) for at in peak)] = -np.inf
        return scores, self.first_centre + self.voxel_angstrom * shifts

    def at_place(self, linear: Matrix, place: Matrix) -> tuple[Matrix, Matrix]:
        """Return the local correlation of the rotated part at a place, shape (1,), and the place, shape (1, 3)."""
        at = np.rint((place - self.first_centre) / self.voxel_angstrom).astype(int)[::-1]
        score = -1.0
        if (at >= 0).all() and (at < self.weight.shape).all():
            part = self._rotated(linear)
            window = self.whole[tuple(slice(start, start + self.side) for start in at)]
            score = self._normalised(float(np.vdot(part.edges, window)), part, at)
        return np.array([score]), place[None]

    def _rotated(self, linear: Matrix) -> _RotatedPart:
        pull = OVERSAMPLING * linear.T
        u, m = np.empty((self.side,) * 3, np.float32), np.empty((self.side,) * 3, np.float32)
        rotate_in_ball(self.part, pull, u)
        rotate_in_ball(self.support, pull, m)
        total = float(m.sum())
        u -= float(np.vdot(m, u)) / total
        energy = float(np.vdot(m, u * u))
        u *= m
        return _RotatedPart(u, m, total, energy)

    def _normalised(self, product: float, part: _RotatedPart, shift: Iterable[Any]) -> float:
        """Return the local correlation at a shift in voxels, ``(z, y, x)``, given its numerator."""
        total, squares = _weighted_sums(part.support, self.whole, *shift)
        mean = total / part.total
        variance = squares / part.total - mean**2
        return product / float(np.sqrt(part.energy * max(variance, self.least_variance) * part.total))


@dataclass(frozen=True, eq=False)
class _RotatedPart:
    """The rotated edges of a part about their mean, and their support; sums of the support and of their squares."""

    edges: Volume
    support: Volume
    total: float
    energy: float


class Scanned:
    """Rotations, places and scores of the scan."""

    def __init__(self) -> None:
        self.linears: list[Matrix] = []
        self.places: list[Matrix] = []
        self.scores: list[Matrix] = []

    def add(self, linear: Matrix, scores: Matrix, places: Matrix) -> None:
        """Add the best places of a rotation."""
        self.linears.append(linear)
        self.places.append(places)
        self.scores.append(scores)

    def best(self, count: int) -> Iterator[tuple[float, Matrix, Matrix]]:
        """Yield the best scores with their rotations and places."""
        scores = np.concatenate(self.scores)
        for index in np.argsort(-scores, kind="stable")[:count]:
            number, place = divmod(int(index), len(self.scores[0]))
            yield float(scores[index]), self.linears[number], self.places[number][place]

    def typical(self, count: int) -> Iterator[tuple[float, Matrix, Matrix]]:
        """Yield the best score, rotation and place of rotations that are spread evenly."""
        for number in range(0, len(self.linears), max(1, len(self.linears) // count)):
            index = int(np.argmax(self.scores[number]))
            yield float(self.scores[number][index]), self.linears[number], self.places[number][index]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _weighted_sums(weights: Volume, values: Volume, z: int, y: int, x: int) -> tuple[float, float]:
    """Return the weighted sums of values and of their squares; the weights begin at an index of the values."""
    # Compiled code does not check indices: the whole is padded by one side of the part, so every window lies inside.
    total = squares = np.float32(0)
    nz, ny, nx = weights.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                value = values[z + k, y + j, x + i]
                product = weights[k, j, i] * value
                total += product
                squares += product * value
    return float(total), float(squares)


def _averaged_over_rotations(support: Volume, side: int) -> Volume:
    """Return the average of a support, given in a finer cube, over all rotations."""
    fine = _distances(support.shape[0]).ravel() / OVERSAMPLING
    shells = np.round(fine).astype(int)
    profile = np.bincount(shells, weights=support.ravel()) / np.maximum(np.bincount(shells), 1)
    return np.interp(_distances(side), np.arange(len(profile)), profile).astype(np.float32)


def _distances(side: int) -> Matrix:
    """Return the distance of each voxel of a cube from its centre, in voxels."""
    squared = (np.arange(side) - (side - 1) / 2) ** 2
    return np.asarray(np.sqrt(squared[:, None, None] + squared[:, None] + squared))
