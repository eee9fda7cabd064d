"""Layers as stacks of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from botalign import ImageStack, InputError
from napari_botalign.layers import is_stack, pixel_sides, without_unit

if TYPE_CHECKING:
    from napari.layers import Layer


def image_stack(layer: Layer | None) -> ImageStack:
    """Take a layer as a stack of images.

    Raises
    ------
    InputError
        If it isn't one, saying why and what to do.
    """
    if layer is None:
        raise InputError("images: no layer is chosen; open a stack (.mrcs).")
    name = str(layer.name)
    if not isinstance(layer, Image) or layer.rgb:
        raise InputError(f"{name}: expected an image layer with a stack of images; choose another.")
    if layer.ndim != 3:
        raise InputError(f"{name}: has {layer.ndim} dimensions, expected a stack of images (image, y, x).")
    if not is_stack(layer) and not without_unit(layer):
        raise InputError(f"{name}: is a density map, expected a stack of images; open one (.mrcs).")
    data = layer.data[0] if layer.multiscale else layer.data
    return ImageStack(np.asarray(data), pixel_sides(layer), name=name)
