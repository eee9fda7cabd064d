"""Damped Gauss-Newton and Newton steps (Levenberg and Marquardt), for every fit of a pose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from botalign.arrays import Matrix
from botalign.cancellation import check_cancelled
from botalign.geometry import compose, matrix_from_rotation_vector, transform_about


class Point(Protocol):
    """A pose during a descent, with what its next step is computed from."""

    def step(self, damping: float) -> Matrix:
        """Return a step, shape (6,): rotation (radians) and shift (voxels)."""

    def moved(self, step: Matrix) -> Self:
        """Return the point after a step."""

    def gain(self, other: Self) -> float:
        """Return by how much the loss is lower at another point."""


#: Damping of the first step, the least one after a step that was rejected, and that at which a descent ends.
DAMPING, LEAST_DAMPING, LARGEST_DAMPING = 1e-3, 1e-4, 1e6
_DEGREES_AND_VOXELS = np.array([np.degrees(1.0)] * 3 + [1.0] * 3)
#: Smallest curvature of a loss, as a fraction of that of the squared difference of copies: limits the steps.
LEAST_CURVATURE = 0.05

P = TypeVar("P", bound=Point)
Number = TypeVar("Number", np.float32, np.float64)


def is_small(step: Matrix, tolerance: float) -> bool:
    """Whether a step rotates by less than `tolerance` degrees and shifts by less than `tolerance` voxels."""
    return bool(are_small(step, tolerance))


def are_small(steps: Matrix, tolerance: float) -> NDArray[np.bool_]:
    """Whether each of several steps, shape (..., 6), is small; see :func:`is_small`."""
    return np.asarray((np.abs(steps) * _DEGREES_AND_VOXELS).max(axis=-1) < tolerance)


def next_damping(damping: float | Matrix, accepted: bool | NDArray[np.bool_], least: float = LEAST_DAMPING) -> Matrix:
    """Return the damping after steps: lower if they were accepted, and higher if not."""
    return np.asarray(np.where(accepted, 0.2 * damping, 10 * np.maximum(damping, least)))


def descend(
    point: P,
    *,
    converged: Callable[[P, Matrix, float], bool],
    max_steps: int,
    least_damping: float = LEAST_DAMPING,
    largest_damping: float = LARGEST_DAMPING,
) -> tuple[P, bool]:
    """Go to a minimum of the loss near a point.

    Parameters
    ----------
    point : Point
        Start.
    converged : callable
        Takes the current point, the last step and its gain; returns whether to stop.
    max_steps : int
        Largest number of steps.
    least_damping, largest_damping : float
        The damping rises to ten times the first at least after a step that was rejected; the descent ends beyond the
        second.

    Returns
    -------
    point : Point
        The last point that was accepted.
    accepted : bool
        Whether the last step led there; otherwise it was tried from there.
    """
    damping, gain = DAMPING, -1.0
    for _ in range(max_steps):
        check_cancelled()
        step = point.step(damping)
        trial = point.moved(step)
        gain = point.gain(trial)
        if gain >= 0:
            point = trial
        damping = float(next_damping(damping, gain >= 0, least_damping))
        if converged(point, step, gain) or damping > largest_damping:
            break
    return point, gain >= 0


def stepped(transform: Matrix, step: Matrix, centre: Matrix, voxel_angstrom: float) -> Matrix:
    """Return transforms, shape (..., 3, 4), followed by steps, shape (..., 6).

    A step is a rotation (radians) about a centre and a shift (voxels).
    """
    rotation = matrix_from_rotation_vector(step[..., :3])
    return compose(transform_about(rotation, centre, centre + step[..., 3:6] * voxel_angstrom), transform)


def pose_derivatives(arms: NDArray[Number], slopes: NDArray[Number]) -> NDArray[Number]:
    """Return the derivatives of densities with respect to the rotation and the shift of their points, shape (n, 6).

    Parameters
    ----------
    arms : ndarray, shape (n, 3)
        Positions relative to the centre of the rotation, in voxels.
    slopes : ndarray, shape (n, 3)
        Derivatives along ``x, y, z``, per voxel.
    """
    derivatives = np.empty((len(arms), 6), dtype=np.result_type(arms, slopes))
    for axis in range(3):
        second, third = (axis + 1) % 3, (axis + 2) % 3
        np.multiply(arms[:, second], slopes[:, third], out=derivatives[:, axis])
        derivatives[:, axis] -= arms[:, third] * slopes[:, second]
    derivatives[:, 3:] = slopes
    return derivatives


def solve_damped(hessian: Matrix, right: Matrix, damping: float | Matrix) -> Matrix:
    """Solve linear systems whose diagonals are raised by a fraction of themselves.

    Parameters
    ----------
    hessian : ndarray, shape (..., n, n)
        Matrices of the systems.
    right : ndarray, shape (..., n)
        Right-hand sides.
    damping : float or ndarray, shape (..., n)
        By how much of itself the diagonal is raised.
    """
    raised = hessian.copy()
    diagonal = np.einsum("...ii->...i", raised)
    diagonal += np.where(diagonal > 0, diagonal, 1.0) * (damping + 1e-12)
    return np.asarray(np.linalg.solve(raised, right[..., None])[..., 0])


def convex(hessian: Matrix, unit: Matrix) -> Matrix:
    """Return a Hessian with positive eigenvalues: their absolute values, and a fraction of the unit at least.

    Parameters
    ----------
    hessian : ndarray, shape (n, n)
        Second derivatives; the symmetric part is used.
    unit : ndarray, shape (n, n)
        Positive definite matrix in which the eigenvalues are measured.
    """
    diagonal = np.diag(unit)
    unit = unit + np.diag(np.where(diagonal > 0, 1e-9 * diagonal, 1.0))
    values, vectors = linalg.eigh((hessian + hessian.T) / 2, unit)
    across = unit @ vectors
    return np.asarray((across * np.maximum(np.abs(values), LEAST_CURVATURE)) @ across.T)
