"""Rotations and rigid transforms."""

from botalign.geometry.conventions import from_napari, to_chimerax, to_napari, to_pyem
from botalign.geometry.point_groups import (
    SETTINGS,
    equivalent_axes,
    group_symbol,
    point_group,
    rotation_order,
)
from botalign.geometry.rigid import (
    MIRROR,
    apply_transform,
    checked_transform,
    compose,
    identity,
    inverse,
    is_mirror,
    is_rigid,
    transform_about,
)
from botalign.geometry.rotations import (
    axis_angle,
    euler_zyz_degrees,
    geodesic_degrees,
    matrix_from_quaternion,
    matrix_from_rotation_vector,
    quaternion_from_matrix,
    random_rotations,
    uniform_rotations,
)

__all__ = [
    "MIRROR",
    "SETTINGS",
    "apply_transform",
    "axis_angle",
    "checked_transform",
    "compose",
    "equivalent_axes",
    "euler_zyz_degrees",
    "from_napari",
    "geodesic_degrees",
    "group_symbol",
    "identity",
    "inverse",
    "is_mirror",
    "is_rigid",
    "matrix_from_quaternion",
    "matrix_from_rotation_vector",
    "point_group",
    "quaternion_from_matrix",
    "random_rotations",
    "rotation_order",
    "to_chimerax",
    "to_napari",
    "to_pyem",
    "transform_about",
    "uniform_rotations",
]
