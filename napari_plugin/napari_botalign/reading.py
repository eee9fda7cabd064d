"""Layers of maps and stacks of images in MRC and CCP4 format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from napari.layers import Image
from numpy import allclose, concatenate, stack

import botalign

LayerData = tuple[Any, dict[str, Any], str]
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]]:
    """Return the reader. napari has already checked the extension."""
    return read


def read(path: Paths) -> list[LayerData]:
    """Read a file, or several files as one layer. Values keep the type of the file, so that they need no more memory.

    Raises
    ------
    botalign.InputError
        If a file cannot be read, or files differ in size or position; the message states the reason.
    """
    if isinstance(path, str | os.PathLike):
        return [_stored_layer_data(botalign.read_stored(path))]
    return [_joined([_stored_layer_data(botalign.read_stored(each)) for each in path])]


def map_layer_data(density: botalign.DensityMap, **options: Any) -> LayerData:
    """Return a map as the data of a layer, in angstrom, drawn as a surface at the suggested contour level."""
    level = botalign.contour_level(density)
    return _map_layer_data(density.data, density.grid, density.name, density.labels, level, **options)


def _stored_layer_data(stored: Any) -> LayerData:
    header = stored.header
    if header.images:
        return _images_layer_data(stored.values, header.grid.voxel_size_angstrom[:2], header.name)
    return _map_layer_data(stored.values, header.grid, header.name, header.labels, stored.contour_level)


def _joined(layers: list[LayerData]) -> LayerData:
    """Return layers as one: maps along a new first axis, stacks of images one after the other."""
    first, options, kind = layers[0]
    if len(layers) == 1:
        return layers[0]
    images = "translate" not in options
    for data, others, _ in layers[1:]:
        same = data.shape[images:] == first.shape[images:] and others.get("axis_labels") == options.get("axis_labels")
        if not same or not all(allclose(others[key], options[key]) for key in ("scale", "translate") if key in options):
            raise botalign.InputError(
                f"{others['name']}: the size, voxel size or position is not that of {options['name']}, expected "
                "the same for a stack; open the files as separate layers."
            )
    name = f"{options['name']} and {len(layers) - 1} more"
    if images:
        return concatenate([data for data, _, _ in layers]), options | {"name": name}, kind
    axes = _axes(("map", "z", "y", "x"), ("pixel", *("angstrom",) * 3))
    place = {"scale": (1.0, *options["scale"]), "translate": (0.0, *options["translate"])}
    return stack([data for data, _, _ in layers]), options | place | axes | {"name": name}, kind


def _map_layer_data(
    data: Any, grid: botalign.Grid, name: str, labels: tuple[str, ...], level: float, /, **options: Any
) -> LayerData:
    return (
        data,
        {
            "name": _stem(name),
            "scale": grid.voxel_size_angstrom[::-1],
            "translate": grid.origin_angstrom[::-1],
            "rendering": "iso",
            "iso_threshold": level,
            "contrast_limits": _limits(data, level),
            "gamma": 0.5,  # a surface has the colour of its level, which is a low density
            "blending": "translucent",
            "metadata": {"mrc_labels": labels},
            **_axes(("z", "y", "x"), ("angstrom",) * 3),
            **options,
        },
        "image",
    )


def stack_layer_data(images: botalign.ImageStack) -> LayerData:
    """Return a stack of images as the data of a layer: its first axis counts images, the others are in angstrom."""
    return _images_layer_data(images.images, images.pixel_size_angstrom, images.name)


def _images_layer_data(data: Any, pixel_size: tuple[float, ...], name: str) -> LayerData:
    x, y = pixel_size
    axes = _axes(("image", "y", "x"), ("pixel", "angstrom", "angstrom"))
    return data, {"name": _stem(name), "scale": (1.0, y, x), **axes}, "image"


def _limits(data: Any, level: float) -> tuple[float, float]:
    """Return contrast limits that leave what is far below the contour level dark, such as noise in an empty box."""
    highest = float(data.max())
    return (level / 2, highest) if highest > level / 2 else (0.0, max(highest, 1.0))


def _axes(labels: tuple[str, ...], units: tuple[str, ...]) -> dict[str, Any]:
    """Return names and units of axes, if this version of napari has them."""
    known = signature(Image.__init__).parameters
    return {key: value for key, value in (("axis_labels", labels), ("units", units)) if key in known}


def _stem(name: str) -> str:
    stem = Path(name).name
    for suffix in (".gz", ".bz2", ".mrc", ".map", ".ccp4", ".rec", ".mrcs", ".pdb", ".ent", ".cif", ".mmcif"):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
    return stem
