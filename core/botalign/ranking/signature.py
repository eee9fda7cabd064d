r"""The signature of a map: a few numbers that do not depend on its rotation.

The density above the contour level, :math:`f`, is expanded in spherical harmonics on shells about its centre of mass.
The norm of each degree,

.. math:: s_l(r) = \Big( \sum_{m=-l}^{l} \Big| \int Y_{lm}^*(u)\, f(r u)\, du \Big|^2 \Big)^{1/2} ,

is invariant under rotation and mirroring (Kazhdan, Funkhouser and Rusinkiewicz 2003). Radii are in
units of the radius of gyration, which is stored separately.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import eval_legendre

from botalign.alignment.extent import level_enclosing
from botalign.alignment.survey import CLEAR
from botalign.arrays import Matrix, Volume
from botalign.errors import InputError
from botalign.maps.contour import background_level, contrast, level_above, noise_deviation
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid
from botalign.maps.resampling import SMOOTHING_VOXELS, smoothed

#: Version of the signatures, to be increased with every change of what they contain.
SCHEME = 2
#: Number of shells, radius of the outermost shell in radii of gyration, and highest degree.
SHELLS, OUTERMOST, DEGREES = 12, 2.0, 8
#: Number of voxels of the sampling per shell.
VOXELS_IN_SHELL = 1.5
#: Number of directions on a shell.
DIRECTIONS = 400
#: Number of rounds that determine the centre and the radius of gyration.
ROUNDS = 5
#: Standard deviations of the smoothing in shells. The first one with which the map is clear is used, unless the voxels
#: of the map need more.
SMOOTHING = (0.5, 0.75, 1.1, 1.6)
#: A connected region with less than this fraction of the mass of the largest one is noise.
LEAST_PART = 0.1


@dataclass(frozen=True, eq=False)
class Signature:
    """The signature of a map.

    Attributes
    ----------
    gyration_angstrom : float
        Radius of gyration of the density above the contour level.
    contrast : float
        Largest density in standard deviations of the noise, both smoothed; see :func:`botalign.maps.contour.contrast`.
    norms : ndarray of float32, shape (shells, degrees)
        Norms of the degrees on the shells, times the radius, as a unit vector.
    """

    gyration_angstrom: float
    contrast: float
    norms: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Described:
    """What is known of a map of a library without aligning it.

    Attributes
    ----------
    signature : Signature
        Its signature.
    warnings : tuple of str
        The warnings about its file, without its name.
    """

    signature: Signature
    warnings: tuple[str, ...] = ()


def signature(density_map: DensityMap, *, level: float | None = None) -> Signature:
    """Return the signature of a map.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    level : float, optional
        Contour level of the unsmoothed map. The contour of the smoothed map then encloses the same volume. By default
        :func:`botalign.contour_level` of the smoothed map.

    Raises
    ------
    InputError
        If the map has no density above its background.
    """
    background = background_level(density_map.data)
    whole = density_map.grid
    volume = None
    if level is not None:
        volume = np.count_nonzero(density_map.data > level) * float(np.prod(whole.voxel_size_angstrom))
    centre, gyration = whole.centre_angstrom, float(whole.size_angstrom.max()) / (2 * OUTERMOST)
    # The first round uses the whole box, smoothed until hardly any noise is left; the others use the region it found.
    for _ in range(ROUNDS):
        step = OUTERMOST * gyration / SHELLS
        grid = Grid.cube(2 * int(np.ceil(SHELLS * VOXELS_IN_SHELL)) + 5, step / VOXELS_IN_SHELL, centre)
        for smoothing in SMOOTHING:
            sigma = max(smoothing * step, SMOOTHING_VOXELS * max(density_map.grid.voxel_size_angstrom))
            values = smoothed(density_map, grid, sigma_angstrom=sigma, background=background).data
            noise = noise_deviation(values)
            clarity = contrast(values, noise)
            if clarity >= CLEAR:
                break
        enclosing = None if volume is None else level_enclosing(values, volume / grid.voxel_size_angstrom[0] ** 3)
        values = _molecule(values, level_above(values, 0.0, noise) if enclosing is None else enclosing)
        if not values.any():
            raise InputError(f"{density_map.name}: no density above its background; is its contrast inverted?")
        gyration, centre = _gyration(values, grid)
    radii = (np.arange(SHELLS) + 0.5) * OUTERMOST * gyration / SHELLS
    places = radii[:, None, None] * _directions() + centre - grid.origin_angstrom
    places = places.reshape(-1, 3).T[::-1] / grid.voxel_size_angstrom[0]
    on_shells = ndimage.map_coordinates(values, places, order=1).reshape(SHELLS, DIRECTIONS)
    norms = np.sqrt(np.einsum("si,lij,sj->sl", on_shells, _kernels(), on_shells).clip(min=0)) * radii[:, None]
    return Signature(gyration, clarity, (norms / np.linalg.norm(norms)).astype(np.float32))


def _molecule(values: Volume, level: float) -> Volume:
    """Return the density above a level, without small regions of noise."""
    parts, _ = ndimage.label(values > level)
    above = np.maximum(values - np.float32(level), 0)
    masses = np.bincount(parts.ravel(), weights=above.ravel())
    return np.where((masses >= LEAST_PART * masses.max())[parts], above, np.float32(0))


def _gyration(values: Volume, grid: Grid) -> tuple[float, Matrix]:
    """Return the radius of gyration and the centre of a density."""
    inside = np.flatnonzero(values)
    mass = values.ravel()[inside].astype(np.float64)
    places = np.stack(np.unravel_index(inside, grid.shape)[::-1], axis=1) * grid.voxel_size_angstrom[0]
    places = places + grid.origin_angstrom
    middle = mass @ places / mass.sum()
    squared = ((places - middle) ** 2).sum(axis=1)
    return float(np.sqrt(mass @ squared / mass.sum())), middle


@cache
def _directions() -> Matrix:
    """Return evenly distributed directions, shape (n, 3), on a Fibonacci spiral."""
    number = np.arange(DIRECTIONS) + 0.5
    z, angle = 1 - 2 * number / DIRECTIONS, np.pi * (1 + np.sqrt(5)) * number
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), z], axis=1)


@cache
def _kernels() -> Matrix:
    """Return the matrices that give the power of each degree, shape (degrees, n, n), by the addition theorem."""
    cosines = _directions() @ _directions().T
    degrees = np.arange(DEGREES)[:, None, None]
    return np.asarray((2 * degrees + 1) * eval_legendre(degrees, cosines) / DIRECTIONS**2)


def to_numbers(signatures: Sequence[Signature]) -> tuple[Matrix, NDArray[np.float32]]:
    """Return signatures as arrays, shapes (n, 2) and (n, shells, degrees)."""
    numbers = [(each.gyration_angstrom, each.contrast) for each in signatures]
    return np.array(numbers, dtype=np.float64), np.array([each.norms for each in signatures], dtype=np.float32)


def from_numbers(numbers: NDArray[Any], norms: NDArray[Any]) -> list[Signature]:
    """Return the signatures from the arrays of :func:`to_numbers`."""
    rows = zip(numbers.tolist(), norms, strict=True)
    return [Signature(gyration, clarity, of_shells) for (gyration, clarity), of_shells in rows]
