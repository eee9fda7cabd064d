"""Atomic models as layers: the map that is simulated from a model, which knows the file of the model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info

from botalign import InputError, Model, from_napari, read_model, simulate
from napari_botalign.kept import KEY, model_path
from napari_botalign.layers import map_layer
from napari_botalign.reading import LayerData, Paths, map_layer_data
from napari_botalign.writing import layer_to_write, with_extension

if TYPE_CHECKING:
    from napari.layers import Image

#: Resolution of a model that was opened, in angstrom: domains are visible, and maps of large complexes are small.
RESOLUTION = 8.0


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]]:
    """Return the reader. napari has already checked the extension."""
    return read


def read(path: Paths) -> list[LayerData]:
    """Read atomic models, each as a simulated map in a separate layer.

    Raises
    ------
    botalign.InputError
        If a file cannot be read, or gemmi is not installed.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    layers = [model_layer_data(read_model(each)) for each in paths]
    show_info(
        f"BOTalign shows atomic models as maps simulated at {RESOLUTION:g} Å. To change the resolution, open the "
        "widget 'Atomic model'."
    )
    return layers


def model_layer_data(model: Model, resolution: float = RESOLUTION) -> LayerData:
    """Return a model as the data of a layer: its simulated map, in the coordinates of the file.

    Parameters
    ----------
    model : botalign.Model
        Model that was read from a file.
    resolution : float, optional
        Resolution in angstrom.
    """
    data, attributes, kind = map_layer_data(simulate(model, resolution))
    path = str(Path(model.name).resolve())
    attributes["metadata"] |= {KEY: {"model": path, "resolution": float(resolution)}}
    return data, attributes, kind


def displayed_model(layer: Image) -> Model:
    """Return the model of a layer where the layer is displayed, in the coordinates of the world.

    Raises
    ------
    botalign.InputError
        If the layer is not a model, its file cannot be read, or the layer is mirrored or scaled.
    """
    path = model_path(layer)
    if path is None:
        raise InputError(f"{layer.name} is not an atomic model; save it with the extension .mrc.")
    model = read_model(path)
    transform = from_napari(map_layer(layer, "not written").pose())
    assert transform is not None  # the scale is part of the grid
    return model.moved(transform)


def write_layer(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write the model of an image layer where the layer is displayed.

    Parameters
    ----------
    path : str
        The file; without an extension, that of the file that was opened is appended.
    data : array
        The densities.
    attributes : dict
        Attributes of the layer.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    OSError
        If the layer is not a model or is mirrored, or the file cannot be written; the message states what to do.
    """
    with layer_to_write(data, attributes) as layer:
        model = displayed_model(layer)
        path = with_extension(path, Path(model.name.removesuffix(".gz")).suffix)
        model.write(path, overwrite=True)
    return [path]
