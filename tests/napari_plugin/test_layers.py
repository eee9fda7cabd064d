"""Grids and poses of layers, without a window."""

from collections.abc import Callable
from typing import Any

import dask.array
import numpy as np
import pytest
from napari.layers import Image, Labels, Points
from scipy.spatial.transform import Rotation

from botalign import DensityMap, Grid, InputError, align, phantom
from napari_botalign.layers import displayed_transform, map_layer, moved_pose

# A layer without a viewer is sliced as in a 2-D view.
pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

DATA = np.zeros((4, 5, 6), np.float32)
TURN = Rotation.from_euler("zyx", [20, -50, 130], degrees=True).as_matrix()


def affine(linear: np.ndarray = TURN, shift: tuple[float, float, float] = (5.0, -7.0, 11.0)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, shift
    return matrix


def world(layer: Image) -> np.ndarray:
    """Return the corners as napari displays them, in the layer's units."""
    corners = [np.array(index) * (np.array(layer.data.shape) - 1) for index in np.ndindex(2, 2, 2)]
    return np.array([layer.data_to_world(corner) for corner in corners])


POSITIONS = {
    "default": {},
    "anisotropic and shifted": {"scale": (1.5, 2.0, 2.5), "translate": (-3.0, 4.0, 7.5)},
    "rotated": {"scale": (1.5, 2.0, 2.5), "translate": (-3.0, 4.0, 7.5), "rotate": TURN},
    "flipped": {"scale": (1.5, -2.0, 2.5), "translate": (-3.0, 4.0, 7.5)},
    "with an affine": {"scale": (1.5, 2.0, 2.5), "translate": (-3.0, 4.0, 7.5), "affine": affine()},
    "with an affine that mirrors": {"affine": affine(TURN @ np.diag([1, 1, -1]))},
    "with an affine that scales": {"scale": (1.5, 2.0, 2.5), "affine": affine(2 * np.eye(3))},
    "with all of them": {"scale": (1.5, 2, 2.5), "translate": (-3, 4, 7.5), "rotate": TURN.T, "affine": affine()},
    "in nanometres": {"scale": (0.15, 0.2, 0.25), "units": ("nm",) * 3, "affine": affine()},
    "in several units": {"scale": (0.15, 2, 2.5), "units": ("nm", "angstrom", "angstrom")},
}


@pytest.mark.parametrize("place", POSITIONS.values(), ids=POSITIONS)
def test_grid_and_pose_give_the_positions_of_the_voxels(place: dict[str, Any]) -> None:
    layer = Image(DATA, **place)
    taken = map_layer(layer, "fixed")
    indices = np.array([np.array(i) * (np.array(DATA.shape) - 1) for i in np.ndindex(2, 2, 2)])
    frame = np.array(taken.grid.origin_angstrom[::-1]) + indices * taken.grid.voxel_size_angstrom[::-1]
    pose = taken.pose()
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    angstrom = [10.0 if str(unit).startswith("nano") else 1.0 for unit in layer.units]
    np.testing.assert_allclose(frame @ pose[:3, :3].T + pose[:3, 3], world(layer) * angstrom, atol=1e-9)


def test_the_grid_of_a_map_is_that_of_its_file() -> None:
    place = {"scale": (1.5, 2.0, 2.5), "translate": (-3.0, 4.0, 7.5)}
    for more in ({}, {"affine": affine()}, {"rotate": TURN}):
        grid = map_layer(Image(DATA, **place, **more), "fixed").grid
        np.testing.assert_allclose(grid.voxel_size_angstrom, (2.5, 2.0, 1.5))
        np.testing.assert_allclose(grid.origin_angstrom, (7.5, 4.0, -3.0))


@pytest.mark.parametrize("place", POSITIONS.values(), ids=POSITIONS)
def test_set_pose_moves_the_voxels(place: dict[str, Any]) -> None:
    layer = Image(DATA, **place)
    taken = map_layer(layer, "moving")
    before = world(layer)
    pose = taken.pose()
    taken.set_pose(pose)
    np.testing.assert_allclose(world(layer), before, atol=1e-9)
    wanted = affine(TURN.T) @ pose
    taken.set_pose(wanted)
    np.testing.assert_allclose(taken.pose(), wanted, atol=1e-9)
    assert layer.units == Image(DATA, **place).units
    np.testing.assert_allclose(np.abs(layer.scale), np.abs(Image(DATA, **place).scale))


@pytest.mark.parametrize("fixed_place", POSITIONS.values(), ids=POSITIONS)
def test_the_affine_is_the_motion_of_the_core_composed_with_the_fixed_layers_own(fixed_place: dict[str, Any]) -> None:
    motion = np.column_stack([TURN.T, (1.0, 2.0, 3.0)])
    fixed = map_layer(Image(DATA, **fixed_place), "fixed")
    layer = Image(DATA, scale=(1.1, 1.2, 1.3), translate=(9, 8, 7))
    moving = map_layer(layer, "moving")
    moving.set_pose(moved_pose(motion, fixed.pose()))
    np.testing.assert_allclose(displayed_transform(fixed, moving), motion, atol=1e-6)
    zyx = np.eye(4)
    zyx[:3] = motion[::-1, [2, 1, 0, 3]]
    np.testing.assert_allclose(layer.affine.affine_matrix, fixed.pose() @ zyx, atol=1e-6)


def test_the_affine_agrees_with_the_cores_own_export() -> None:
    fixed_map = phantom(32, voxel_size_angstrom=4.0)
    grid = Grid((33, 34, 36), (4.0, 4.2, 4.4), (-67.0, -71.0, -75.0))
    moving_map = phantom(grid=grid, transform=np.column_stack([TURN, (3, -2, 1)]), resolution_angstrom=12.0)
    result = align(fixed_map, moving_map, evaluations=60, size=16, hand="keep")
    layers = [
        Image(m.data, scale=m.grid.voxel_size_angstrom[::-1], translate=m.grid.origin_angstrom[::-1])
        for m in (fixed_map, moving_map)
    ]
    fixed, moving = (map_layer(layer, "a layer") for layer in layers)
    moving.set_pose(moved_pose(result.moving_to_fixed, fixed.pose()))
    np.testing.assert_allclose(layers[1].affine.affine_matrix, result.to_napari(), atol=1e-6)


@pytest.mark.parametrize("kind", ["dask", "multiscale"])
def test_maps_that_are_not_plain_arrays(kind: str) -> None:
    values = np.random.default_rng(0).random((8, 8, 8), dtype=np.float32)
    data = dask.array.from_array(values, chunks=4) if kind == "dask" else [values, values[::2, ::2, ::2]]
    taken = map_layer(Image(data, scale=(2, 2, 2), multiscale=kind == "multiscale"), "fixed")
    density = taken.density()
    assert isinstance(density, DensityMap)
    np.testing.assert_array_equal(density.data, values)
    assert taken.pose().shape == (4, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: None, "no layer is chosen; open a map"),
        (lambda: Labels(np.zeros((3, 3, 3), int), name="it"), "it has labels, expected a density map; convert it"),
        (lambda: Points(np.zeros((3, 3)), name="it"), "it is a points layer, expected an image layer"),
        (lambda: Image(np.zeros((3, 3, 3, 3)), rgb=True, name="it"), "it is a colour image"),
        (
            lambda: Image(np.zeros((3, 3)), name="it"),
            "it has 2 dimensions, expected a density map with 3; open the",
        ),
        (lambda: Image(np.zeros((2, 3, 3, 3)), name="it"), "it has 4 dimensions, .*; make a layer of one map"),
        (lambda: Image(DATA, units=("pixel", "nm", "nm"), name="it"), "it is a stack of images"),
        (lambda: Image(DATA, units=("s", "nm", "nm"), name="it"), "it has the units second, nanometer, nanometer"),
        (lambda: Image(DATA, shear=(0.1, 0, 0), name="it"), "it is sheared"),
        (lambda: Image(DATA, affine=affine(TURN @ np.diag([1, 2, 3]) @ TURN), name="it"), "it is sheared"),
    ],
)
def test_layers_that_are_not_maps_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^fixed: {message}") as caught:
        map_layer(make(), "fixed")
    assert "\n" not in str(caught.value)


def test_a_layer_that_was_scaled_is_not_moved() -> None:
    layer = Image(DATA, name="it")
    taken = map_layer(layer, "moving")
    layer.translate = (1, 2, 3)
    taken.pose()
    layer.scale = (2, 2, 2)
    with pytest.raises(InputError, match="its scale was changed during the alignment, so it was not moved"):
        taken.pose()


def test_a_layer_with_other_data_is_not_moved() -> None:
    layer = Image(DATA, name="it")
    taken = map_layer(layer, "moving")
    layer.data = DATA + 1
    with pytest.raises(InputError, match="its data was changed during the alignment"):
        taken.pose()
