"""Layers as density maps: where they lie, in angstrom, and how they are moved.

napari takes an index ``(z, y, x)`` of a layer to the world by ``affine @ (translate + rotate @ shear @ scale * index)``
in the layer's units. Here that is split into a :class:`botalign.Grid`, as a file has it, and a rigid pose of that grid
in the world, a 4x4 matrix for coordinates ``(z, y, x, 1)`` in angstrom. Motions of the core relate the grids of two
maps, so they hold for the files too; a moving layer goes where the pose of the fixed one, after the motion, puts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray

from botalign import DensityMap, Grid, InputError

if TYPE_CHECKING:
    from napari.layers import Layer

Matrix = NDArray[np.float64]

#: How far columns may be from orthonormal, for numbers that were typed or stored with six digits.
_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class MapLayer:
    """A layer as it was when work on it began.

    Attributes
    ----------
    layer : napari.layers.Image
        The layer. What has become of its place since then is asked of it.
    data : array
        Its densities, at full resolution; perhaps not in memory yet.
    grid : botalign.Grid
        Where they lie in the frame of the map, which for a layer that was read from a file is the file's.
    """

    layer: Image
    data: Any
    grid: Grid

    @property
    def name(self) -> str:
        """What the layer is called."""
        return str(self.layer.name)

    def density(self) -> DensityMap:
        """Return the map; this may take a while."""
        labels = self.layer.metadata.get("mrc_labels", ())
        return DensityMap(np.asarray(self.data), self.grid, name=self.name, labels=tuple(labels))

    def pose(self) -> Matrix:
        """Return where the map's frame lies in the world now.

        Raises
        ------
        InputError
            If the layer holds other data now, or was scaled.
        """
        if _full_resolution(self.layer) is not self.data:
            raise InputError(f"{self.name}: its data were changed meanwhile, so nothing was moved; align again.")
        pose = _index_to_world(self.layer) @ np.linalg.inv(_index_to_frame(self.grid))
        if not _is_rigid(pose):
            raise InputError(f"{self.name}: its size was changed meanwhile, so nothing was moved; align again.")
        return pose

    def place(self, pose: Matrix) -> None:
        """Set the affine of the layer, and nothing else, so that the map's frame comes to lie at a pose."""
        index_to_physical = np.linalg.inv(self.layer.affine.affine_matrix) @ _index_to_layer_world(self.layer)
        wanted = pose @ _index_to_frame(self.grid)
        self.layer.affine = np.linalg.inv(_units(self.layer)) @ wanted @ np.linalg.inv(index_to_physical)


def map_layer(layer: Layer | None, role: str) -> MapLayer:
    """Take a layer as a map.

    Raises
    ------
    InputError
        If it isn't one, saying why and what to do.
    """
    if layer is None:
        raise InputError(f"{role}: no layer is chosen; open a map, or take one from File > Open Sample > BOTalign.")
    problem = refusal(layer)
    if problem is not None:
        raise InputError(f"{role}: {problem}")
    to_world = _index_to_world(layer)
    sides = np.linalg.norm(to_world[:3, :3], axis=0)
    if not (sides > 0).all() or not _is_orthogonal(to_world[:3, :3] / sides):
        raise InputError(f"{role}: {layer.name} is sheared, which no map can be; set its shear and affine to none.")
    origin = to_world[:3, 3]
    if _is_rigid(layer.affine.affine_matrix):  # then what comes before it is the file's frame
        origin = (_units(layer) @ np.linalg.inv(layer.affine.affine_matrix) @ _index_to_layer_world(layer))[:3, 3]
    data = _full_resolution(layer)
    grid = Grid(tuple(data.shape), tuple(sides[::-1]), tuple(origin[::-1]))
    return MapLayer(layer, data, grid)


def refusal(layer: Layer) -> str | None:
    """Return why a layer can't be taken as a map, or None if it can."""
    kind = layer.__class__.__name__  # of what a proxy stands for, unlike its type
    if isinstance(layer, Labels):
        return f"{layer.name} holds labels, expected a density map; convert it to an image first (right-click on it)."
    if not isinstance(layer, Image):
        return f"{layer.name} is a layer of {kind.lower()}, expected an image layer with a density map."
    if layer.rgb:
        return f"{layer.name} is a colour picture, expected a density map; split its channels first."
    if layer.ndim != 3:
        advice = "open the map itself." if layer.ndim < 3 else "make a layer of one map of the series."
        return f"{layer.name} has {layer.ndim} dimensions, expected a density map of 3; {advice}"
    if is_stack(layer):
        return f"{layer.name} is a stack of images, expected a density map."
    lengths = [_is_length(unit) or _is_pixel(unit) for unit in _layer_units(layer)]
    if not all(lengths):
        return f"{layer.name} has the units {', '.join(map(str, _layer_units(layer)))}, expected lengths."
    return None


def is_stack(layer: Layer) -> bool:
    """Whether a layer is a stack of images: the first of its axes is a number, the others are lengths."""
    units = _layer_units(layer)
    return len(units) == 3 and _is_pixel(units[0]) and all(_is_length(unit) for unit in units[1:])


def without_unit(layer: Layer) -> bool:
    """Whether a layer doesn't say what its scale is in; angstrom is assumed then."""
    return any(_is_pixel(unit) for unit in _layer_units(layer))


def pixel_sides(layer: Layer) -> tuple[float, float]:
    """Return the sides ``(x, y)`` in angstrom of the pixels of a stack of images."""
    y, x = (side * _angstroms(unit) for side, unit in zip(layer.scale[-2:], _layer_units(layer)[-2:], strict=True))
    return float(x), float(y)


def displayed_motion(fixed: MapLayer, moving: MapLayer) -> Matrix:
    """Return the motion, shape (3, 4) in the core's convention, that the layers show now."""
    shown = np.linalg.inv(fixed.pose()) @ moving.pose()
    u, _, v = np.linalg.svd(shown[:3, :3])
    shown[:3, :3] = u @ v  # rigid to the last digits
    motion: Matrix = shown[:3][::-1, [2, 1, 0, 3]]
    return motion


def pose_after(motion: Matrix, fixed_pose: Matrix) -> Matrix:
    """Return the pose of a map that a motion, shape (3, 4) in the core's convention, puts on another."""
    matrix = np.eye(4)
    matrix[:3] = motion[::-1, [2, 1, 0, 3]]
    pose: Matrix = fixed_pose @ matrix
    return pose


def moves_nothing(motion: Matrix) -> bool:
    """Whether a motion is the identity."""
    return bool(np.allclose(motion, np.eye(3, 4), atol=1e-6))


def mirrors(motion: Matrix) -> bool:
    """Whether a motion turns a map into its mirror image."""
    return bool(np.linalg.det(motion[:, :3]) < 0)


def _index_to_frame(grid: Grid) -> Matrix:
    matrix = np.diag([*grid.voxel_size_angstrom[::-1], 1.0])
    matrix[:3, 3] = grid.origin_angstrom[::-1]
    return matrix


def _index_to_layer_world(layer: Layer) -> Matrix:
    """Where napari shows the voxels, in the layer's units; asked of napari itself, point by point."""
    matrix = np.eye(4)
    matrix[:3, 3] = layer.data_to_world((0.0, 0.0, 0.0))
    for axis in range(3):
        matrix[:3, axis] = np.subtract(layer.data_to_world(np.eye(3)[axis]), matrix[:3, 3])
    return matrix


def _index_to_world(layer: Layer) -> Matrix:
    matrix: Matrix = _units(layer) @ _index_to_layer_world(layer)
    return matrix


def _units(layer: Layer) -> Matrix:
    """How many angstrom the layer's units are, as a 4x4 matrix."""
    return np.diag([*map(_angstroms, _layer_units(layer)), 1.0])


def _angstroms(unit: Any) -> float:
    return 1.0 if _is_pixel(unit) else float((1.0 * unit).to("angstrom").magnitude)


def _layer_units(layer: Layer) -> tuple[Any, ...]:
    return tuple(getattr(layer, "units", None) or (None,) * layer.ndim)


def _is_pixel(unit: Any) -> bool:
    """Whether a unit says nothing of lengths; older versions of napari have none."""
    return unit is None or unit.is_compatible_with("pixel") or unit.dimensionless


def _is_length(unit: Any) -> bool:
    return unit is not None and bool(unit.is_compatible_with("angstrom"))


def _full_resolution(layer: Image) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _is_orthogonal(linear: Matrix) -> bool:
    return bool(np.allclose(linear.T @ linear, np.eye(3), atol=_TOLERANCE))


def _is_rigid(matrix: Matrix) -> bool:
    return _is_orthogonal(matrix[:3, :3])
