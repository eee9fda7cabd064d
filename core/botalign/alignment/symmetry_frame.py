r"""The position of a point group in a map: its centre, and the rotation to its conventional axes.

With the conventional rotations :math:`S_i`, and :math:`R_i, t_i` fitted to the map,

.. math:: R_i \approx Q^T S_i Q, \qquad (1 - R_i)\, c \approx t_i ,

so all of them together determine the rotation :math:`Q` to the conventional axes and the centre :math:`c`. Of a cyclic
group, the rotation about its axis and the position along it are not determined, and are not changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from botalign.alignment.distinct import Tolerance, distinct
from botalign.alignment.fitting import FitProblem
from botalign.alignment.uncertainty import uncertainty
from botalign.arrays import Matrix
from botalign.geometry import (
    apply_transform,
    axis_angle,
    equivalent_axes,
    geodesic_degrees,
    matrix_from_rotation_vector,
    transform_about,
)

#: Rotations of the group by which a frame is found, and by which it is refined, at most.
TRIED, FITTED = 3, 10
#: Frames about an axis that are refined.
STARTS = 3
#: Rounds in which the rotations are fitted from the frame, and the frame to the rotations.
ROUNDS = 2
#: Angle in degrees between the azimuths about the first axis that are tried.
AZIMUTH_DEGREES = 4.0


@dataclass(frozen=True, eq=False)
class Frame:
    """The position of a group in a map.

    Attributes
    ----------
    rotation : ndarray, shape (3, 3)
        Rotation from the coordinates of the map to the conventional axes.
    centre_angstrom : ndarray, shape (3,)
        Centre of the group, or a point on its only axis, ``(x, y, z)`` in the coordinates of the map.
    axis_error_degrees, centre_error_angstrom : float
        Standard errors of the directions of the axes, and of the centre.
    """

    rotation: Matrix
    centre_angstrom: Matrix
    axis_error_degrees: float = 0.0
    centre_error_angstrom: float = 0.0

    def operation(self, conventional: Matrix) -> Matrix:
        """Return a rotation about the conventional axes as a transform of the map, shape (3, 4)."""
        linear = self.rotation.T @ conventional @ self.rotation
        return transform_about(linear, self.centre_angstrom, self.centre_angstrom)


def frame_about(fit: FitProblem, group: Matrix, axis: Matrix) -> tuple[Frame, float]:
    """Return the best frame in which a direction is the group's axis of highest order, and its mean correlation."""
    main = min(group[1:], key=lambda rotation: axis_angle(rotation)[1])
    conventional, angle = axis_angle(main)
    tried = [main, *spread(group, TRIED)]
    azimuths = np.radians(np.arange(0, angle, AZIMUTH_DEGREES))
    if all(abs(float(axis_angle(each)[0] @ conventional)) > 0.999 for each in tried):
        azimuths = azimuths[:1]  # the group is cyclic
    frames = [
        Frame(matrix_from_rotation_vector(azimuth * conventional) @ turned, fit.centre)
        for turned in (rotation_between(axis, conventional), rotation_between(-axis, conventional))
        for azimuth in azimuths
    ]
    losses = [-_quality(fit, tried, frame) for frame in frames]
    rotations = [frame.rotation for frame in frames]
    starts = [frames[i] for i in distinct(rotations, losses, Tolerance(2 * AZIMUTH_DEGREES), count=STARTS)]
    ends = [_fitted(fit, tried, frame, tolerance=0.05) for frame in starts]
    judged = spread(group, FITTED)
    qualities = [_quality(fit, judged, frame) for frame in ends]
    best = int(np.argmax(qualities))
    return ends[best], qualities[best]


def refined(fit: FitProblem, group: Matrix, frame: Frame) -> Frame:
    """Fit rotations of a group to the map, and the frame to all of them."""
    chosen = spread(group, FITTED)
    for _ in range(ROUNDS):
        frame = _fitted(fit, chosen, frame)
    return frame


def with_errors(fit: FitProblem, group: Matrix, frame: Frame) -> Frame:
    """Return a frame with its standard errors, from those of a rotation of the group."""
    chosen = spread(group, FITTED)
    covariance = uncertainty(fit, frame.operation(chosen[0])).covariance
    kept = np.concatenate([np.eye(3) - frame.operation(each)[:, :3] for each in chosen])
    share = float(np.sqrt((np.linalg.pinv(kept, rcond=1e-6) ** 2).sum()))
    angle, shift = np.sqrt(np.trace(covariance[:3, :3]) / 3), np.sqrt(np.trace(covariance[3:, 3:]) / 3)
    return replace(frame, axis_error_degrees=float(share * angle), centre_error_angstrom=float(share * shift))


def _quality(fit: FitProblem, rotations: list[Matrix], frame: Frame) -> float:
    return float(fit.correlations([frame.operation(each) for each in rotations]).mean())


def nearest(group: Matrix, frame: Frame) -> Frame:
    """Return the equivalent frame with the smallest rotation.

    Equivalent frames differ by a rotation that takes the axes of the group to axes of the group.
    """
    axes = [axis_angle(rotation)[0] for rotation in group[1:]]
    if all(abs(float(axis @ axes[0])) > 0.999 for axis in axes):
        inside = frame.rotation.T @ axes[0]
        rotations = [rotation_between(sign * inside, axes[0]) for sign in (1, -1)]
    else:
        rotations = [turn @ frame.rotation for turn in equivalent_axes(group)]
    best = min(rotations, key=lambda rotation: float(geodesic_degrees(rotation, np.eye(3))))
    return replace(frame, rotation=best)


def spread(group: Matrix, count: int) -> list[Matrix]:
    """Return rotations of a group that differ as much as possible, without the identity."""
    chosen = [group[1]]
    while len(chosen) < min(count, len(group) - 1):
        distances = np.min([geodesic_degrees(group, each) for each in (np.eye(3), *chosen)], axis=0)
        chosen.append(group[int(np.argmax(distances))])
    return chosen


def rotation_between(first: Matrix, second: Matrix) -> Matrix:
    """Return the smallest rotation from one unit vector to another."""
    axis = np.cross(first, second)
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        if float(first @ second) > 0:
            return np.eye(3)
        axis, length = np.cross(first, np.eye(3)[int(np.argmin(np.abs(first)))]), 1.0
        return matrix_from_rotation_vector(np.pi * axis / np.linalg.norm(axis))
    return matrix_from_rotation_vector(np.arctan2(length, float(first @ second)) * axis / length)


def _fitted(fit: FitProblem, rotations: list[Matrix], frame: Frame, *, tolerance: float = 1e-3) -> Frame:
    """Fit each of some rotations to the map, and the frame to them."""
    ends, _ = fit.solve_all([frame.operation(each) for each in rotations], tolerance=tolerance)
    return adjusted(frame, rotations, list(ends))


def adjusted(frame: Frame, conventional: list[Matrix], fitted: list[Matrix]) -> Frame:
    """Fit the frame to fitted rotations."""
    predicted = [frame.operation(each)[:, :3] for each in conventional]
    turns = np.array([a[:, :3] @ b.T for a, b in zip(fitted, predicted, strict=True)])
    errors = list(Rotation.from_matrix(turns).as_rotvec())
    centre = frame.centre_angstrom
    moved = [apply_transform(each, centre) - centre for each in fitted]
    # A rotation q of the frame changes a rotation R by (1 - R) q. The shortest solution leaves the rest as it is.
    inverse = np.linalg.pinv(np.concatenate([np.eye(3) - each for each in predicted]), rcond=1e-6)
    turn, shift = inverse @ np.concatenate(errors), inverse @ np.concatenate(moved)
    return replace(frame, rotation=frame.rotation @ matrix_from_rotation_vector(turn).T, centre_angstrom=centre + shift)
