"""Poses of images in RELION's convention."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def relion_pose(
    angles_degrees: Array, shifts_angstrom: Array, *, side: int, pixel_size_angstrom: float
) -> tuple[Array, Array]:
    """Return the angle psi and the origin that bring images into the pose of their averages.

    An average rotated by the angle, from x to y about its middle, and then shifted looks like the image. RELION shifts
    the image by its origin and then rotates it by psi about the pixel ``side // 2``.

    Parameters
    ----------
    angles_degrees : ndarray, shape (n,)
        Rotations of the averages.
    shifts_angstrom : ndarray, shape (n, 2)
        Shifts ``(x, y)`` of the averages.
    side : int
        Side of the images in pixels.
    pixel_size_angstrom : float
        Side of a pixel.

    Returns
    -------
    psi_degrees : ndarray, shape (n,)
        ``rlnAnglePsi``.
    origin_angstrom : ndarray, shape (n, 2)
        ``rlnOriginXAngst`` and ``rlnOriginYAngst``.
    """
    angle = np.radians(angles_degrees)
    # The middle is (side - 1) / 2.
    off = (side // 2 - (side - 1) / 2) * pixel_size_angstrom
    rotated = off * np.stack([np.cos(angle) - np.sin(angle), np.sin(angle) + np.cos(angle)], axis=1)
    psi = -angles_degrees
    return np.where(psi < -180, psi + 360, psi) + 0.0, off - rotated - shifts_angstrom
