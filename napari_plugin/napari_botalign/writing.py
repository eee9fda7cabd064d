"""Layers as files in MRC format."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer

from botalign import ImageStack, InputError
from napari_botalign.coordinates import Matrix
from napari_botalign.layers import is_stack, lacks_unit, map_layer

_RESAMPLE = "press 'Resample onto fixed' in the widget 'Align maps', and write the new layer."


def write_layer(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an image layer: a map with its voxel size and origin, or a stack of images if the extension is ``.mrcs``.

    Parameters
    ----------
    path : str
        The file; without an extension, ``.mrc`` is appended, or ``.mrcs`` for a stack of images. It is replaced if it
        exists, because napari has asked the user, unless an extension was appended.
    data : array
        The densities, axes z, y, x.
    attributes : dict
        Attributes of the layer.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    OSError
        If such a file cannot contain the layer, or cannot be written; the message has what to do.
    """
    with layer_to_write(data, attributes) as layer:
        path = with_extension(path, ".mrcs" if is_stack(layer) else ".mrc")
        if ".mrcs" in [suffix.lower() for suffix in Path(path).suffixes]:
            _stack(layer).write(path, overwrite=True)
        else:
            _refuse_stack(layer)
            source = map_layer(layer, "not written")
            _refuse_rotated(layer.name, source.pose())
            source.density().write(path, overwrite=True)
    return [path]


@contextmanager
def layer_to_write(data: Any, attributes: dict[str, Any]) -> Iterator[Image]:
    """Make the image layer that napari asks to write, and raise what makes that impossible as an OSError.

    Parameters
    ----------
    data : array
        The densities.
    attributes : dict
        Attributes of the layer.

    Yields
    ------
    napari.layers.Image
        The layer.

    Raises
    ------
    OSError
        On an InputError inside; the message is the same.
    """
    with warnings.catch_warnings():  # that slices of a rotated layer are drawn without the rotation; none is drawn
        warnings.simplefilter("ignore")
        layer = Layer.create(data, attributes, "image")
    try:
        yield layer
    except InputError as error:
        # An InputError is a ValueError, which napari reports as "no plugin can write this".
        raise OSError(str(error)) from None


def with_extension(path: str, extension: str) -> str:
    """Return a path that was chosen in a dialog, with an extension appended if it has none.

    Raises
    ------
    FileExistsError
        If an extension was appended and the file exists: the dialog has not asked whether to replace it.
    """
    if re.fullmatch(r"\.[A-Za-z]\w*", Path(path).suffix):  # not as in "map at 2.5 A"
        return path
    complete = Path(f"{path}{extension}")
    if complete.exists():
        raise FileExistsError(f"{complete}: the file exists; choose another name, or this one with {extension}.")
    return str(complete)


def _refuse_stack(layer: Image) -> None:
    if is_stack(layer):
        raise InputError(f"{layer.name} is a stack of images, but the extension is that of a map; save it as .mrcs.")


def _refuse_rotated(name: str, pose: Matrix) -> None:
    if not np.allclose(pose[:3, :3], np.eye(3), atol=1e-6):
        raise InputError(f"{name} is rotated or mirrored, which an MRC file cannot contain; {_RESAMPLE}")


def _stack(layer: Image) -> ImageStack:
    """Return a layer as images; it may lack a unit of length."""
    name = layer.name
    if layer.rgb:
        raise InputError(f"{name} is a colour image, expected a stack of grey images; choose another layer.")
    if layer.ndim != 3:
        raise InputError(f"{name} has {layer.ndim} dimensions, expected a stack of images (image, y, x).")
    linear = np.array([np.subtract(layer.data_to_world(e), layer.data_to_world(0 * e)) for e in np.eye(3)]).T
    if not np.allclose(linear, np.diag(np.diag(linear))) or np.diag(linear).min() <= 0:
        raise InputError(f"{name} is rotated, which a stack cannot contain; reset its rotate, shear and affine.")
    if not is_stack(layer) and not lacks_unit(layer):
        raise InputError(f"{name} is a map, but the extension is that of a stack of images; save it as .mrc.")
    data = layer.data[0] if layer.multiscale else layer.data
    return ImageStack(np.asarray(data), (linear[2, 2], linear[1, 1]), name=name)
