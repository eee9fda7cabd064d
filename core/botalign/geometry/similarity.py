"""Similarity transforms: rigid transforms that also scale, alike in all directions."""

import numpy as np
from numpy.typing import ArrayLike

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry.rigid import identity, is_rigid, transform_about

#: The scale of a transform that was written with few digits is known to about this precision.
ROUNDED = 1e-6
#: No scale is larger than this, or smaller than its inverse: rather the unit of the matrix is wrong.
LARGEST = 1.5


def scale_factor(transform: ArrayLike) -> float:
    """Return the factor by which a 3x4 similarity transform changes lengths, 1 if it is rigid."""
    return float(np.cbrt(np.abs(np.linalg.det(np.asarray(transform, dtype=np.float64)[:, :3]))))


def is_scaled(transform: ArrayLike) -> bool:
    """Return whether a 3x4 similarity transform changes lengths."""
    return abs(scale_factor(transform) - 1) > ROUNDED


def is_similarity(transform: ArrayLike) -> bool:
    """Return whether a 3x4 matrix preserves angles and scales by a factor that voxel sizes may be wrong by.

    The determinant of its linear part may be negative.
    """
    m = np.asarray(transform, dtype=np.float64)
    if m.shape != (3, 4) or not np.isfinite(m).all():
        return False
    factor = scale_factor(m)
    return 1 / LARGEST < factor < LARGEST and is_rigid(np.column_stack([m[:, :3] / factor, m[:, 3]]))


def scaling(factor: float, centre: ArrayLike) -> Matrix:
    """Return the transform that scales by a factor about a point, shape (3, 4)."""
    return transform_about(factor * np.eye(3), centre, centre)


def without_scale(transform: ArrayLike, centre: ArrayLike) -> Matrix:
    """Return the rigid transform that rotates as a similarity transform does, and moves `centre` to the same point.

    Parameters
    ----------
    transform : array_like, shape (3, 4)
        Similarity transform.
    centre : array_like, shape (3,)
        Point about which it scales.
    """
    m = np.asarray(transform, dtype=np.float64)
    target = m[:, :3] @ np.asarray(centre, dtype=np.float64) + m[:, 3]
    return transform_about(m[:, :3] / scale_factor(m), centre, target)


def checked_transform(transform: ArrayLike | None, *, scaled: bool = True) -> Matrix:
    """Return the option `transform` as an array of shape (3, 4); the identity if it is None.

    Raises
    ------
    InputError
        If the matrix is not a similarity transform or, if `scaled` is false, not rigid.
    """
    checked = identity() if transform is None else np.asarray(transform, dtype=np.float64)
    if not (is_similarity(checked) if scaled else is_rigid(checked)):
        found = "a matrix that is not rigid" if checked.shape == (3, 4) else f"an array of shape {checked.shape}"
        limit = f", which may scale by up to {LARGEST:g}" if scaled else ""
        raise InputError(
            Setting("transform"), f": got {found}, expected a 3x4 matrix of a rigid transform in angstrom{limit}."
        )
    return checked
