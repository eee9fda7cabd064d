"""Rotations: matrices, unit quaternions ``(w, x, y, z)``, rotation vectors, and the angle between two rotations."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from botalign.arrays import Matrix

#: The cross products with the axes, shape (3, 9): ``vector @ _CROSS`` is the matrix of the cross product with a vector.
_CROSS = np.array([[0, 0, 0, 0, 0, -1, 0, 1, 0], [0, 0, 1, 0, 0, 0, -1, 0, 0], [0, -1, 0, 1, 0, 0, 0, 0, 0.0]])


def random_rotations(count: int, rng: np.random.Generator) -> Matrix:
    """Draw rotations uniformly from SO(3) (Haar measure).

    Parameters
    ----------
    count : int
        Number of rotations.
    rng : numpy.random.Generator
        Random number generator.

    Returns
    -------
    ndarray, shape (count, 3, 3)
        Rotation matrices.
    """
    return matrix_from_quaternion(random_quaternions(count, rng))


def random_quaternions(count: int, rng: np.random.Generator) -> Matrix:
    """Draw unit quaternions uniformly, as normalised Gaussian vectors in four dimensions."""
    q = rng.standard_normal((count, 4))
    return np.asarray(q / np.linalg.norm(q, axis=1, keepdims=True))


def uniform_rotations(count: int) -> Matrix:
    """Return rotations that cover SO(3) evenly, shape (count, 3, 3); the same ones each time.

    They lie on the super-Fibonacci spiral of Alexa (2022, CVPR, 8291). With a thousand of them, every rotation is
    within about 20 degrees of the nearest.
    """
    s = np.arange(count) + 0.5
    inner, outer = np.sqrt(s / count), np.sqrt(1 - s / count)
    first, second = 2 * np.pi * s / np.sqrt(2), 2 * np.pi * s / 1.533751168755204288118041
    quaternions = np.stack(
        [inner * np.sin(first), inner * np.cos(first), outer * np.sin(second), outer * np.cos(second)], axis=1
    )
    return matrix_from_quaternion(quaternions)


def matrix_from_quaternion(quaternion: ArrayLike) -> Matrix:
    """Return the rotation matrices, shape (..., 3, 3), of unit quaternions ``(w, x, y, z)``, shape (..., 4)."""
    q = np.asarray(quaternion, dtype=np.float64)
    # Creating a scipy Rotation takes longer than all other arithmetic of a search step.
    w, x, y, z = q.tolist() if q.ndim == 1 else q.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrices = np.array(rows)
    return matrices if q.ndim == 1 else matrices.transpose(*range(matrices.ndim - 1, 1, -1), 0, 1)


def quaternion_from_matrix(rotation: ArrayLike) -> Matrix:
    """Return the unit quaternions ``(w, x, y, z)``, ``w >= 0``, shape (..., 4), of matrices, shape (..., 3, 3)."""
    R = np.asarray(rotation, dtype=np.float64)
    q = Rotation.from_matrix(R.reshape(-1, 3, 3)).as_quat()[:, [3, 0, 1, 2]]
    q = np.where(q[:, :1] < 0, -q, q)
    return np.asarray(q.reshape(*R.shape[:-2], 4), dtype=np.float64)


def matrix_from_rotation_vector(vector: ArrayLike) -> Matrix:
    """Return the rotations, shape (..., 3, 3), about vectors, shape (..., 3), by their lengths in radians."""
    v = np.asarray(vector, dtype=np.float64)
    angle = np.sqrt((v * v).sum(axis=-1))[..., None, None]
    # Rodrigues: I + sin(a) / a K + (1 - cos(a)) / a^2 K^2, with the cross product K. Numpy's sinc(x) has pi x.
    sine, cosine = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2
    cross = (v @ _CROSS).reshape(*v.shape[:-1], 3, 3)
    return np.asarray(np.eye(3) + sine * cross + cosine * (cross @ cross))


def axis_angle(rotation: ArrayLike) -> tuple[Matrix, float]:
    """Return the axis (a unit vector; ``(0, 0, 1)`` for the identity) and the angle (0 to 180 degrees) of a matrix."""
    R = np.asarray(rotation, dtype=np.float64)
    # R - R^T = 2 sin(a) K and R + R^T = 2 cos(a) I + 2 (1 - cos(a)) n n^T, with the cross product K.
    twice = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    sine, cosine = float(np.sqrt(twice @ twice)), float(R[0, 0] + R[1, 1] + R[2, 2]) - 1
    angle = math.atan2(sine, cosine)
    if angle < 1e-12:
        return np.array([0.0, 0.0, 1.0]), float(np.degrees(angle))
    if cosine > 0:
        return twice / sine, float(np.degrees(angle))
    # Near 180 degrees the sine is small.
    outer = (R + R.T - cosine * np.eye(3)) / (2 - cosine)
    column = outer[int(np.argmax(np.diag(outer)))]
    return column * (math.copysign(1.0, float(column @ twice)) / np.sqrt(column @ column)), float(np.degrees(angle))


def euler_zyz_degrees(rotation: ArrayLike) -> Matrix:
    """Return the Euler angles ``(a, b, c)`` in degrees of a rotation ``Rz(a) Ry(b) Rz(c)``, with ``b`` from 0 to 180.

    Where ``b`` is 0 or 180, only the sum or the difference of the others is defined, and ``c`` is 0.
    """
    R = np.asarray(rotation, dtype=np.float64)
    b = np.arctan2(np.hypot(R[0, 2], R[1, 2]), R[2, 2])
    if np.sin(b) < 1e-9:
        return np.degrees([np.arctan2(np.sign(R[2, 2]) * R[1, 0], np.sign(R[2, 2]) * R[0, 0]), b, 0.0])
    return np.degrees([np.arctan2(R[1, 2], R[0, 2]), b, np.arctan2(R[2, 1], -R[2, 0])])


def geodesic_degrees(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    r"""Return the angle of the rotation that takes ``second`` to ``first``, in degrees.

    This is the geodesic distance on SO(3), :math:`\Theta(R, S) = \arccos\left((\mathrm{tr}\, R S^T - 1) / 2\right)`
    (eq. 9 of Singer and Yang 2024). It is computed from :math:`\|R - S\|_F = 2\sqrt{2} \sin(\Theta / 2)`, because the
    arc cosine loses half of its digits at small angles.

    Parameters
    ----------
    first, second : array_like, shape (..., 3, 3)
        Rotation matrices; leading axes are broadcast.

    Returns
    -------
    ndarray, shape (...)
        Angles, 0 to 180 degrees.
    """
    chord = np.linalg.norm(np.asarray(first, float) - np.asarray(second, float), axis=(-2, -1)) / np.sqrt(8.0)
    return np.asarray(np.degrees(2.0 * np.arcsin(np.clip(chord, 0.0, 1.0))))
