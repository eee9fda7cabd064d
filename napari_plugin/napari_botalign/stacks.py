"""Layers as stacks of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from botalign import ImageStack, InputError
from napari_botalign.layers import is_stack, lacks_unit, pixel_size_angstrom

if TYPE_CHECKING:
    from napari.layers import Layer


def image_stack(layer: Layer | None) -> ImageStack:
    """Return a layer as a stack of images.

    Raises
    ------
    InputError
        If it is not one; the message has the reason and what to do.
    """
    if layer is None:
        raise InputError("images: no layer is chosen; open a stack (.mrcs).")
    name = str(layer.name)
    if not isinstance(layer, Image) or layer.rgb:
        raise InputError(f"{name}: not a grey image layer, expected a stack of images; choose another layer.")
    if layer.ndim != 3:
        raise InputError(f"{name}: got {layer.ndim} dimensions, expected a stack of images (image, y, x).")
    if not is_stack(layer) and not lacks_unit(layer):
        raise InputError(f"{name}: got a density map, expected a stack of images; open one (.mrcs).")
    data = layer.data[0] if layer.multiscale else layer.data
    return ImageStack(np.asarray(data), pixel_size_angstrom(layer), name=name)
