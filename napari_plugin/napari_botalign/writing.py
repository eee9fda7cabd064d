"""Layers as files in MRC format."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from botalign import ImageStack, InputError
from napari_botalign.layers import Matrix, is_stack, map_layer, without_unit

_RESAMPLE = "put it on a map's grid by 'Resample onto fixed' of the widget Align maps, and write the new layer."


def write_layer(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an image layer: a map with its voxel size and origin, or, by the ending ``.mrcs``, a stack of images.

    Parameters
    ----------
    path : str
        The file; one that exists is replaced, as napari has asked before.
    data : array
        The densities, axes z, y, x.
    attributes : dict
        What napari knows of the layer.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    OSError
        If the layer can't be expressed in such a file, or the file not be written; the message says what to do.
    """
    with warnings.catch_warnings():  # that slices of a turned layer are drawn without the turn, but none is drawn
        warnings.simplefilter("ignore")
        layer = Layer.create(data, attributes, "image")
    try:
        if ".mrcs" in [suffix.lower() for suffix in Path(path).suffixes]:
            _stack(layer).write(path, overwrite=True)
        else:
            _refuse_stack(layer)
            source = map_layer(layer, "not written")
            _refuse_turned(layer.name, source.pose())
            source.density().write(path, overwrite=True)
    except InputError as error:
        # napari takes a ValueError, which this is, for "no plugin can write that".
        raise OSError(str(error)) from None
    return [path]


def _refuse_stack(layer: Image) -> None:
    if is_stack(layer):
        raise InputError(f"{layer.name} is a stack of images, expected a map; write it with the ending .mrcs.")


def _refuse_turned(name: str, pose: Matrix) -> None:
    if not np.allclose(pose[:3, :3], np.eye(3), atol=1e-6):
        raise InputError(f"{name} is turned or mirrored, which an MRC file can't express; {_RESAMPLE}")


def _stack(layer: Image) -> ImageStack:
    """Return a layer as images; those that say nothing of lengths will do too."""
    name = layer.name
    if layer.rgb or layer.ndim != 3:
        raise InputError(f"{name} has {layer.ndim} dimensions, expected a stack of images (image, y, x).")
    linear = np.array([np.subtract(layer.data_to_world(e), layer.data_to_world(0 * e)) for e in np.eye(3)]).T
    if not np.allclose(linear, np.diag(np.diag(linear))) or np.diag(linear).min() <= 0:
        raise InputError(f"{name} is turned, which a stack can't express; set its rotate, shear and affine to none.")
    if not is_stack(layer) and not without_unit(layer):
        raise InputError(f"{name} is a map, expected a stack of images; write it with the ending .mrc.")
    data = layer.data[0] if layer.multiscale else layer.data
    return ImageStack(np.asarray(data), (linear[2, 2], linear[1, 1]), name=name)
