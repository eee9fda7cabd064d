"""New layers of maps that were computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botalign import DensityMap
from napari_botalign.layers import MapLayer, Matrix, without_unit
from napari_botalign.reading import map_layer_data

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

_LOOKS = ("colormap", "contrast_limits", "gamma", "iso_threshold", "rendering", "blending", "opacity")


def add_like(
    viewer: Viewer,
    density: DensityMap,
    name: str,
    *,
    fixed: MapLayer,
    pose: Matrix,
    like: Image | None = None,
    **options: Any,
) -> None:
    """Add a map that lies on another's grid as a layer.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to add it.
    density : DensityMap
        The map.
    name : str
        What to call it.
    fixed : MapLayer
        The layer whose grid it has.
    pose : ndarray, shape (4, 4)
        Where the frame of that grid lies.
    like : napari.layers.Image, optional
        A layer to take colours and contour level from.
    **options
        Further attributes of the layer.
    """
    looks = {key: getattr(like, key) for key in _LOOKS if like is not None}
    data, attributes, _ = map_layer_data(density, affine=pose, **looks, **options)
    attributes["name"] = name
    if without_unit(fixed.layer):  # one layer with a unit beside others without confuses napari
        attributes.pop("units", None)
    viewer.add_image(data, **attributes)
