r"""How far two maps are from each other at a motion, and the motion nearby at which they are closest.

With maps :math:`u, v` and a motion :math:`T` that takes the coordinates of :math:`v` to those of :math:`u`,

.. math:: D(T) = \tfrac12 \left( \| u - v \circ T^{-1} \| + \| u \circ T - v \| \right),

the mean over both ways to compare them, by L2 or by the wavelet earth mover's distance. For L2 the two are the same but
for their sampling. The wavelet distance depends a little on how the voxels lie; the mean makes :math:`D` symmetric:
exchanging the maps turns :math:`T` into its inverse and changes nothing.

A step of the refinement is found for the fixed map in place of the moving one, as in :mod:`botalign.alignment.fitting`:
then the derivatives are the same at every pose. Unlike there, scale and offset are not fitted along.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from botalign.alignment.descent import descend, is_small, solve_damped
from botalign.arrays import Matrix, Volume
from botalign.geometry import apply_transform, compose, inverse, matrix_from_rotation_vector, transform_about
from botalign.maps.resampling import spline_at
from botalign.pairwise.members import Frame, Member, ball_points, slopes
from botalign.transport import WaveletTransform

METRICS = ("wemd", "l2")
#: Where a refinement stops: a step below so many degrees and voxels, or one that gains less than this share.
TOLERANCE, LEAST_GAIN = 1e-3, 5e-4
#: The most steps of a refinement, and how often a step of the wavelet distance is weighted anew.
STEPS, WEIGHTINGS = 15, 3
#: Residuals below this share of their mean weigh no more than one of that size.
FLOOR = 0.1


class Closeness(ABC):
    """A distance of two maps that depends on a motion, shape (3, 4), from the coordinates of the second to the first's.

    Parameters
    ----------
    frame : Frame
        What the maps are sampled in.
    """

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.points = ball_points(frame.size)
        self.places = np.ravel_multi_index(tuple(self.points.T[::-1].astype(np.int64)), (frame.size,) * 3)

    def at(self, fixed: Member, moving: Member, motion: Matrix) -> float:
        """Return the distance at a motion."""
        one_way = self.norm(self.moved(moving, fixed, motion) - fixed.values)
        return 0.5 * (one_way + self.norm(self.moved(fixed, moving, inverse(motion)) - moving.values))

    @abstractmethod
    def refined(self, fixed: Member, moving: Member, motions: list[Matrix]) -> list[Matrix]:
        """Return the motion near each one given at which the distance is least."""

    @abstractmethod
    def norm(self, difference: Volume) -> float:
        """Return the distance of a map from the map that is zero."""

    def moved(self, source: Member, onto: Member, motion: Matrix) -> Volume:
        """Sample a moved map in the ball of another one's box; zero outside.

        Its mass stays 1 if it was: the wavelet distance would take what sampling adds for mass from far away.
        """
        out: Volume = np.zeros((self.frame.size,) * 3, dtype=np.float32)
        values = source.cut(spline_at(source.coefficients, source.grid, motion, onto.grid, self.points))
        if self.frame.contour and self.frame.unit_mass:
            values /= np.float32(max(values.sum(dtype=np.float64), 1e-30))
        out.ravel()[self.places] = values
        return out

    def derivatives(self, member: Member) -> Volume:
        """Return how a map changes when it is read at places turned (radians) and shifted (voxels), shape (n, 6)."""
        gradients = slopes(member.values).reshape(3, -1)[:, self.places].T
        if member.clipped:
            gradients = gradients * (member.values.ravel()[self.places] > 0)[:, None]
        arm = (self.points - (self.frame.size - 1) / 2).astype(np.float32)
        return np.hstack([np.cross(arm, gradients), gradients])

    def stepped(self, fixed: Member, motion: Matrix, step: Matrix) -> Matrix:
        """Return a motion, then turned about the centre of the fixed map's box (radians) and shifted (voxels)."""
        turn = matrix_from_rotation_vector(step[:3])
        shifted = fixed.centre + step[3:] * self.frame.voxel_angstrom
        return compose(transform_about(turn, fixed.centre, shifted), motion)


class EuclideanCloseness(Closeness):
    r"""By L2, :math:`\|f\| = \left( \int f^2 \right)^{1/2}`; refined by damped Gauss-Newton steps."""

    def norm(self, difference: Volume) -> float:
        """Return the distance of a map from the map that is zero."""
        flat = difference.ravel()
        return euclidean_scale(self.frame) * float(np.sqrt(np.einsum("i,i->", flat, flat, dtype=np.float64)))

    def refined(self, fixed: Member, moving: Member, motions: list[Matrix]) -> list[Matrix]:
        """Return the motion near each one given at which the distance is least."""
        terms = self.derivatives(fixed).astype(np.float64)
        hessian = terms.T @ terms
        return [
            descend(
                _EuclideanPoint(self, fixed, moving, terms, hessian, start, self.residuals(fixed, moving, start)),
                converged=lambda point, step, gain: is_small(step, TOLERANCE),
                max_steps=STEPS,
            ).motion
            for start in motions
        ]

    def residuals(self, fixed: Member, moving: Member, motion: Matrix) -> Matrix:
        """Return the moved map less the fixed one, at the points."""
        values = moving.cut(spline_at(moving.coefficients, moving.grid, motion, fixed.grid, self.points))
        return np.asarray(values - fixed.values.ravel()[self.places], dtype=np.float64)


class WaveletCloseness(Closeness):
    r"""By the wavelet earth mover's distance; refined by Gauss-Newton steps whose squares are weighted anew.

    The distance is a sum of absolute values, :math:`\sum_\lambda |r_\lambda|`, of weighted wavelet coefficients. It is
    brought down by way of :math:`\sum_\lambda r_\lambda^2 / |r_\lambda|`, the weights those of the last residuals.
    """

    def __init__(self, frame: Frame, *, wavelet: str, scales: int) -> None:
        super().__init__(frame)
        self.transform = WaveletTransform(
            (frame.size,) * 3, wavelet=wavelet, scales=scales, voxel_size=frame.voxel_angstrom
        )

    def norm(self, difference: Volume) -> float:
        """Return the distance of a map from the map that is zero."""
        return _sum(self.transform(difference))

    def refined(self, fixed: Member, moving: Member, motions: list[Matrix]) -> list[Matrix]:
        """Return the motion near each one given at which the distance is least."""
        of_fixed, of_moving = self._transformed_derivatives(fixed), self._transformed_derivatives(moving)
        return [
            descend(
                _WaveletPoint(self, fixed, moving, of_fixed, of_moving, start, self.residuals(fixed, moving, start)),
                converged=lambda point, step, gain: abs(gain) < LEAST_GAIN * point.loss or is_small(step, TOLERANCE),
                max_steps=STEPS,
                least_damping=1e-3,
                largest_damping=1e4,
            ).motion
            for start in motions
        ]

    def residuals(self, fixed: Member, moving: Member, motion: Matrix) -> Volume:
        """Return the wavelet transforms of both differences: each map, moved onto the other, less that one."""
        return np.concatenate(
            [
                self.transform(self.moved(moving, fixed, motion) - fixed.values),
                self.transform(self.moved(fixed, moving, inverse(motion)) - moving.values),
            ]
        )

    def _transformed_derivatives(self, member: Member) -> Volume:
        derivatives = self.derivatives(member)
        rows: Volume = np.empty((6, self.transform.size), dtype=np.float32)
        for row, values in zip(rows, derivatives.T, strict=True):
            volume: Volume = np.zeros((self.frame.size,) * 3, dtype=np.float32)
            volume.ravel()[self.places] = values
            self.transform(volume, out=row)
        return rows

    def step_seen_from_moving_map(self, fixed: Member, moving: Member, motion: Matrix) -> Matrix:
        """Return the matrix, shape (6, 6), from a step about the fixed map's centre to the same one about the moving's.

        What turns space by ``w`` and shifts it by ``s`` gives a place at ``a`` from the centre the velocity
        ``w x a + s``. The motion's linear part takes that back to the moving map's axes; under a mirror a
        rotation vector changes its sign.
        """
        linear = motion[:, :3]
        x, y, z = (apply_transform(motion, moving.centre) - fixed.centre) / self.frame.voxel_angstrom
        cross = np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # times w: w x a
        matrix: Matrix = np.zeros((6, 6))
        matrix[:3, :3] = np.linalg.det(linear) * linear.T
        matrix[3:, :3], matrix[3:, 3:] = linear.T @ cross, linear.T
        return matrix


@dataclass(frozen=True, eq=False)
class _EuclideanPoint:
    """A motion during the descent of the L2 distance."""

    closeness: EuclideanCloseness
    fixed: Member
    moving: Member
    derivatives: Matrix
    hessian: Matrix
    motion: Matrix
    residuals: Matrix

    def step(self, damping: float) -> Matrix:
        return solve_damped(self.hessian, self.derivatives.T @ self.residuals, damping)

    def moved(self, step: Matrix) -> _EuclideanPoint:
        motion = self.closeness.stepped(self.fixed, self.motion, step)
        return replace(self, motion=motion, residuals=self.closeness.residuals(self.fixed, self.moving, motion))

    def gain(self, other: _EuclideanPoint) -> float:
        return float(self.residuals @ self.residuals - other.residuals @ other.residuals)


@dataclass(frozen=True, eq=False)
class _WaveletPoint:
    """A motion during the descent of the wavelet distance, by squares that are weighted anew at each step."""

    closeness: WaveletCloseness
    fixed: Member
    moving: Member
    of_fixed: Volume
    of_moving: Volume
    motion: Matrix
    residuals: Volume

    @cached_property
    def loss(self) -> float:
        """The sum of the absolute residuals."""
        return _sum(self.residuals)

    def step(self, damping: float) -> Matrix:
        back = self.closeness.step_seen_from_moving_map(self.fixed, self.moving, self.motion)
        terms = np.hstack([self.of_fixed, -back.T.astype(np.float32) @ self.of_moving])
        size = np.abs(self.residuals)
        for _ in range(WEIGHTINGS):
            weighted = terms / (size + np.float32(FLOOR) * size.mean() + np.float32(1e-30))
            hessian, right = weighted @ terms.T, weighted @ self.residuals
            step = solve_damped(hessian.astype(np.float64), right.astype(np.float64), damping)
            size = np.abs(self.residuals - step.astype(np.float32) @ terms)
        return step

    def moved(self, step: Matrix) -> _WaveletPoint:
        motion = self.closeness.stepped(self.fixed, self.motion, step)
        return replace(self, motion=motion, residuals=self.closeness.residuals(self.fixed, self.moving, motion))

    def gain(self, other: _WaveletPoint) -> float:
        return self.loss - other.loss


@lru_cache(maxsize=4)
def closeness(metric: str, frame: Frame, *, wavelet: str, scales: int) -> Closeness:
    """Return a distance by its name, for maps in a frame; made once in each process."""
    if metric == "l2":
        return EuclideanCloseness(frame)
    return WaveletCloseness(frame, wavelet=wavelet, scales=scales)


def euclidean_scale(frame: Frame) -> float:
    """Return what makes a sum over voxels an integral over space, of densities per cubic angstrom if masses are 1."""
    side = float(frame.voxel_angstrom**1.5)
    return 1 / side if frame.unit_mass else side


def _sum(values: Volume) -> float:
    return float(np.abs(values).sum(dtype=np.float64))
