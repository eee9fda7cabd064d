"""Layers of the images in a particle list of RELION or cryoSPARC, and the lists of their classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botalign import InputError, read_images
from napari_botalign.kept import KEY, kept
from napari_botalign.reading import LayerData, Paths, stack_layer_data

if TYPE_CHECKING:
    from napari.layers import Layer


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]]:
    """Return the reader. napari has already checked the extension."""
    return read


def read(path: Paths) -> list[LayerData]:
    """Read the images of one or several lists, each as a layer.

    Raises
    ------
    botalign.InputError
        If a list or one of its stacks cannot be read; the message has the reason.
    """
    paths = path if isinstance(path, list | tuple) else [path]
    return [_layer_data(str(each)) for each in paths]


def _layer_data(path: str) -> LayerData:
    data, attributes, kind = stack_layer_data(read_images(path).stack)
    path = str(Path(path).resolve())
    return data, attributes | {"name": Path(path).stem, "metadata": {KEY: {"list": path}}}, kind


def listed_images(layer: Layer) -> Any:
    """Return the list from which a layer was read, as an image list, or None if it was not.

    The images are shifted by their origins and phase-flipped, as far as the list has origins and the CTF.

    Raises
    ------
    InputError
        If the list cannot be read any more, or the layer has other images.
    """
    path = kept(layer).get("list")
    if path is None:
        return None
    listed = read_images(path)
    if listed.stack.shape != layer.data.shape:
        raise InputError(f"{layer.name}: has other images than its list {path}; open the list again.")
    listed = listed.centred()
    listed = listed if listed.particles.ctf is None else listed.phase_flipped()
    listed.stack.name = str(layer.name)
    return listed
