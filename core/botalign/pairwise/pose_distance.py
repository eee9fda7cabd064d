r"""The distance between two maps at a given pose, and its minimisation over poses nearby.

With maps :math:`u, v` and a transform :math:`T` from the coordinates of :math:`v` to those of :math:`u`, it is

.. math:: D(T) = \tfrac12 \left( \| u - v \circ T^{-1} \| + \| u \circ T - v \| \right),

where the norm is L2 or that of the wavelet earth mover's distance. The mean makes :math:`D` symmetric, because the
wavelet distance depends somewhat on the positions of the voxels: exchanging the maps only inverts :math:`T`.

As in :mod:`botalign.alignment.fitting`, a step is computed for the fixed map and its inverse applied to the moving one,
so that the derivatives are the same at every pose. Unlike there, scale and offset are not fitted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.descent import descend, is_small, pose_derivatives, solve_damped, stepped
from botalign.arrays import Matrix, Volume
from botalign.geometry import apply_transform, inverse
from botalign.maps.resampling import spline_at, spline_slopes
from botalign.pairwise.prepared_maps import PreparedMap, SamplingBox, ball_points
from botalign.pairwise.step_sums import remaining_sizes, weighted_products
from botalign.transport import WaveletTransform

#: A refinement stops after a step below so many degrees and voxels, or with a relative gain below the second number.
TOLERANCE, LEAST_GAIN = 1e-3, 5e-4
#: What all further steps of a refinement gain, as a multiple of the gain of the last one, at most: rarely above 1.
FURTHER_GAIN = 3.0
#: Largest number of steps of a refinement, and how often the weights of a step of the wavelet distance are updated.
STEPS, WEIGHTINGS = 15, 3
#: Maps whose transformed derivatives are kept: successive pairs have a map in common.
KEPT = 4
#: Residuals smaller than this fraction of their mean do not get a larger weight.
FLOOR = 0.1


class PoseDistance(ABC):
    """A distance between two maps at a transform, shape (3, 4), from the coordinates of the second map to the first.

    Parameters
    ----------
    box : SamplingBox
        Box in which the maps are sampled.
    """

    def __init__(self, box: SamplingBox) -> None:
        self.box = box
        self.points = ball_points(box.size)
        self.indices = np.ravel_multi_index(tuple(self.points.T[::-1].astype(np.int64)), (box.size,) * 3)

    def at(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> float:
        """Return the distance between two maps at a transform."""
        on_fixed = self.norm(self.moved(moving, fixed, transform) - fixed.values)
        return 0.5 * (on_fixed + self.norm(self.moved(fixed, moving, inverse(transform)) - moving.values))

    def refined(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> PosePoint:
        """Return the point of least distance near a transform."""
        return self.lowered(self.point(fixed, moving, transform))

    @abstractmethod
    def point(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> PosePoint:
        """Return a transform with its residuals."""

    @abstractmethod
    def lowered(self, point: Any, *, below: float = np.inf) -> PosePoint:
        """Return the point of least distance near a point.

        If its distance would not be below a given one, the descent may stop earlier.
        """

    @abstractmethod
    def residuals(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> NDArray[Any]:
        """Return what a step of the refinement makes smaller, at a transform."""

    @abstractmethod
    def norm(self, difference: Volume) -> float:
        """Return the norm of the difference of two maps."""

    def moved(self, source: PreparedMap, onto: PreparedMap, transform: Matrix) -> Volume:
        """Sample a transformed map in the ball of the box of another map, with zero outside.

        Its mass is normalised again, because the wavelet distance would transport the difference in mass from afar.
        """
        out: Volume = np.zeros((self.box.size,) * 3, dtype=np.float32)
        values = source.clip(spline_at(source.coefficients, source.grid, transform, onto.grid, self.points))
        if self.box.contour and self.box.unit_mass:
            values /= np.float32(max(values.sum(dtype=np.float64), 1e-30))
        out.ravel()[self.indices] = values
        return out

    def derivatives(self, source: PreparedMap) -> Volume:
        """Return the derivatives of a map with respect to rotation (radians) and shift (voxels), shape (n, 6)."""
        gradients = spline_slopes(source.values, self.points)
        if source.clipped:
            gradients = gradients * (source.values.ravel()[self.indices] > 0)[:, None]
        arm = (self.points - (self.box.size - 1) / 2).astype(np.float32)
        return pose_derivatives(arm, gradients)


class EuclideanPoseDistance(PoseDistance):
    r"""The L2 distance, :math:`\|f\| = \left( \int f^2 \right)^{1/2}`, minimised by damped Gauss-Newton steps."""

    def norm(self, difference: Volume) -> float:
        """Return the norm of the difference of two maps."""
        flat = difference.ravel()
        return euclidean_scale(self.box) * float(np.sqrt(np.einsum("i,i->", flat, flat, dtype=np.float64)))

    def __init__(self, box: SamplingBox) -> None:
        super().__init__(box)
        self._kept_derivatives = lru_cache(maxsize=KEPT)(self._squared_derivatives)

    def point(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> _EuclideanPoint:
        """Return a transform with its residuals."""
        residuals = self.residuals(fixed, moving, transform)
        return _EuclideanPoint(self, fixed, moving, transform, residuals, *self._kept_derivatives(fixed))

    def lowered(self, point: _EuclideanPoint, *, below: float = np.inf) -> _EuclideanPoint:
        """Return the point of least distance near a point."""
        return descend(point, converged=lambda point, step, gain: is_small(step, TOLERANCE), max_steps=STEPS)[0]

    def _squared_derivatives(self, fixed: PreparedMap) -> tuple[Matrix, Matrix]:
        terms = self.derivatives(fixed).astype(np.float64)
        return terms, terms.T @ terms

    def residuals(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> Matrix:
        """Return the transformed map minus the fixed map, at the points of the ball."""
        values = moving.clip(spline_at(moving.coefficients, moving.grid, transform, fixed.grid, self.points))
        return np.asarray(values - fixed.values.ravel()[self.indices], dtype=np.float64)


class WaveletPoseDistance(PoseDistance):
    r"""The wavelet earth mover's distance, minimised by iteratively reweighted Gauss-Newton steps.

    The distance is a sum of absolute values, :math:`\sum_\lambda |r_\lambda|`, of weighted wavelet coefficients. Each
    step minimises :math:`\sum_\lambda r_\lambda^2 / |r_\lambda|`, with weights from the last residuals.
    """

    def __init__(self, box: SamplingBox, *, wavelet: str, scales: int) -> None:
        super().__init__(box)
        self.wavelets = WaveletTransform((box.size,) * 3, wavelet=wavelet, scales=scales, voxel_size=box.voxel_angstrom)
        self._kept_derivatives = lru_cache(maxsize=KEPT)(self._transformed_derivatives)

    def norm(self, difference: Volume) -> float:
        """Return the norm of the difference of two maps."""
        return _sum(self.wavelets(difference))

    def point(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> _WaveletPoint:
        """Return a transform with its residuals."""
        return _WaveletPoint(self, fixed, moving, transform, self.residuals(fixed, moving, transform))

    def lowered(self, point: _WaveletPoint, *, below: float = np.inf) -> _WaveletPoint:
        """Return the point of least distance near a point, or an earlier one if that is not below a distance."""

        def ends(point: _WaveletPoint, step: Matrix, gain: float) -> bool:
            if gain >= 0 and point.value - FURTHER_GAIN * gain > below:
                return True
            return abs(gain) < LEAST_GAIN * point.value or is_small(step, TOLERANCE)

        return descend(
            point,
            converged=ends,
            max_steps=STEPS,
            least_damping=1e-3,
            largest_damping=1e4,
        )[0]

    def residuals(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> Volume:
        """Return the wavelet transforms of both differences: each map, moved onto the other, minus the other."""
        return np.concatenate(
            [
                self.wavelets(self.moved(moving, fixed, transform) - fixed.values),
                self.wavelets(self.moved(fixed, moving, inverse(transform)) - moving.values),
            ]
        )

    def transformed_derivatives(self, source: PreparedMap) -> Volume:
        """Return the wavelet transforms of the derivatives of a map, shape (6, coefficients)."""
        return self._kept_derivatives(source)

    def _transformed_derivatives(self, source: PreparedMap) -> Volume:
        derivatives = self.derivatives(source)
        rows: Volume = np.empty((6, self.wavelets.size), dtype=np.float32)
        for row, values in zip(rows, derivatives.T, strict=True):
            volume: Volume = np.zeros((self.box.size,) * 3, dtype=np.float32)
            volume.ravel()[self.indices] = values
            self.wavelets(volume, out=row)
        return rows

    def step_seen_from_moving_map(self, fixed: PreparedMap, moving: PreparedMap, transform: Matrix) -> Matrix:
        """Return the matrix, shape (6, 6), from a step about the centre of the fixed map to one about the moving map's.

        A rotation by ``w`` and a shift by ``s`` move a point at ``a`` from the centre by ``w x a + s``. The linear part
        of the transform takes this to the axes of the moving map; a mirror changes the sign of rotation vectors.
        """
        linear = transform[:, :3]
        x, y, z = (apply_transform(transform, moving.centre) - fixed.centre) / self.box.voxel_angstrom
        cross = np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # times w: w x a
        matrix: Matrix = np.zeros((6, 6))
        matrix[:3, :3] = np.linalg.det(linear) * linear.T
        matrix[3:, :3], matrix[3:, 3:] = linear.T @ cross, linear.T
        return matrix


@dataclass(frozen=True, eq=False)
class PosePoint:
    """A pose during the descent of a distance."""

    distance: PoseDistance
    fixed: PreparedMap
    moving: PreparedMap
    transform: Matrix
    residuals: NDArray[Any]

    @cached_property
    def value(self) -> float:
        """Distance between the maps."""
        return self.distance.at(self.fixed, self.moving, self.transform)

    def moved(self, step: Matrix) -> Self:
        """Return the point after a step: rotation (radians) and shift (voxels)."""
        transform = stepped(self.transform, step, self.fixed.centre, self.distance.box.voxel_angstrom)
        return replace(self, transform=transform, residuals=self.distance.residuals(self.fixed, self.moving, transform))


@dataclass(frozen=True, eq=False)
class _EuclideanPoint(PosePoint):
    """A pose during the descent of the L2 distance."""

    derivatives: Matrix
    hessian: Matrix

    def step(self, damping: float) -> Matrix:
        return solve_damped(self.hessian, self.derivatives.T @ self.residuals, damping)

    def gain(self, other: _EuclideanPoint) -> float:
        return float(self.residuals @ self.residuals - other.residuals @ other.residuals)


@dataclass(frozen=True, eq=False)
class _WaveletPoint(PosePoint):
    """A pose during the descent of the wavelet distance."""

    distance: WaveletPoseDistance

    @cached_property
    def value(self) -> float:
        """Distance between the maps, as the residuals give it."""
        return 0.5 * _sum(self.residuals)

    def step(self, damping: float) -> Matrix:
        back = self.distance.step_seen_from_moving_map(self.fixed, self.moving, self.transform)
        # The first residuals are on the grid of the fixed map, the others on that of the moving map.
        middle = len(self.residuals) // 2
        halves = [
            (self.residuals[:middle], self.distance.transformed_derivatives(self.fixed), np.eye(6)),
            (self.residuals[middle:], self.distance.transformed_derivatives(self.moving), -back),
        ]
        sizes = np.empty((2, middle), dtype=np.float32)
        step: Matrix = np.zeros(6)
        for _ in range(WEIGHTINGS):
            total = sum(
                remaining_sizes(residuals, terms, (change @ step).astype(np.float32), size)
                for (residuals, terms, change), size in zip(halves, sizes, strict=True)
            )
            floor = np.float32(FLOOR * total / len(self.residuals) + 1e-30)
            hessian, right = np.zeros((6, 6)), np.zeros(6)
            for (residuals, terms, change), size in zip(halves, sizes, strict=True):
                sums = weighted_products(residuals, terms, size, floor)
                hessian += change.T @ sums[:, :6] @ change
                right += change.T @ sums[:, 6]
            step = solve_damped(hessian, right, damping)
        return step

    def gain(self, other: _WaveletPoint) -> float:
        return self.value - other.value


@lru_cache(maxsize=4)
def pose_distance(metric: str, box: SamplingBox, *, wavelet: str, scales: int) -> PoseDistance:
    """Return the distance with a name, for maps in a box; created once per process."""
    if metric == "l2":
        return EuclideanPoseDistance(box)
    return WaveletPoseDistance(box, wavelet=wavelet, scales=scales)


def euclidean_scale(box: SamplingBox) -> float:
    """Return the factor from a norm over voxels to a norm over space, for densities per cubic angstrom if mass is 1."""
    side = float(box.voxel_angstrom**1.5)
    return 1 / side if box.unit_mass else side


def _sum(values: Volume) -> float:
    return float(np.abs(values).sum(dtype=np.float64))
