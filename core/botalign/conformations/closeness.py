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
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from botalign.conformations.members import Frame, Member, ball_points, slopes
from botalign.geometry import apply_transform, compose, inverse, matrix_from_rotation_vector, transform_about
from botalign.maps.resampling import spline_at
from botalign.transport import WaveletEmbedding

Volume = NDArray[np.float32]
Matrix = NDArray[np.float64]

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
        ends = []
        for start in motions:
            motion, left, damping = start, self._left(fixed, moving, start), 1e-3
            for _ in range(STEPS):
                step = _solved(hessian, terms.T @ left, damping)
                trial = self.stepped(fixed, motion, step)
                trial_left = self._left(fixed, moving, trial)
                if trial_left @ trial_left <= left @ left:
                    motion, left, damping = trial, trial_left, 0.2 * damping
                else:
                    damping = 10 * max(damping, 1e-4)
                if _is_small(step) or damping > 1e6:
                    break
            ends.append(motion)
        return ends

    def _left(self, fixed: Member, moving: Member, motion: Matrix) -> Matrix:
        """Return what the moved map has more than the fixed one, at the points."""
        values = moving.cut(spline_at(moving.coefficients, moving.grid, motion, fixed.grid, self.points))
        return np.asarray(values - fixed.values.ravel()[self.places], dtype=np.float64)


class WaveletCloseness(Closeness):
    r"""By the wavelet earth mover's distance; refined by Gauss-Newton steps whose squares are weighted anew.

    The distance is a sum of absolute values, :math:`\sum_\lambda |r_\lambda|`, of weighted wavelet coefficients. It is
    brought down by way of :math:`\sum_\lambda r_\lambda^2 / |r_\lambda|`, the weights those of the last residuals.
    """

    def __init__(self, frame: Frame, *, wavelet: str, levels: int) -> None:
        super().__init__(frame)
        self.embedding = WaveletEmbedding(
            (frame.size,) * 3, wavelet=wavelet, levels=levels, voxel_size=frame.voxel_angstrom
        )

    def norm(self, difference: Volume) -> float:
        """Return the distance of a map from the map that is zero."""
        return _sum(self.embedding(difference))

    def refined(self, fixed: Member, moving: Member, motions: list[Matrix]) -> list[Matrix]:
        """Return the motion near each one given at which the distance is least."""
        of_fixed, of_moving = self._embedded_derivatives(fixed), self._embedded_derivatives(moving)
        return [self._descent(fixed, moving, start, of_fixed, of_moving) for start in motions]

    def _descent(self, fixed: Member, moving: Member, motion: Matrix, of_fixed: Volume, of_moving: Volume) -> Matrix:
        left, damping = self._left(fixed, moving, motion), 1e-3
        best = _sum(left)
        for _ in range(STEPS):
            back = self._seen_from_the_moving_map(fixed, moving, motion)
            terms = np.hstack([of_fixed, -back.T.astype(np.float32) @ of_moving])
            size = np.abs(left)
            for _ in range(WEIGHTINGS):
                weighted = terms / (size + np.float32(FLOOR) * size.mean() + np.float32(1e-30))
                step = _solved(weighted @ terms.T, weighted @ left, damping)
                size = np.abs(left - step.astype(np.float32) @ terms)
            trial = self.stepped(fixed, motion, step)
            trial_left = self._left(fixed, moving, trial)
            total = _sum(trial_left)
            gain = best - total
            if gain >= 0:
                motion, left, best, damping = trial, trial_left, total, 0.2 * damping
            else:
                damping = 10 * max(damping, 1e-3)
            if abs(gain) < LEAST_GAIN * best or _is_small(step) or damping > 1e4:
                break
        return motion

    def _left(self, fixed: Member, moving: Member, motion: Matrix) -> Volume:
        """Return the embeddings of what either map, moved onto the other, has more than that one."""
        return np.concatenate(
            [
                self.embedding(self.moved(moving, fixed, motion) - fixed.values),
                self.embedding(self.moved(fixed, moving, inverse(motion)) - moving.values),
            ]
        )

    def _embedded_derivatives(self, member: Member) -> Volume:
        derivatives = self.derivatives(member)
        rows: Volume = np.empty((6, self.embedding.size), dtype=np.float32)
        for row, values in zip(rows, derivatives.T, strict=True):
            volume: Volume = np.zeros((self.frame.size,) * 3, dtype=np.float32)
            volume.ravel()[self.places] = values
            self.embedding(volume, out=row)
        return rows

    def _seen_from_the_moving_map(self, fixed: Member, moving: Member, motion: Matrix) -> Matrix:
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


@lru_cache(maxsize=4)
def closeness(metric: str, frame: Frame, *, wavelet: str, levels: int) -> Closeness:
    """Return a distance by its name, for maps in a frame; made once in each process."""
    if metric == "l2":
        return EuclideanCloseness(frame)
    return WaveletCloseness(frame, wavelet=wavelet, levels=levels)


def euclidean_scale(frame: Frame) -> float:
    """Return what makes a sum over voxels an integral over space, of densities per cubic angstrom if masses are 1."""
    side = float(frame.voxel_angstrom**1.5)
    return 1 / side if frame.unit_mass else side


def _sum(values: Volume) -> float:
    return float(np.abs(values).sum(dtype=np.float64))


def _solved(hessian: Matrix | Volume, right: Matrix | Volume, damping: float) -> Matrix:
    """Solve for a step; the diagonal is raised by a share of itself."""
    matrix = np.asarray(hessian, dtype=np.float64)
    diagonal = np.diag(matrix).copy()
    diagonal[diagonal <= 0] = 1.0
    return np.asarray(np.linalg.solve(matrix + (damping + 1e-12) * np.diag(diagonal), np.asarray(right, np.float64)))


def _is_small(step: Matrix) -> bool:
    return bool(np.degrees(np.abs(step[:3]).max()) < TOLERANCE and np.abs(step[3:]).max() < TOLERANCE)
