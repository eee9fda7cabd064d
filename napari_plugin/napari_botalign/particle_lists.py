"""Layers of the images in a particle list of RELION or cryoSPARC, and the lists of their classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botalign import InputError, LoadOptions, common_pixel_size, load_images, read_images
from napari_botalign.kept import KEY, kept
from napari_botalign.reading import LayerData, Paths, stack_layer_data

if TYPE_CHECKING:
    from napari.layers import Layer


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]]:
    """Return the reader. napari has already checked the extension."""
    return read


def read(path: Paths) -> list[LayerData]:
    """Read the images of one or several lists, each as a layer.

    Images that differ in the number or size of their pixels are rescaled to the largest pixel size.

    Raises
    ------
    botalign.InputError
        If a list or one of its stacks cannot be read; the message has the reason.
    """
    paths = path if isinstance(path, list | tuple) else [path]
    return [_layer_data(str(each)) for each in paths]


def _layer_data(path: str) -> LayerData:
    pixel_size = common_pixel_size(path)
    data, attributes, kind = stack_layer_data(read_images(path, pixel_size_angstrom=pixel_size).stack)
    path = str(Path(path).resolve())
    known = {KEY: {"list": path, "pixel_size_angstrom": pixel_size}}
    return data, attributes | {"name": Path(path).stem, "metadata": known}, kind


def listed_images(layer: Layer, options: LoadOptions) -> Any:
    """Return the list from which a layer was read, as an image list, or None if it was not.

    The images are rescaled, shifted by their origins and phase-flipped as by ``botalign classify``. Images that were
    rescaled when they were read keep this pixel size if the options have none.

    Raises
    ------
    InputError
        If the list cannot be read any more, or the layer has other images.
    """
    path, displayed = kept(layer).get("list"), kept(layer).get("pixel_size_angstrom")
    if path is None:
        if options != LoadOptions():
            raise InputError(
                f"{layer.name}: the layer was not opened from a list (.star, .cs), expected one for these options; "
                "open the list, or empty the fields pixel size, dust and flip phases."
            )
        return None
    if options.pixel_size_angstrom is None:
        options = replace(options, pixel_size_angstrom=displayed)
    listed = load_images(path, **asdict(options))
    if len(listed.stack) != len(layer.data):
        raise InputError(f"{layer.name}: the images are not those of its list {path}; open the list again.")
    listed.stack.name = str(layer.name)
    return listed
