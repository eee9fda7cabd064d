r"""How much of a map survives averaging about each axis through its centre, from spherical harmonics.

On spheres about the centre, of radius r, the map is :math:`f(r, \Omega) = \sum_{lm} f_{lm}(r) Y_{lm}(\Omega)`. In a
frame with an axis as z, its coefficients are :math:`g_{lm} = \sum_{m'} D^l_{m'm}{}^* f_{lm'}`, and a rotation about the
axis by an angle :math:`\theta` multiplies them by :math:`e^{-im\theta}`. So the average over the n rotations of a
cyclic group keeps the powers

.. math:: p_m = \sum_l \sum_r |g_{lm}(r)|^2 r^2

with m a multiple of n, and removes the others. All orders of an axis cost as little as one. The lowest degrees, those
of the outline, are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from botalign.arrays import Matrix, Volume

#: Degrees of the harmonics. Those below the first are the outline: centre, size, and inertia.
LOWEST, HIGHEST = 3, 12
#: Spheres on which the map is sampled, and samples on each: latitudes, and points of each latitude.
SPHERES, LATITUDES, POINTS = 8, 20, 40
#: Angle in degrees between neighbouring axes.
STEP_DEGREES = 6.0
#: Orders whose axes are searched for. The order of any axis is a multiple of one of them.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23)
#: Axes of each order that are returned, and of an order above five: no group has more of them than six, and one.
#: They differ by so many degrees at least.
AXES, OF_HIGH_ORDER, APART_DEGREES = 6, 2, 12.0
#: A map with less than this fraction of its power in the harmonics is a ball: all axes are alike.
LEAST_POWER = 1e-4


@dataclass(frozen=True, eq=False)
class ScannedAxis:
    """An axis about which a map resembles itself.

    Attributes
    ----------
    similarity : float
        Mean correlation of the map with itself, rotated about the axis by multiples of 360 degrees over `order`.
    order : int
        A prime number.
    direction : ndarray, shape (3,)
        Unit vector ``(x, y, z)``.
    """

    similarity: float
    order: int
    direction: Matrix


def scan_axes(volume: Volume, radius_voxels: float) -> list[ScannedAxis]:
    """Return the axes through the centre of a cube about which a map resembles itself most.

    Parameters
    ----------
    volume : ndarray, shape (n, n, n)
        The map, centred in the cube.
    radius_voxels : float
        Radius of the ball that is compared.

    Returns
    -------
    list of ScannedAxis
        At most six of each prime order, two above order five, the largest similarity first.
    """
    harmonics = _harmonics(volume, radius_voxels)
    every = sum(float((np.abs(each) ** 2).sum()) for each in harmonics)
    powers = _powers(harmonics[LOWEST:])
    total = powers.sum(axis=1)
    if total[0] <= LEAST_POWER * every:
        return []
    found = []
    for order in PRIMES:
        kept = powers[:, ::order].sum(axis=1) / total
        similarity = (order * kept - 1) / (order - 1)
        peaks = _peaks(similarity, AXES if order <= 5 else OF_HIGH_ORDER)
        found += [ScannedAxis(float(similarity[i]), order, _axes().directions[i]) for i in peaks]
    return sorted(found, key=lambda axis: -axis.similarity)


@dataclass(frozen=True, eq=False)
class _Axes:
    """Axes on rings of equal angle to z, and for each ring the matrices that turn harmonics to them."""

    directions: Matrix
    phases: list[NDArray[np.complex64]]
    turns: list[list[NDArray[np.complex64]]]


@lru_cache(maxsize=1)
def _axes() -> _Axes:
    """Return axes spread evenly over half of the sphere."""
    step = np.radians(STEP_DEGREES)
    directions, phases, turns = [], [], []
    every = np.arange(-HIGHEST, HIGHEST + 1)
    for polar in np.arange(step / 2, np.pi / 2, step):
        count = max(1, round(2 * np.pi * np.sin(polar) / step))
        azimuth = 2 * np.pi * (np.arange(count) + 0.5) / count
        across, up = np.sin(polar), np.full(count, np.cos(polar))
        directions.append(np.stack([across * np.cos(azimuth), across * np.sin(azimuth), up], axis=1))
        phases.append(np.exp(1j * np.outer(every, azimuth)).astype(np.complex64))
        # The map is real, so that the powers of -m are those of m.
        turns.append([_wigner(degree, polar).T[degree:].astype(np.complex64) for degree in range(LOWEST, HIGHEST + 1)])
    return _Axes(np.concatenate(directions), phases, turns)


def _powers(harmonics: list[NDArray[np.complex64]]) -> Matrix:
    """Return the power in each m about each axis, shape (axes, HIGHEST + 1)."""
    axes = _axes()
    powers = np.zeros((len(axes.directions), HIGHEST + 1))
    begin = 0
    for phases, turns in zip(axes.phases, axes.turns, strict=True):
        count = phases.shape[1]
        for degree, (values, turn) in enumerate(zip(harmonics, turns, strict=True), start=LOWEST):
            phased = phases[HIGHEST - degree : HIGHEST + degree + 1, :, None] * values[:, None, :]
            turned = (turn @ phased.reshape(len(phased), -1)).view(np.float32).reshape(degree + 1, count, -1)
            powers[begin : begin + count, : degree + 1] += np.einsum("mak,mak->am", turned, turned)
        begin += count
    powers[:, 1:] *= 2
    return powers


def _harmonics(volume: Volume, radius_voxels: float) -> list[NDArray[np.complex64]]:
    """Return the coefficients of each degree on the spheres, times their radii, shapes (2 degree + 1, SPHERES)."""
    nodes, units, bases = _sphere()
    radii = (np.arange(SPHERES) + 0.5) / SPHERES * radius_voxels
    places = radii[:, None] * units[:, None, :] + (len(volume) - 1) / 2  # x, y, z
    values = ndimage.map_coordinates(volume, places[::-1].reshape(3, -1), order=1, mode="nearest")
    rings = np.fft.fft(values.reshape(SPHERES, LATITUDES, POINTS), axis=2)
    found = []
    for degree, basis in enumerate(bases):
        of_degree = rings[:, :, np.arange(-degree, degree + 1)] * radii[:, None, None]
        found.append(np.einsum("ktm,mt,t->mk", of_degree, basis, nodes).astype(np.complex64))
    return found


@lru_cache(maxsize=1)
def _sphere() -> tuple[Matrix, Matrix, list[Matrix]]:
    """Return the weights of the latitudes, the points as unit vectors, shape (3, n), and the bases of each degree."""
    cosine, weights = np.polynomial.legendre.leggauss(LATITUDES)
    polar, azimuth = np.arccos(cosine), 2 * np.pi * np.arange(POINTS) / POINTS
    sine = np.sin(polar)[:, None]
    units = np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), np.repeat(cosine[:, None], POINTS, axis=1)])
    bases = [
        np.sqrt((2 * degree + 1) / 2) * np.stack([_wigner(degree, each)[:, degree] for each in polar], axis=1)
        for degree in range(HIGHEST + 1)
    ]
    return weights, units.reshape(3, -1), bases


def _wigner(degree: int, polar: float) -> Matrix:
    """Return Wigner's matrix of a rotation about y: the exponential of that of the angular momentum."""
    values, vectors = _momentum(degree)
    return np.asarray(((vectors * np.exp(-1j * polar * values)) @ vectors.conj().T).real)


@lru_cache(maxsize=HIGHEST + 1)
def _momentum(degree: int) -> tuple[Matrix, NDArray[np.complex128]]:
    """Return eigenvalues and eigenvectors of the angular momentum about y, m ascending."""
    m = np.arange(-degree, degree)
    raising = np.diag(np.sqrt(degree * (degree + 1) - m * (m + 1)), -1)
    values, vectors = np.linalg.eigh((raising - raising.T) / 2j)
    return values, vectors


def _peaks(similarity: Matrix, count: int) -> list[int]:
    """Return the axes with the largest similarities that differ from each other, at most `count`."""
    directions = _axes().directions
    chosen: list[int] = []
    limit = np.cos(np.radians(APART_DEGREES))
    free = np.ones(len(directions), dtype=bool)
    while len(chosen) < count and free.any():
        index = int(np.argmax(np.where(free, similarity, -np.inf)))
        chosen.append(index)
        free &= np.abs(directions @ directions[index]) < limit
    return chosen
