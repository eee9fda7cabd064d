"""Rotations and rigid transforms."""

from botalign.geometry.rigid import (
    apply_transform,
    compose,
    identity,
    inverse,
    is_rigid,
    mirror_across,
    transform_about,
)
from botalign.geometry.rotations import (
    axis_angle,
    geodesic_degrees,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    random_rotations,
)

__all__ = [
    "apply_transform",
    "axis_angle",
    "compose",
    "geodesic_degrees",
    "identity",
    "inverse",
    "is_rigid",
    "matrix_from_quaternion",
    "matrix_from_rotation_vector",
    "mirror_across",
    "quaternion_from_matrix",
    "random_rotations",
    "transform_about",
]
