"""Losses of the search: distances between the rotated moving map and the fixed map in the box of the search."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from botalign.arrays import Volume
from botalign.transport import WaveletDistance

#: A distance between two maps on one grid, ``[z, y, x]``: the rotated moving map and the fixed map, both of mass 1.
Distance = Callable[[Volume, Volume], float]

#: The losses with a name. For ``"core"`` the search minimises the WEMD; the common part decides between candidates.
LOSSES = ("wemd", "l2", "core")

#: Length scales of the surrogate's kernel (Singer and Yang 2024, Section 4.1).
_LENGTH_SCALES = {"wemd": 0.75, "l2": 1.0, "core": 0.75}


def length_scale(loss: str | Distance) -> float:
    """Return the length scale of the surrogate's kernel for a loss."""
    return _LENGTH_SCALES[loss if isinstance(loss, str) else "wemd"]


def distance_for(
    loss: str | Distance, shape: tuple[int, int, int], *, wavelet: str, scales: int, voxel_angstrom: float
) -> Distance:
    """Return the distance that the search minimises.

    Parameters
    ----------
    loss : str or callable
        One of :data:`LOSSES`, or the distance itself.
    shape : tuple of int
        Shape of the maps.
    wavelet, scales : str, int
        Wavelet and scales of the WEMD.
    voxel_angstrom : float
        Side of a voxel.
    """
    if callable(loss):
        return loss
    if loss == "l2":
        return l2
    return WaveletDistance(shape, wavelet=wavelet, scales=scales, voxel_size=voxel_angstrom)


def l2(first: Volume, second: Volume) -> float:
    """L2 distance between two maps."""
    difference = (first - second).ravel()
    # einsum, not BLAS: its sums don't depend on the number of threads.
    return float(np.sqrt(np.einsum("i,i->", difference, difference, dtype=np.float64)))
