"""Sample data, which is computed, not downloaded."""

from __future__ import annotations

from numpy import array

from botalign import phantom
from napari_botalign.reading import LayerData, map_layer_data

#: A rotation by 153 degrees with a shift in angstrom, without and with mirroring.
_MOVED = array([[1, 8, -4, 54], [4, -4, -7, -36], [-8, -1, -4, 27]]) / 9
_MIRRORED = array([[1, 8, -4, -45], [4, -4, -7, 36], [8, 1, 4, 18]]) / 9


def two_poses() -> list[LayerData]:
    """Return a molecule with two domains in two poses, in boxes of different size."""
    return [
        map_layer_data(phantom(64), name="phantom", colormap="bop orange", blending="additive"),
        map_layer_data(phantom(72, transform=_MOVED), name="phantom, moved", colormap="bop blue", blending="additive"),
    ]


def mirrored() -> list[LayerData]:
    """Return a molecule with two domains, and its mirror image in another pose."""
    return [
        map_layer_data(phantom(64), name="phantom", colormap="bop orange", blending="additive"),
        map_layer_data(
            phantom(72, transform=_MIRRORED), name="phantom, mirrored", colormap="bop blue", blending="additive"
        ),
    ]
