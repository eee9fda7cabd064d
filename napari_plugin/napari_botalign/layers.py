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

from botalign import DensityMap, Grid, InputError, Model, Orientation, from_napari, read_model, to_napari
from napari_botalign.coordinates import (
    Matrix,
    angstroms,
    data_to_layer_world,
    data_to_world,
    is_length,
    is_pixel,
    set_spatial_affine,
    spatial_affine,
    units_in_angstrom,
    units_of,
    why_not_lengths,
)
from napari_botalign.kept import model_path, model_resolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer


@dataclass(frozen=True, eq=False)
class MapLayer:
    """A layer as it was when work on it started.

    Attributes
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        The layer. Its current pose is read from it.
    data : array
        Its data, at full resolution; they may not be in memory yet.
    frame : int or None
        Frame that is the map, if the layer is a time series.
    grid : botalign.Grid
        Its grid, in the coordinates of the file if it was read from one.
    """

    layer: Image | Labels
    data: Any
    grid: Grid
    frame: int | None = None

    @property
    def model_path(self) -> str | None:
        """File of the atomic model whose simulated map it is."""
        return model_path(self.layer)

    @property
    def resolution(self) -> float | None:
        """Resolution of the simulated map of an atomic model in angstrom."""
        return model_resolution(self.layer)

    def model(self) -> Model | None:
        """Return the atomic model whose simulated map it is; this reads its file."""
        return None if self.model_path is None else read_model(self.model_path)

    @property
    def name(self) -> str:
        """Name of the layer."""
        return str(self.layer.name)

    def density(self) -> DensityMap:
        """Return the map; this may read the data."""
        labels = self.layer.metadata.get("mrc_labels", ())
        data = np.asarray(self.data if self.frame is None else self.data[self.frame])
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
        pose = from_napari(data_to_world(self.layer) @ np.linalg.inv(_index_to_frame(self.grid)))
        if pose is None:
            raise InputError(
                f"{self.name}: its scale was changed during the alignment, so it was not moved; align again."
            )
        return to_napari(pose)

    def set_pose(self, pose: Matrix) -> None:
        """Set the affine of the layer, and nothing else, so that its grid has a pose."""
        index_to_physical = np.linalg.inv(spatial_affine(self.layer)) @ data_to_layer_world(self.layer)
        wanted = np.linalg.inv(units_in_angstrom(self.layer)) @ pose @ _index_to_frame(self.grid)
        set_spatial_affine(self.layer, wanted @ np.linalg.inv(index_to_physical))


def map_layer(layer: Layer | None, role: str, *, mask: bool = False, point: Sequence[float] | None = None) -> MapLayer:
    """Return a layer as a map.

    Parameters
    ----------
    layer : napari.layers.Layer or None
        The layer.
    role : str
        Name of its choice in messages.
    mask : bool, optional
        Whether it is a mask. Then it may have labels: 0 is outside, everything else inside.
    point : sequence of float, optional
        Displayed point of the world. Then the layer may be a time series, of which the displayed frame is returned.

    Raises
    ------
    InputError
        If it is not a map; the message has the reason and what to do.
    """
    if layer is None:
        raise InputError(f"{role}: no layer is chosen; open a map, or one of File > Open Sample > BOTalign.")
    problem = why_not_a_map(layer, mask=mask, series=point is not None)
    if problem is not None:
        raise InputError(f"{role}: {problem}")
    to_world = data_to_world(layer)
    sides = np.linalg.norm(to_world[:3, :3], axis=0)
    if not (sides > 0).all() or from_napari(to_world / [*sides, 1.0]) is None:
        raise InputError(
            f"{role}: {layer.name} is sheared, expected a map with right angles; reset its shear and affine."
        )
    origin = to_world[:3, 3]
    if from_napari(spatial_affine(layer)) is not None:  # then the transforms before it are those of the file
        own = np.linalg.inv(spatial_affine(layer)) @ data_to_layer_world(layer)
        origin = (units_in_angstrom(layer) @ own)[:3, 3]
    data, frame = _full_resolution(layer), None
    if layer.ndim == 4 and point is not None:
        frame = int(np.clip(round(layer.world_to_data(point)[0]), 0, len(data) - 1))
    grid = Grid(tuple(data.shape[-3:]), tuple(sides[::-1]), tuple(origin[::-1]))
    return MapLayer(layer, data, grid, frame)


def why_not_a_map(layer: Layer, *, mask: bool = False, series: bool = False) -> str | None:
    """Return the reason why a layer is not a map, or None if it is one.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.
    mask : bool, optional
        Whether it may have labels.
    series : bool, optional
        Whether it may be a time series of maps.
    """
    kind = layer.__class__.__name__  # type() would return that of a proxy
    if isinstance(layer, Labels) and not mask:
        return f"{layer.name} has labels, expected a density map; convert it to an image first (right-click on it)."
    if not isinstance(layer, Image | Labels):
        expected = "a layer of labels or an image layer" if mask else "an image layer with a density map"
        return f"{layer.name} is a {kind.lower()} layer, expected {expected}."
    if isinstance(layer, Image) and layer.rgb:
        return f"{layer.name} is a colour image, expected a density map; split its channels first."
    if layer.ndim != 3 and not (series and layer.ndim == 4):
        advice = "open the whole map." if layer.ndim < 3 else "make a layer of one map of the series."
        return f"{layer.name} has {layer.ndim} dimensions, expected a density map with 3; {advice}"
    if is_stack(layer):
        return f"{layer.name} is a stack of images, expected a density map."
    return why_not_lengths(layer)


def is_stack(layer: Layer) -> bool:
    """Whether a layer is a stack of images: its first axis has no unit of length, the others do."""
    units = units_of(layer)
    return len(units) == 3 and is_pixel(units[0]) and all(is_length(unit) for unit in units[1:])


def lacks_unit(layer: Layer) -> bool:
    """Whether the scale of a layer has no unit of length; angstrom is assumed then."""
    return any(is_pixel(unit) for unit in units_of(layer)[-3:])


def pixel_size_angstrom(layer: Layer) -> tuple[float, float]:
    """Return the pixel size ``(x, y)`` of a stack of images in angstrom."""
    y, x = (side * angstroms(unit) for side, unit in zip(layer.scale[-2:], units_of(layer)[-2:], strict=True))
    return float(x), float(y)


def displayed_level(layer: Layer) -> float | None:
    """Return the contour level at which a layer is drawn as a surface, or None if it is not."""
    shown = isinstance(layer, Image) and layer.rendering == "iso" and model_path(layer) is None
    return float(layer.iso_threshold) if shown else None


def displayed_transform(fixed: MapLayer, moving: MapLayer) -> Matrix:
    """Return the transform from the moving to the fixed map, shape (3, 4), as the layers are displayed now."""
    transform = from_napari(np.linalg.inv(fixed.pose()) @ moving.pose())
    assert transform is not None
    return transform


def moved_pose(moving_to_fixed: Matrix, fixed_pose: Matrix) -> Matrix:
    """Return the pose of the moving map after a transform, shape (3, 4), given the pose of the fixed map."""
    pose: Matrix = fixed_pose @ to_napari(moving_to_fixed)
    return pose


def oriented_pose(layer: MapLayer, found: Orientation) -> tuple[Matrix, Matrix]:
    """Return the poses of the grid and of a map that is oriented on it, axes along those of the world.

    The centre of the box stays where it is displayed.
    """
    centre, now = layer.grid.pose_centre_angstrom[::-1], layer.pose()
    grid = np.eye(4)
    grid[:3, 3] = now[:3, :3] @ centre + now[:3, 3] - centre
    return grid, moved_pose(found.transform, grid)


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


def _full_resolution(layer: Image | Labels) -> Any:
    return layer.data[0] if layer.multiscale else layer.data
