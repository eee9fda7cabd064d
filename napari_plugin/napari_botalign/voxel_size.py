"""Layers whose reader did not set a voxel size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from qtpy.QtWidgets import QInputDialog

from botalign import InputError
from napari_botalign.layers import MapLayer, lacks_unit


def ask_voxel_sizes(parent: Any, maps: Iterable[MapLayer]) -> bool:
    """Ask for the voxel sizes of maps that have none, and set them.

    Parameters
    ----------
    parent : QWidget
        Parent of the dialogs.
    maps : iterable of MapLayer
        The maps.

    Returns
    -------
    bool
        Whether a layer was changed, so that it must be taken as a map again.

    Raises
    ------
    InputError
        If the user cancels a dialog.
    """
    size = 1.0
    changed = False
    for layer in [one.layer for one in maps]:
        if not lacks_unit(layer) or not np.allclose(layer.scale, 1.0):
            continue
        size, accepted = QInputDialog.getDouble(
            parent, "Voxel size", f"{layer.name} has no voxel size. Voxel size in Å:", size, 0.01, 1000.0, 4
        )
        if not accepted:
            raise InputError(f"{layer.name}: no voxel size; start again and enter it.")
        affine = np.array(layer.affine.affine_matrix)
        affine[:3, 3] *= size
        layer.scale, layer.translate, layer.affine = layer.scale * size, layer.translate * size, affine
        layer.units = ("angstrom",) * 3
        changed = True
    return changed


def unit_note(maps: Iterable[MapLayer]) -> list[str]:
    """Return a note on the maps without a unit, if there are any."""
    names = [one.name for one in maps if lacks_unit(one.layer)]
    return [f"Without a unit, angstrom is assumed: {', '.join(names)}."] if names else []
