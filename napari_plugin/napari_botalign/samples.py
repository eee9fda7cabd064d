"""Sample data, which is computed, not downloaded."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from numpy import array

from botalign import diffusion_map, distances, phantom, projections
from napari_botalign.kept import KEY
from napari_botalign.reading import LayerData, map_layer_data, stack_layer_data

#: A rotation by 153 degrees with a shift in angstrom, without and with mirroring.
_MOVED = array([[1, 8, -4, 54], [4, -4, -7, -36], [-8, -1, -4, 27]]) / 9
_MIRRORED = array([[1, 8, -4, -45], [4, -4, -7, 36], [8, 1, 4, 18]]) / 9
_HINGES_DEGREES = range(-38, 42, 4)


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


def particles() -> list[LayerData]:
    """Return noisy images of a molecule in random directions, for class averages."""
    made = projections(phantom(48, voxel_size_angstrom=3.0), 400, snr=0.5, seed=1)
    data, options, kind = stack_layer_data(made.stack)
    return [(data, options | {"name": "particles"}, kind)]


def conformations() -> list[LayerData]:
    """Return a map of a molecule with a hinge; the widget *Many maps* shows the embedding of it and others."""
    folder = Path(tempfile.mkdtemp(prefix="botalign-sample-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    maps = [phantom(32, voxel_size_angstrom=4.0, hinge_degrees=angle) for angle in _HINGES_DEGREES]
    embedding = diffusion_map(distances(maps).distances, dimensions=2)
    names = [f"hinge_{angle:+03d}" for angle in _HINGES_DEGREES]
    lines = ["map,coordinate_1,coordinate_2,hinge_degrees"]
    for each, name, angle, (x, y) in zip(maps, names, _HINGES_DEGREES, embedding.coordinates, strict=True):
        each.write(folder / f"{name}.mrc")
        lines.append(f"{name}.mrc,{x:.6g},{y:.6g},{angle}")
    table = folder / "coordinates.csv"
    table.write_text("\n".join(lines) + "\n")
    data, options, kind = map_layer_data(maps[0])
    return [(data, options | {"name": names[0], "metadata": {KEY: {"embedding": str(table)}}}, kind)]
