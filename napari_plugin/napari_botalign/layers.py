"""Layers as density maps: their grids and poses in angstrom.

napari takes an index ``(z, y, x)`` of a layer to the world by ``affine @ (translate + rotate @ shear @ scale * index)``
in the units of the layer. Here that is split into a :class:`botalign.Grid`, as in a file, and a rigid pose of that grid
in the world, a 4x4 matrix for coordinates ``(z, y, x, 1)`` in angstrom. The transforms of ``botalign`` relate the grids
of two maps, so they hold for the files too. The new pose of a moving layer is the transform, then the pose of the fixed
layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray

from botalign import DensityMap, Grid, InputError, from_napari, to_napari

if TYPE_CHECKING:
    from napari.layers import Layer

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MapLayer:
    """A layer as it was when work on it started.

    Attributes
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        The layer. Its current pose is read from it.
    data : array
        Its densities, at full resolution; they may not be in memory yet.
    grid : botalign.Grid
        Its grid, in the coordinates of the file if it was read from one.
    """

    layer: Image | Labels
    data: Any
    grid: Grid

    @property
    def name(self) -> str:
        """Name of the layer."""
        return str(self.layer.name)

    def density(self) -> DensityMap:
        """Return the map; this may read the data."""
        labels = self.layer.metadata.get("mrc_labels", ())
        data = np.asarray(self.data)
        if isinstance(self.layer, Labels):
            data = (data != 0).astype(np.float32)
        return DensityMap(data, self.grid, name=self.name, labels=tuple(labels))

    def pose(self) -> Matrix:
        """Return the current pose of the grid in the world.

        Raises
        ------
        InputError
            If the layer has other data now, or was scaled.
        """
        if _full_resolution(self.layer) is not self.data:
            raise InputError(
                f"{self.name}: its data was changed during the alignment, so it was not moved; align again."
            )
        pose = from_napari(_index_to_world(self.layer) @ np.linalg.inv(_index_to_frame(self.grid)))
        if pose is None:
            raise InputError(
                f"{self.name}: its scale was changed during the alignment, so it was not moved; align again."
            )
        return to_napari(pose)

    def set_pose(self, pose: Matrix) -> None:
        """Set the affine of the layer, and nothing else, so that its grid has a pose."""
        index_to_physical = np.linalg.inv(self.layer.affine.affine_matrix) @ _index_to_layer_world(self.layer)
        wanted = pose @ _index_to_frame(self.grid)
        self.layer.affine = np.linalg.inv(_units(self.layer)) @ wanted @ np.linalg.inv(index_to_physical)


def map_layer(layer: Layer | None, role: str, *, mask: bool = False) -> MapLayer:
    """Return a layer as a map.

    Parameters
    ----------
    layer : napari.layers.Layer or None
        The layer.
    role : str
        Name of its choice in messages.
    mask : bool, optional
        Whether it is a mask. Then it may have labels: 0 is outside, everything else inside.

    Raises
    ------
    InputError
        If it is not a map; the message has the reason and what to do.
    """
    if layer is None:
        raise InputError(f"{role}: no layer is chosen; open a map, or one of File > Open Sample > BOTalign.")
    problem = why_not_a_map(layer, mask=mask)
    if problem is not None:
        raise InputError(f"{role}: {problem}")
    to_world = _index_to_world(layer)
    sides = np.linalg.norm(to_world[:3, :3], axis=0)
    if not (sides > 0).all() or from_napari(to_world / [*sides, 1.0]) is None:
        raise InputError(
            f"{role}: {layer.name} is sheared, expected a map with right angles; reset its shear and affine."
        )
    origin = to_world[:3, 3]
    if from_napari(layer.affine.affine_matrix) is not None:  # then the transforms before it are those of the file
        origin = (_units(layer) @ np.linalg.inv(layer.affine.affine_matrix) @ _index_to_layer_world(layer))[:3, 3]
    data = _full_resolution(layer)
    grid = Grid(tuple(data.shape), tuple(sides[::-1]), tuple(origin[::-1]))
    return MapLayer(layer, data, grid)


def why_not_a_map(layer: Layer, *, mask: bool = False) -> str | None:
    """Return the reason why a layer is not a map (or a mask, which may have labels), or None if it is one."""
    kind = layer.__class__.__name__  # type() would return that of a proxy
    if isinstance(layer, Labels) and not mask:
        return f"{layer.name} has labels, expected a density map; convert it to an image first (right-click on it)."
    if not isinstance(layer, Image | Labels):
        expected = "a layer of labels or an image layer" if mask else "an image layer with a density map"
        return f"{layer.name} is a {kind.lower()} layer, expected {expected}."
    if isinstance(layer, Image) and layer.rgb:
        return f"{layer.name} is a colour image, expected a density map; split its channels first."
    if layer.ndim != 3:
        advice = "open the whole map." if layer.ndim < 3 else "make a layer of one map of the series."
        return f"{layer.name} has {layer.ndim} dimensions, expected a density map with 3; {advice}"
    if is_stack(layer):
        return f"{layer.name} is a stack of images, expected a density map."
    lengths = [_is_length(unit) or _is_pixel(unit) for unit in _layer_units(layer)]
    if not all(lengths):
        return f"{layer.name} has the units {', '.join(map(str, _layer_units(layer)))}, expected units of length."
    return None


def is_stack(layer: Layer) -> bool:
    """Whether a layer is a stack of images: its first axis has no unit of length, the others do."""
    units = _layer_units(layer)
    return len(units) == 3 and _is_pixel(units[0]) and all(_is_length(unit) for unit in units[1:])


def lacks_unit(layer: Layer) -> bool:
    """Whether the scale of a layer has no unit of length; angstrom is assumed then."""
    return any(_is_pixel(unit) for unit in _layer_units(layer))


def pixel_size_angstrom(layer: Layer) -> tuple[float, float]:
    """Return the pixel size ``(x, y)`` of a stack of images in angstrom."""
    y, x = (side * _angstroms(unit) for side, unit in zip(layer.scale[-2:], _layer_units(layer)[-2:], strict=True))
    return float(x), float(y)


def displayed_transform(fixed: MapLayer, moving: MapLayer) -> Matrix:
    """Return the transform from the moving to the fixed map, shape (3, 4), as the layers are displayed now."""
    transform = from_napari(np.linalg.inv(fixed.pose()) @ moving.pose())
    assert transform is not None
    return transform


def moved_pose(moving_to_fixed: Matrix, fixed_pose: Matrix) -> Matrix:
    """Return the pose of the moving map after a transform, shape (3, 4), given the pose of the fixed map."""
    pose: Matrix = fixed_pose @ to_napari(moving_to_fixed)
    return pose


def is_identity(transform: Matrix) -> bool:
    """Whether a transform is the identity."""
    return bool(np.allclose(transform, np.eye(3, 4), atol=1e-6))


def is_mirrored(transform: Matrix) -> bool:
    """Whether a transform mirrors."""
    return bool(np.linalg.det(transform[:, :3]) < 0)


def _index_to_frame(grid: Grid) -> Matrix:
    matrix = np.diag([*grid.voxel_size_angstrom[::-1], 1.0])
    matrix[:3, 3] = grid.origin_angstrom[::-1]
    return matrix


def _index_to_layer_world(layer: Layer) -> Matrix:
    """Return the transform by which napari displays the voxels, in the layer's units, from its own for points."""
    matrix = np.eye(4)
    matrix[:3, 3] = layer.data_to_world((0.0, 0.0, 0.0))
    for axis in range(3):
        matrix[:3, axis] = np.subtract(layer.data_to_world(np.eye(3)[axis]), matrix[:3, 3])
    return matrix


def _index_to_world(layer: Layer) -> Matrix:
    matrix: Matrix = _units(layer) @ _index_to_layer_world(layer)
    return matrix


def _units(layer: Layer) -> Matrix:
    """Return the layer's units in angstrom as a 4x4 diagonal matrix."""
    return np.diag([*map(_angstroms, _layer_units(layer)), 1.0])


def _angstroms(unit: Any) -> float:
    return 1.0 if _is_pixel(unit) else float((1.0 * unit).to("angstrom").magnitude)


def _layer_units(layer: Layer) -> tuple[Any, ...]:
    return tuple(getattr(layer, "units", None) or (None,) * layer.ndim)


def _is_pixel(unit: Any) -> bool:
    """Whether a unit is not one of length; older versions of napari have no units."""
    return unit is None or unit.is_compatible_with("pixel") or unit.dimensionless


def _is_length(unit: Any) -> bool:
    return unit is not None and bool(unit.is_compatible_with("angstrom"))


def _full_resolution(layer: Image | Labels) -> Any:
    return layer.data[0] if layer.multiscale else layer.data
