"""Coordinates of layers: from their data to the world, as 4x4 matrices for ``(z, y, x, 1)``.

Only the last three axes of a layer are used. An axis before them, such as the time of a series, has no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari.layers import Layer

Matrix = NDArray[np.float64]


def data_to_layer_world(layer: Layer) -> Matrix:
    """Return the transform by which napari displays the data, in the layer's units, from its own for points."""
    corner = np.zeros(layer.ndim)
    matrix = np.eye(4)
    matrix[:3, 3] = layer.data_to_world(corner)[-3:]
    for axis in range(3):
        step = corner.copy()
        step[axis - 3] = 1
        matrix[:3, axis] = np.subtract(layer.data_to_world(step)[-3:], matrix[:3, 3])
    return matrix


def data_to_world(layer: Layer) -> Matrix:
    """Return the transform by which napari displays the data, in angstrom."""
    matrix: Matrix = units_in_angstrom(layer) @ data_to_layer_world(layer)
    return matrix


def affine_of(layer: Layer) -> Matrix:
    """Return a copy of the affine of a layer, as wide as the layer has axes."""
    return np.array(layer.affine.affine_matrix)


def spatial_affine(layer: Layer) -> Matrix:
    """Return the affine of the last three axes of a layer."""
    matrix = np.eye(4)
    affine = layer.affine.affine_matrix
    matrix[:3, :3], matrix[:3, 3] = affine[-4:-1, -4:-1], affine[-4:-1, -1]
    return matrix


def set_spatial_affine(layer: Layer, matrix: Matrix) -> None:
    """Set the affine of the last three axes of a layer, and nothing else."""
    affine = affine_of(layer)
    affine[-4:-1, -4:-1], affine[-4:-1, -1] = matrix[:3, :3], matrix[:3, 3]
    layer.affine = affine


def is_drawn_unrotated(layer: Layer) -> bool:
    """Whether the slices of a layer in a 2-D view are drawn without its rotation."""
    linear = data_to_layer_world(layer)[:3, :3]
    return not np.allclose(linear, np.diag(np.diag(linear)), atol=1e-4 * np.abs(linear).max())


def units_in_angstrom(layer: Layer) -> Matrix:
    """Return the layer's units in angstrom as a 4x4 diagonal matrix."""
    return np.diag([*map(angstroms, units_of(layer)[-3:]), 1.0])


def units_of(layer: Layer) -> tuple[Any, ...]:
    """Return the unit of each axis; None in older versions of napari, which have no units."""
    return tuple(getattr(layer, "units", None) or (None,) * layer.ndim)


def angstroms(unit: Any) -> float:
    """Return a unit in angstrom, which is assumed where there is no unit of length."""
    return 1.0 if is_pixel(unit) else float((1.0 * unit).to("angstrom").magnitude)


def is_pixel(unit: Any) -> bool:
    """Whether a unit is not a unit of anything."""
    return unit is None or unit.is_compatible_with("pixel") or unit.dimensionless


def why_not_lengths(layer: Layer) -> str | None:
    """Return the reason why the coordinates of a layer cannot be in angstrom, or None if they can."""
    units = units_of(layer)[-3:]
    if all(is_length(unit) or is_pixel(unit) for unit in units):
        return None
    return f"{layer.name} has the units {', '.join(map(str, units))}, expected units of length."


def is_length(unit: Any) -> bool:
    """Whether a unit is one of length."""
    return unit is not None and bool(unit.is_compatible_with("angstrom"))
