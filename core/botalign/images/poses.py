"""Poses of images in the convention of RELION."""

from __future__ import annotations

import numpy as np

from botalign.arrays import Matrix


def relion_pose(
    angles_degrees: Matrix, shifts_angstrom: Matrix, *, side: int, pixel_size_angstrom: float
) -> tuple[Matrix, Matrix]:
    """Return the angle psi and the origin that align images to their averages.

    An image shows the average, rotated by the angle from x to y about its centre and then shifted. RELION shifts the
    image by its origin and then rotates it by psi about the pixel ``side // 2``.

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
    # The centre of an image is at (side - 1) / 2.
    off = (side // 2 - (side - 1) / 2) * pixel_size_angstrom
    rotated = off * np.stack([np.cos(angle) - np.sin(angle), np.sin(angle) + np.cos(angle)], axis=1)
    psi = -angles_degrees
    return np.where(psi < -180, psi + 360, psi) + 0.0, off - rotated - shifts_angstrom
