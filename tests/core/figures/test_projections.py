import numpy as np
import pytest

import botalign
from botalign.figures.projections import PLANES, SIDE, overlay, preview, view_box
from botalign.geometry import identity, transform_about


def blob(position: tuple[float, float, float], grid: botalign.Grid) -> botalign.DensityMap:
    """Return a Gaussian with a standard deviation of 3 A at a position in angstrom."""
    z, y, x = (grid.axis_angstrom(axis) for axis in range(3))
    squared = (z - position[2])[:, None, None] ** 2 + (y - position[1])[None, :, None] ** 2 + (x - position[0]) ** 2
    return botalign.DensityMap(np.exp(-squared / 18).astype(np.float32), grid)


def test_positions_are_physical() -> None:
    """With unequal voxels and an origin, blobs are drawn at their physical positions, the moving one transformed."""
    grid = botalign.Grid((40, 30, 50), (2.0, 3.0, 1.5), (100.0, -50.0, 7.0))
    fixed = preview(blob((130, -10, 40), grid))
    moving = preview(blob((120, 0, 60), grid))
    move = transform_about(np.eye(3), np.zeros(3), np.array([8.0, 0.0, 0.0]))
    box = view_box([(fixed, identity()), (moving, move)])
    shown = overlay(fixed, moving, move, box)
    places = {"x": (130, 128), "y": (-10, 0), "z": (40, 60)}
    for (horizontal, vertical, _), image, extent in zip(PLANES, shown.images, shown.extents, strict=True):
        left, right, bottom, top = extent
        for role, colour in ((0, 0), (1, 2)):  # red dominates the colour of the fixed map, blue that of the moving map
            row, column = np.unravel_index(image[:, :, colour].argmax(), image.shape[:2])
            assert left + (column + 0.5) / SIDE * (right - left) == pytest.approx(places[horizontal][role], abs=1.5)
            assert bottom + (row + 0.5) / SIDE * (top - bottom) == pytest.approx(places[vertical][role], abs=1.5)


def test_previews_are_small_and_keep_the_position() -> None:
    grid = botalign.Grid((60, 200, 150), (1.0, 1.0, 1.0), (5.0, 6.0, 7.0))
    small = preview(blob((80, 106, 37), grid))
    assert max(small.data.shape) <= SIDE
    assert small.data.min() == 0
    assert small.grid.centre_angstrom == pytest.approx(grid.centre_angstrom)
    k, j, i = np.unravel_index(small.data.argmax(), small.data.shape)
    voxel = small.grid.voxel_size_angstrom[0]
    assert small.grid.index_to_physical @ [i, j, k, 1] == pytest.approx([80, 106, 37], abs=voxel)


def test_the_view_ignores_specks() -> None:
    shown = preview(botalign.phantom(64))
    clean = view_box([(shown, identity())]).size_angstrom[0]
    shown.data[2:4, 2, 2] = shown.data.max()
    assert view_box([(shown, identity())]).size_angstrom[0] == pytest.approx(clean, rel=0.02)


def test_empty_maps_can_be_drawn() -> None:
    empty = botalign.DensityMap(np.zeros((8, 8, 8), np.float32), botalign.Grid((8, 8, 8)))
    box = view_box([(empty, identity())])
    assert np.isfinite(overlay(empty, empty, identity(), box).images).all()
