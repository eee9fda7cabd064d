"""Images that particles of a map would have, from their poses; independent of how poses are converted."""

import numpy as np
from numpy.typing import NDArray

import botalign


def projected(
    density_map: botalign.DensityMap,
    rotations: NDArray[np.float64],
    origins_angstrom: NDArray[np.float64],
    size: int,
    pixel: float,
) -> NDArray[np.float64]:
    """Project a cubic map about its voxel ``side // 2`` onto images of the same field of view.

    The point ``p``, relative to this voxel, appears at ``rotation @ p - origin``, relative to the pixel ``size // 2``.
    """
    side, voxel = len(density_map.data), density_map.grid.voxel_size_angstrom[0]
    images = botalign.projections(density_map, rotations, size=size, about="box").stack.images
    # The middle of the box, (side - 1) / 2, is at the middle of the images.
    middle = np.full(3, ((side - 1) / 2 - side // 2) * voxel)
    shift = ((rotations @ middle)[:, :2] - origins_angstrom) / pixel + size // 2 - (size - 1) / 2
    k = np.fft.fftfreq(size)
    phase = shift[:, 0, None, None] * k[None, None, :] + shift[:, 1, None, None] * k[None, :, None]
    return np.fft.ifft2(np.fft.fft2(images) * np.exp(-2j * np.pi * phase)).real
