"""New layers of computed maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botalign import DensityMap
from napari_botalign.coordinates import Matrix
from napari_botalign.layers import MapLayer, lacks_unit
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
) -> Image:
    """Add a map on the grid of another map as a layer, and return the layer.

    Parameters
    ----------
    viewer : napari.Viewer
        Viewer to add it to.
    density : DensityMap
        The map.
    name : str
        Name of the layer.
    fixed : MapLayer
        Layer whose grid it has.
    pose : ndarray, shape (4, 4)
        Pose of that grid.
    like : napari.layers.Image, optional
        Layer whose colours and contour level it gets.
    **options
        Further attributes of the layer.
    """
    looks = {key: getattr(like, key) for key in _LOOKS if like is not None}
    data, attributes, _ = map_layer_data(density, affine=pose, **looks, **options)
    attributes["name"] = name
    if lacks_unit(fixed.layer):  # napari warns of layers with different units
        attributes.pop("units", None)
    viewer.add_image(data, **attributes)
    layer: Image = viewer.layers[-1]
    return layer
