r"""Standard errors of rotation and shift, from the noise in the residual of the fit.

At the best pose, the errors :math:`\delta` of the six parameters have the covariance

.. math:: H^{-1} \Psi H^{-1}, \qquad H = a \sum_x J_u(x)\, J_v(x)^T, \qquad
          \Psi = \sum_{x, y} \bar J(x)\, C(x - y)\, \bar J(y)^T ,

with the derivatives :math:`J_u, J_v` of the two maps, their mean :math:`\bar J`, and the autocovariance :math:`C` of
the residual. The product of the derivatives of two maps with independent noise measures the signal alone, whereas
:math:`J_u J_u^T` would count noise as detail. The sum over pairs of voxels is computed over frequencies, since
:math:`C` depends only on the distance vector. In this way the correlated noise of neighbouring voxels, as in any
smoothed map, is not counted as independent.

The scale of the moving map is a seventh parameter; see :mod:`botalign.alignment.scale_step`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from botalign.alignment.density_slopes import OCTANTS, DensitySlopes, octants_of, projected
from botalign.alignment.descent import pose_derivatives
from botalign.alignment.fitting import FitProblem
from botalign.alignment.point_box import PointBox
from botalign.alignment.pose_covariance import UNKNOWN, pose_covariance
from botalign.alignment.scale_step import chosen, scale_step
from botalign.alignment.survey import Surveyed
from botalign.arrays import Matrix, Volume
from botalign.maps.resampling import spline_gradients_at
from botalign.maps.splines import spline_coefficients
from botalign.threads import one_blas_thread

#: Parameters of the fit: rotation, shift, scale and offset. They reduce the degrees of freedom of the residual.
FITTED = 8
#: Column of the derivative with respect to the scale, after the six of the pose.
SCALE = 6


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Standard errors of a pose.

    Attributes
    ----------
    covariance : ndarray, shape (6, 6)
        Covariance of the errors of the rotation about the axes ``x, y, z`` (degrees) and of the position of the centre
        of mass of the fixed map (angstrom); infinite if the maps have too little in common, zero for what was not
        fitted.
    undetermined : ndarray, shape (k, 6)
        What the maps do not determine, such as the rotation of a sphere or the position of a filament along its axis:
        unit vectors of rotation (radians) and shift (radii of the molecule). In these directions the standard errors
        are those of an angle of which nothing is known, 104 degrees, or 1.8 radii.
    """

    covariance: Matrix
    undetermined: Matrix = field(default_factory=lambda: np.empty((0, 6)))

    def to_dict(self) -> dict[str, Any]:
        """Return the content for a result file."""
        return {
            "angle_degrees": self.angle_degrees,
            "shift_angstrom": self.shift_angstrom,
            "covariance": self.covariance.tolist() if np.isfinite(self.covariance).all() else None,
            "undetermined": self.undetermined.tolist(),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Uncertainty:
        """Return the standard errors from the content of a result file."""
        covariance = content["covariance"]
        return cls(
            np.full((6, 6), np.inf) if covariance is None else np.array(covariance, dtype=np.float64),
            np.array(content.get("undetermined", []), dtype=np.float64).reshape(-1, 6),
        )

    @property
    def is_undetermined(self) -> bool:
        """Whether the maps do not determine the pose in some direction."""
        return len(self.undetermined) > 0

    @property
    def angle_degrees(self) -> float:
        """Root mean square error of the rotation, an angle."""
        return float(np.sqrt(np.trace(self.covariance[:3, :3])))

    @property
    def shift_angstrom(self) -> float:
        """Root mean square error of the position of the centre of the molecule."""
        return float(np.sqrt(np.trace(self.covariance[3:, 3:])))


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of a pose and its scale.

    Attributes
    ----------
    pose : Uncertainty
        Standard errors of the pose at this scale.
    scale_step : float
        By which fraction the moving map should be larger; 0 if the maps do not determine it.
    scale_error : float
        Standard error of this fraction, from the noise or between the octants of the molecule, whichever is larger;
        infinite if the maps do not determine it.
    """

    pose: Uncertainty
    scale_step: float = 0.0
    scale_error: float = np.inf

    def between(self, fixed: Surveyed, moving: Surveyed) -> Errors:
        """Return the errors for these maps: if both show filaments, the position along them is undetermined."""
        if fixed.filament_axis is None or moving.filament_axis is None:
            return self
        along = np.concatenate([np.zeros(3), fixed.filament_axis])
        across = np.eye(6) - np.outer(along, along)
        unknown = (UNKNOWN * fixed.radius_angstrom) ** 2 * np.outer(along, along)
        others = [each for each in self.pose.undetermined if abs(each @ along) < np.sqrt(1 / 2)]
        pose = Uncertainty(across @ self.pose.covariance @ across + unknown, np.array([*others, along]))
        return replace(self, pose=pose)


def uncertainty(problem: FitProblem, transform: Matrix, *, noise: tuple[Volume, Volume] | None = None) -> Uncertainty:
    """Estimate the errors of a fitted pose; see :func:`fit_errors`."""
    return fit_errors(problem, transform, noise=noise, scaled=False).pose


def fit_errors(
    problem: FitProblem, transform: Matrix, *, noise: tuple[Volume, Volume] | None = None, scaled: bool = True
) -> Errors:
    """Estimate the errors of a fitted pose and of its scale.

    Parameters
    ----------
    problem : FitProblem
        The last fit.
    transform : ndarray, shape (3, 4)
        Its solution.
    noise : tuple of ndarray, optional
        Noise of the fixed map on ``problem.fixed_grid`` and of the moving one on ``problem.moving_grid``; see
        :mod:`botalign.alignment.half_maps`. If it is not given, every difference between the maps counts as noise, also
        a domain that moved.
    scaled : bool, optional
        Whether to estimate the error of the scale too.

    Returns
    -------
    Errors
        The errors. They are valid only if the pose is near the correct one.
    """
    nothing = Errors(Uncertainty(np.full((6, 6), np.inf)))
    u, v = problem.fixed, problem.moved(transform).astype(np.float64)
    signal_u, signal_v = float(np.var(u)), float(np.var(v))
    if noise is not None:
        of_u, of_v = _at_points(problem, noise[0]), _moved(problem, noise[1], transform)
        signal_u, signal_v = signal_u - float(np.var(of_u)), signal_v - float(np.var(of_v))
    if min(signal_u, signal_v) <= 0:
        return nothing
    # The slope of a regression would be too small, because both maps are noisy.
    scale = float(np.sqrt(signal_u / signal_v))
    box = PointBox(problem.points)
    if noise is None:
        alike = box.autocovariance(u - scale * v)
        # The number of independent points with this autocovariance.
        independent = len(u) * alike[0, 0, 0] ** 2 / max(float((alike**2).sum()), 1e-300)
        alike /= 1 - FITTED / max(independent, FITTED + 1)
    else:
        alike = box.autocovariance(of_u) + scale**2 * box.autocovariance(of_v)
    free = list(problem.free)
    arm = problem.arms
    slopes = DensitySlopes.of(
        arm, (problem.terms[:, :6], scale * _derivatives(problem, transform, arm)), (u, scale * v), free, scaled=scaled
    )
    units = np.array([np.degrees(1.0)] * 3 + [_voxel(problem)] * 3 + [1.0])[[*free, SCALE] if scaled else free]
    count = len(free)
    with one_blas_thread():
        octants = octants_of(arm, chosen(box.indices, box.shape, u, v)) if scaled else np.zeros(len(u), dtype=np.int8)
        products = slopes.products(octants)
        whole = products.sum(axis=0)
        hessian = projected(whole, whole)
        hessian = (hessian + hessian.T) / 2
        spread = box.pairs(slopes.mean(whole), alike)
        signal = scale * float((u - u.mean()) @ (v - v.mean()))
        radius = float(np.sqrt((arm**2).sum(axis=1).mean()))
        lengths = np.array([1.0] * 3 + [radius] * 3)[free]
        squares = np.outer(lengths, lengths)

        def error_of(direction: Matrix) -> float:
            first, second = (box.autocovariance(each) for each in slopes.along(lengths * direction, whole))
            return float(np.sqrt(max(len(u) * float((first * second).sum()), 0.0)))

        found, undetermined = pose_covariance(
            squares * hessian[:count, :count], squares * spread[:count, :count], signal, error_of
        )
        pose = _in_units(found, undetermined, free, lengths * units[:count])
        if not scaled or len(undetermined) or np.linalg.eigvalsh(hessian)[0] <= 0:
            return Errors(pose)
        variance = float(_sandwich(hessian, spread, units)[-1, -1])
        step, between = scale_step(products[:OCTANTS])
        return Errors(pose, step, float(np.sqrt(max(variance, between))))


def _in_units(covariance: Matrix, undetermined: Matrix, free: list[int], scales: Matrix) -> Uncertainty:
    """Return the standard errors of the free parameters of a pose, given radians and radii in degrees and angstrom."""
    all_six, directions = np.zeros((6, 6)), np.zeros((len(undetermined), 6))
    all_six[np.ix_(free, free)] = covariance * np.outer(scales, scales)
    directions[:, free] = undetermined
    return Uncertainty(all_six, directions)


def _sandwich(hessian: Matrix, spread: Matrix, units: Matrix) -> Matrix:
    """Return the covariance of the parameters in their units."""
    back = np.linalg.inv(hessian) * units[:, None]
    return np.asarray(back @ spread @ back.T)


def _at_points(problem: FitProblem, values: Volume) -> Matrix:
    """Return the values at the points of a map on the fixed grid."""
    return np.asarray(values[tuple(problem.points.T[::-1])], dtype=np.float64)


def _moved(problem: FitProblem, values: Volume, transform: Matrix) -> Matrix:
    """Return the values at the points of a map on the moving grid, after the transform."""
    moved = replace(problem, coefficients=spline_coefficients(values)).moved(transform)
    return np.asarray(moved, dtype=np.float64)


def _voxel(problem: FitProblem) -> float:
    """Return the side of a voxel of the fit."""
    return problem.fixed_grid.voxel_size_angstrom[0]


def _derivatives(problem: FitProblem, transform: Matrix, arm: Matrix) -> Matrix:
    """Return the derivatives of the moved map, shape (n, 6), as :attr:`FitProblem.terms` has for the fixed map."""
    grid = problem.fixed_grid
    slopes = spline_gradients_at(problem.coefficients, problem.moving_grid, transform, grid, problem.points)
    return pose_derivatives(arm, slopes)
