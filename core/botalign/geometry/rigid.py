"""Rigid transforms, with or without a mirror, as 3x4 matrices: ``y = M[:, :3] @ x + M[:, 3]`` in angstrom, x first."""

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix

#: The mirror that is applied before the rotation when the moving map is mirrored. The choice of the plane does not
#: matter: maps mirrored in two planes differ by a rotation. This one reverses the first array axis.
MIRROR = np.diag([1.0, 1.0, -1.0])


def identity() -> Matrix:
    """Return the identity."""
    return np.eye(3, 4)


def compose(outer: ArrayLike, inner: ArrayLike) -> Matrix:
    """Return the transform that applies ``inner`` first, then ``outer``, shapes (..., 3, 4); leading axes broadcast."""
    a, b = np.asarray(outer, dtype=np.float64), np.asarray(inner, dtype=np.float64)
    composed: Matrix = a[..., :3] @ b
    composed[..., 3] += a[..., 3]
    return composed


def inverse(transform: ArrayLike) -> Matrix:
    """Return the inverse of affine transforms, shape (..., 3, 4)."""
    m = np.asarray(transform, dtype=np.float64)
    back: Matrix = np.empty_like(m)
    back[..., :3] = np.linalg.inv(m[..., :3])
    back[..., 3:] = -(back[..., :3] @ m[..., 3:])
    return back


def apply_transform(transform: ArrayLike, points: ArrayLike) -> Matrix:
    """Transform points ``(x, y, z)``, shape (..., 3)."""
    m = np.asarray(transform, dtype=np.float64)
    return np.asarray(np.asarray(points, dtype=np.float64) @ m[:, :3].T + m[:, 3])


def transform_about(linear: ArrayLike, centre_from: ArrayLike, centre_to: ArrayLike) -> Matrix:
    """Return the transforms with linear parts, shape (..., 3, 3), that take one centre to another, shapes (..., 3)."""
    a = np.asarray(linear, dtype=np.float64)
    transform: Matrix = np.empty((*a.shape[:-1], 4))
    transform[..., :3] = a
    transform[..., 3] = np.asarray(centre_to, float) - a @ np.asarray(centre_from, float)
    return transform


def is_rigid(transform: ArrayLike, *, tolerance: float = 1e-6) -> bool:
    """Return whether a 3x4 matrix preserves distances; the determinant of its linear part may be 1 or -1."""
    m = np.asarray(transform, dtype=np.float64)
    return bool(
        m.shape == (3, 4) and np.isfinite(m).all() and np.allclose(m[:, :3] @ m[:, :3].T, np.eye(3), atol=tolerance)
    )


def is_mirror(transform: ArrayLike) -> bool:
    """Return whether a 3x4 matrix mirrors: whether the determinant of its linear part is negative."""
    return bool(np.linalg.det(np.asarray(transform, dtype=np.float64)[:, :3]) < 0)
