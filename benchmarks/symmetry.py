"""The error of a pose, up to the symmetry of its map."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from maps import Array, MapEntry, fourier_crop
from poses import Pair, centre_of_mass, sample, voxel_positions

WORKING_SIZE = 48
LEAST_CORRELATION = 0.9


@dataclass(frozen=True)
class PoseError:
    """Error of a pose. The angle of a mirrored pose is infinite."""

    angle_degrees: float
    shift_voxels: float


def self_correlation(volume: Array, rotation: Array) -> float:
    """Return the correlation of a map with itself rotated about its centre of mass."""
    centre = centre_of_mass(volume)
    rotated = sample(volume, (voxel_positions(volume.shape[0]) - centre) @ rotation.T + centre)
    return float(np.corrcoef(rotated, volume.ravel())[0, 1])


def twofold(azimuth: float) -> Array:
    """Return the rotation by 180 degrees about an axis in the xy plane, ``azimuth`` in radians from x."""
    return Rotation.from_rotvec(np.pi * np.array([np.cos(azimuth), np.sin(azimuth), 0.0])).as_matrix()


def twofold_azimuth(volume: Array, order: int) -> float:
    """Return the azimuth of a two-fold axis of a D(order) map, modulo pi / order; files differ in it."""
    step = np.pi / order / 12
    coarse = step * np.arange(12)
    best = coarse[np.argmax([self_correlation(volume, twofold(angle)) for angle in coarse])]
    result = minimize_scalar(
        lambda angle: -self_correlation(volume, twofold(angle)), bounds=(best - step, best + step), method="bounded"
    )
    return float(result.x)


def rotation_group(entry: MapEntry, volume: Array) -> Array:
    """Return the rotations that leave a map unchanged, shape (order, 3, 3); they are checked on the map."""
    kind, order = entry.symmetry[0], int(entry.symmetry[1:])
    group = Rotation.from_rotvec(np.outer(2.0 * np.pi / order * np.arange(order), [0.0, 0.0, 1.0])).as_matrix()
    if order == 1:
        return group
    small = fourier_crop(volume, WORKING_SIZE)
    generators = [group[1]]
    if kind == "D":
        half_rotation = twofold(twofold_azimuth(small, order))
        group = np.concatenate([group, group @ half_rotation])
        generators.append(half_rotation)
    for generator in generators:
        correlation = self_correlation(small, generator)
        if correlation < LEAST_CORRELATION:
            raise ValueError(f"{entry.name} is not {entry.symmetry}: it correlates {correlation:.2f} with itself")
    return group


def pose_error(found: Array, pair: Pair, group: Array, centre: Array) -> PoseError:
    """Compare a found 3x4 pose with the true one.

    The angle is the smallest over the rotations of the symmetry. The shift is that of the centre of mass, which lies on
    all symmetry axes.
    """
    true_linear, true_offset = pair.moving_to_fixed[:, :3], pair.moving_to_fixed[:, 3]
    centre_moving = true_linear.T @ (centre - true_offset)
    shift = float(np.linalg.norm(found[:, :3] @ centre_moving + found[:, 3] - centre))
    if np.linalg.det(found[:, :3]) < 0:
        return PoseError(float("inf"), shift)
    chord = np.linalg.norm(group @ true_linear - found[:, :3], axis=(1, 2)).min() / np.sqrt(8.0)
    return PoseError(float(np.degrees(2.0 * np.arcsin(min(chord, 1.0)))), shift)
