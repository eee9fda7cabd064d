"""Layers of maps and stacks of images in MRC and CCP4 format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from napari.layers import Image

import botalign

LayerData = tuple[Any, dict[str, Any], str]
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]]:
    """Return the reader. napari has already checked the extension."""
    return read


def read(path: Paths) -> list[LayerData]:
    """Read files, each into a separate layer.

    Raises
    ------
    botalign.InputError
        If a file cannot be read; the message has the reason.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    return [
        stack_layer_data(botalign.read_stack(p)) if botalign.holds_images(p) else map_layer_data(botalign.read(p))
        for p in paths
    ]


def map_layer_data(density: botalign.DensityMap, **options: Any) -> LayerData:
    """Return a map as the data of a layer, in angstrom, drawn as a surface at the suggested contour level."""
    level = botalign.contour_level(density)
    grid = density.grid
    return (
        density.data,
        {
            "name": _stem(density.name),
            "scale": grid.voxel_size_angstrom[::-1],
            "translate": grid.origin_angstrom[::-1],
            "rendering": "iso",
            "iso_threshold": level,
            "gamma": 0.5,  # a surface has the colour of its level, which is a low density
            "blending": "translucent",
            "metadata": {"mrc_labels": density.labels},
            **_axes(("z", "y", "x"), ("angstrom",) * 3),
            **options,
        },
        "image",
    )


def stack_layer_data(stack: botalign.ImageStack) -> LayerData:
    """Return a stack of images as the data of a layer: its first axis counts images, the others are in angstrom."""
    x, y = stack.pixel_size_angstrom
    axes = _axes(("image", "y", "x"), ("pixel", "angstrom", "angstrom"))
    return stack.images, {"name": _stem(stack.name), "scale": (1.0, y, x), **axes}, "image"


def _axes(labels: tuple[str, ...], units: tuple[str, ...]) -> dict[str, Any]:
    """Return names and units of axes, if this version of napari has them."""
    known = signature(Image.__init__).parameters
    return {key: value for key, value in (("axis_labels", labels), ("units", units)) if key in known}


def _stem(name: str) -> str:
    stem = Path(name).name
    for suffix in (".gz", ".bz2", ".mrc", ".map", ".ccp4", ".rec", ".mrcs"):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
    return stem
