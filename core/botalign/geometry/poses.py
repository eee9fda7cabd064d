"""Poses of particles in the conventions of RELION and cryoSPARC, and how a transform of their map changes them.

The pose of a particle is a rotation :math:`A` and an origin :math:`o`. A point at :math:`p`, relative to the voxel
``side // 2`` of the map, appears in the image at :math:`A p - o`, relative to the pixel ``side // 2``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry.rigid import MIRROR, apply_transform, is_mirror

#: Below this sine of the tilt, only the sum or the difference of the other two angles is defined.
_POLE = 1e-9


def between_centres(transform: ArrayLike, centre_from: ArrayLike, centre_to: ArrayLike) -> Matrix:
    """Return a transform relative to the points about which particles rotate.

    Parameters
    ----------
    transform : array_like, shape (3, 4)
        Transform of a map, in angstrom.
    centre_from, centre_to : array_like, shape (3,)
        Position of voxel ``side // 2`` in the box of the map, and in the box of the transformed map.

    Returns
    -------
    ndarray, shape (3, 4)
        Transform of coordinates relative to `centre_from` to those relative to `centre_to`.
    """
    matrix = np.asarray(transform, dtype=np.float64)
    return np.column_stack([matrix[:, :3], apply_transform(matrix, centre_from) - np.asarray(centre_to, dtype=float)])


def moved_poses(
    rotations: Matrix, origins: Matrix, transform: Matrix, *, distortion: Matrix | None = None
) -> tuple[Matrix, Matrix]:
    r"""Return the poses with which particles fit a transformed map: their images stay the same.

    With the transform :math:`p' = R p + s`, :math:`A p - o = A' p' - o'` for every point if

    .. math:: A' = A R^T, \qquad o' = o + A' s .

    If the transform mirrors, :math:`A'` is a rotation after a mirror in the plane of the image, :math:`z \to -z`. This
    mirror does not change a projection along :math:`z`.

    Parameters
    ----------
    rotations : ndarray, shape (n, 3, 3)
        Rotations :math:`A` from the coordinates of the map to those of the images.
    origins : ndarray, shape (n, 2) or (n, 3)
        Origins in angstrom: two coordinates for images, three for subtomograms.
    transform : ndarray, shape (3, 4)
        Transform between the centres of rotation, in angstrom; see :func:`between_centres`.
    distortion : ndarray, shape (n, 2, 2), optional
        Linear map from ideal to distorted images, for anisotropic magnification.

    Returns
    -------
    rotations : ndarray, shape (n, 3, 3)
        The new rotations.
    origins : ndarray, shape (n, 2) or (n, 3)
        The new origins.

    Raises
    ------
    InputError
        If the transform mirrors, and the particles are subtomograms.
    """
    after = rotations @ transform[:, :3].T
    shifts = after @ transform[:, 3]
    if is_mirror(transform):
        if origins.shape[1] == 3:
            raise InputError("the transform mirrors the map, but subtomograms have a hand, which no pose can change.")
        after = MIRROR @ after
    if origins.shape[1] == 2:
        shifts = shifts[:, :2]
        if distortion is not None:
            shifts = np.einsum("nij,nj->ni", distortion, shifts)
    return after, origins + shifts


def relion_rotations(angles_degrees: ArrayLike) -> Matrix:
    r"""Return the rotations, shape (n, 3, 3), of Euler angles of RELION: ``rlnAngleRot``, ``Tilt``, ``Psi``.

    They are :math:`A = R_z(\psi)\, R_y(\theta)\, R_z(\phi)` of rotations of the coordinate system, the inverses of
    rotations of points: ``Euler_angles2matrix`` of RELION.
    """
    angles = np.asarray(angles_degrees, dtype=np.float64)
    return np.asarray(Rotation.from_euler("ZYZ", angles, degrees=True).inv().as_matrix(), dtype=np.float64)


def relion_angles_degrees(rotations: Matrix) -> Matrix:
    """Return the Euler angles of RELION, shape (n, 3), from -180 to 180, 0 to 180 and -180 to 180 degrees.

    If the tilt is 0 or 180, rot is 0.
    """
    A = np.asarray(rotations, dtype=np.float64)
    sine = np.hypot(A[:, 0, 2], A[:, 1, 2])
    at_pole = sine < _POLE
    rot = np.where(at_pole, 0.0, np.arctan2(A[:, 2, 1], A[:, 2, 0]))
    up = np.where(A[:, 2, 2] > 0, 1.0, -1.0)
    psi = np.where(at_pole, np.arctan2(-up * A[:, 1, 0], up * A[:, 0, 0]), np.arctan2(A[:, 1, 2], -A[:, 0, 2]))
    angles = np.stack([rot, np.arctan2(sine, A[:, 2, 2]), psi], axis=1)
    return np.asarray(np.degrees(angles) + 0.0)  # without negative zeros


def cryosparc_rotations(vectors: ArrayLike) -> Matrix:
    """Return the rotations, shape (n, 3, 3), of poses of cryoSPARC: vectors of the rotation from image to map."""
    rotations = Rotation.from_rotvec(-np.asarray(vectors, dtype=np.float64))
    return np.asarray(rotations.as_matrix(), dtype=np.float64)


def cryosparc_vectors(rotations: Matrix) -> Matrix:
    """Return the poses of cryoSPARC, shape (n, 3), of length 0 to pi."""
    return np.asarray(-Rotation.from_matrix(rotations).as_rotvec(), dtype=np.float64)
