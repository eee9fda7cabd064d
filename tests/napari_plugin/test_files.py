"""Files as layers, and layers as files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from botalign import DensityMap, Grid, ImageStack, InputError, MapWarning, contour_level, phantom, read, read_stack
from napari_botalign.layers import map_layer

GRID = Grid((32, 33, 34), (4.0, 4.2, 4.4), (-60.0, -71.0, 75.5))


@pytest.fixture(scope="module")
def density() -> DensityMap:
    return phantom(grid=GRID, resolution_angstrom=14.0)


@pytest.fixture
def save(viewer: Any) -> Callable[..., None]:
    """Return a function that saves a layer as the menu does."""

    def save_layer(layer: Any, path: Path) -> None:
        viewer.layers.selection = {layer}
        written = viewer.layers.save(str(path), selected=True)
        assert written == [str(path)]

    return save_layer


def affine(*diagonal: float, shift: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    matrix = np.diag([*diagonal, 1.0])
    matrix[:3, 3] = shift
    return matrix


@pytest.mark.parametrize("name", ["some.mrc", "some.map.gz"])
def test_a_map_is_read_in_angstrom_and_written_unchanged(
    name: str, viewer: Any, density: DensityMap, save: Callable[..., None], tmp_path: Path
) -> None:
    density.write(tmp_path / name, history="a line")
    (layer,) = viewer.open(tmp_path / name, plugin="botalign")
    assert layer.name == "some"
    np.testing.assert_array_equal(layer.data, density.data)
    np.testing.assert_allclose(layer.scale, (4.4, 4.2, 4.0))
    np.testing.assert_allclose(layer.translate, (75.5, -71.0, -60.0))
    assert [str(unit) for unit in layer.units] == ["angstrom"] * 3
    assert layer.axis_labels == ("z", "y", "x")
    assert layer.rendering == "iso"
    assert layer.iso_threshold == pytest.approx(contour_level(density))
    save(layer, tmp_path / f"again_{name}")
    again = read(tmp_path / f"again_{name}")
    np.testing.assert_array_equal(again.data, density.data)
    np.testing.assert_allclose(again.grid.voxel_size_angstrom, GRID.voxel_size_angstrom, rtol=1e-6)
    np.testing.assert_allclose(again.grid.origin_angstrom, GRID.origin_angstrom)
    assert again.labels == ("a line",)


def test_a_stack_is_read_and_written_as_a_stack(viewer: Any, save: Callable[..., None], tmp_path: Path) -> None:
    images = np.random.default_rng(3).random((5, 6, 7), dtype=np.float32)
    ImageStack(images, (1.5, 2.0)).write(tmp_path / "some.mrcs")
    (layer,) = viewer.open(tmp_path / "some.mrcs", plugin="botalign")
    np.testing.assert_array_equal(layer.data, images)
    np.testing.assert_allclose(layer.scale, (1.0, 2.0, 1.5))
    assert [str(unit) for unit in layer.units] == ["pixel", "angstrom", "angstrom"]
    assert layer.rendering != "iso"
    save(layer, tmp_path / "again.mrcs")
    again = read_stack(tmp_path / "again.mrcs")
    np.testing.assert_array_equal(again.images, images)
    assert again.pixel_size_angstrom == (1.5, 2.0)
    with pytest.raises(OSError, match=r"is a stack of images, but the extension is that of a map; save it as \.mrcs"):
        save(layer, tmp_path / "again.mrc")


@pytest.mark.parametrize(("name", "extension"), [("a map", ".mrc"), ("at 2.5 A", ".mrc"), ("images", ".mrcs")])
def test_the_name_that_napari_suggests_gets_an_extension(
    name: str,
    extension: str,
    viewer: Any,
    density: DensityMap,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    suggested: list[str] = []

    def chosen(parent: Any, caption: str, start: str, *, filter: str, **_: Any) -> tuple[str, str]:  # noqa: A002
        suggested.append(Path(start).name)
        (ours,) = (each for each in filter.split(";;") if "BOTalign MRC" in each)
        return str(tmp_path / suggested[-1]), ours

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(chosen))
    units = {"units": ("pixel", "angstrom", "angstrom")} if extension == ".mrcs" else {}
    viewer.add_image(density.data, name=name, **units)
    (save,) = (action for action in viewer.window.file_menu.actions() if action.text() == "Save Selected Layers...")
    save.trigger()
    assert suggested == [name]
    (written,) = tmp_path.iterdir()
    assert written.name == f"{name}{extension}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mrcfile")
def test_layers_that_an_mrc_file_can_contain(
    viewer: Any, density: DensityMap, save: Callable[..., None], tmp_path: Path
) -> None:
    # Without units, angstrom; in nanometres, ten of them; and an affine may shift and scale.
    place = {"scale": (4.4, 4.2, 4.0), "translate": (75.5, -71.0, -60.0)}
    nanometres = {key: np.array(value) / 10 for key, value in place.items()} | {"units": ("nm",) * 3}
    moved = place | {"affine": affine(2, 2, 2, shift=(1, 2, 3))}
    expected = {"plain": (GRID.origin_angstrom, 1), "nm": (GRID.origin_angstrom, 1), "affine": ((-117, -140, 152), 2)}
    for (name, (origin, factor)), options in zip(expected.items(), (place, nanometres, moved), strict=True):
        viewer.add_image(density.data, name=name, **options)
        save(viewer.layers[-1], tmp_path / f"{name}.mrc")
        with mrcfile.open(tmp_path / f"{name}.mrc") as peer:
            np.testing.assert_allclose(peer.header.origin.item(), origin, atol=1e-4)
            np.testing.assert_allclose(peer.voxel_size.item(), factor * np.array(GRID.voxel_size_angstrom), rtol=1e-6)


def test_layers_that_an_mrc_file_cannot_contain(
    viewer: Any, density: DensityMap, save: Callable[..., None], tmp_path: Path
) -> None:
    rotated = np.eye(4)
    rotated[1:3, 1:3] = [[0, -1], [1, 0]]
    viewer.add_image(density.data, name="rotated", affine=rotated)
    viewer.add_image(density.data, name="mirrored", affine=affine(1, 1, -1))
    viewer.add_image(density.data, name="sheared", shear=(0.1, 0, 0))
    viewer.add_image(density.data[0], name="flat")
    messages = {
        "rotated": "rotated is rotated or mirrored, which an MRC file cannot contain; .* 'Resample onto fixed'",
        "mirrored": "mirrored is rotated or mirrored",
        "sheared": "sheared is sheared, expected a map with right angles",
        "flat": "flat has 2 dimensions, expected a density map with 3",
    }
    for name, message in messages.items():
        with pytest.raises(OSError, match=message):
            save(viewer.layers[name], tmp_path / "a.mrc")
    with pytest.raises(OSError, match="flat has 2 dimensions, expected a stack of images"):
        save(viewer.layers["flat"], tmp_path / "a.mrcs")
    stack = {"units": ("pixel", "angstrom", "angstrom")}
    viewer.add_image(density.data, name="rotated stack", affine=rotated, **stack)
    with pytest.raises(OSError, match="rotated stack is rotated, which a stack cannot contain"):
        save(viewer.layers["rotated stack"], tmp_path / "a.mrcs")
    viewer.layers.remove("rotated stack")
    viewer.add_image(density.data, name="map", units=("angstrom",) * 3)
    with pytest.raises(OSError, match=r"map is a map, but the extension is that of a stack of images; save it as .mrc"):
        save(viewer.layers["map"], tmp_path / "a.mrcs")
    viewer.add_image(np.zeros((4, 4, 3)), rgb=True, name="colours")
    with pytest.raises(OSError, match="colours is a colour image, expected a stack of grey images"):
        save(viewer.layers["colours"], tmp_path / "a.mrcs")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_a_map_is_refused(viewer: Any, tmp_path: Path) -> None:
    (tmp_path / "some.mrc").write_bytes(b"no" * 1000)
    with pytest.raises(InputError, match=r"some\.mrc: not a map in MRC or CCP4 format"):
        viewer.open(tmp_path / "some.mrc", plugin="botalign")


@pytest.mark.slow
def test_real_maps_and_stacks(viewer: Any, data_folder: Path) -> None:
    (layer,) = viewer.open(data_folder / "maps" / "emd_1883.map", plugin="botalign")
    np.testing.assert_allclose(layer.scale, 3.71, rtol=1e-6)
    with pytest.warns(MapWarning, match="no map identifier in the header"):
        (stack,) = viewer.open(data_folder / "stacks" / "ribosome_tilts_64.mrcs", plugin="botalign")
    assert stack.data.shape == (220, 64, 64)


def test_open_as_stack_makes_one_layer(viewer: Any, density: DensityMap, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.mrc" for name in "abc"]
    for factor, path in enumerate(paths, 1):
        density.with_data(factor * density.data).write(path)
    (layer,) = viewer.open(paths, plugin="botalign", stack=True)
    assert layer.name == "a and 2 more"
    assert layer.data.shape == (3, *density.data.shape)
    np.testing.assert_allclose(layer.data[2], 3 * density.data, rtol=1e-6)
    np.testing.assert_allclose(layer.scale, (1, 4.4, 4.2, 4.0))
    np.testing.assert_allclose(layer.translate, (0, 75.5, -71.0, -60.0))
    assert [str(unit) for unit in layer.units] == ["pixel", "angstrom", "angstrom", "angstrom"]
    paths[1].unlink()
    phantom(grid=Grid((32, 33, 34), (4.0, 4.2, 4.4), (-60.0, -71.0, 70.0)), resolution_angstrom=14.0).write(paths[1])
    with pytest.raises(InputError, match=r"b: the size, voxel size or position is not that of a.*as separate layers"):
        viewer.open(paths, plugin="botalign", stack=True)
    assert [layer.name for layer in viewer.open(paths, plugin="botalign")] == ["a", "b", "c"]


def test_stacks_opened_as_stack_are_joined(viewer: Any, tmp_path: Path) -> None:
    images = np.random.default_rng(3).random((5, 6, 7), dtype=np.float32)
    for name, part in (("a", images[:2]), ("b", images[2:])):
        ImageStack(part, (1.5, 2.0)).write(tmp_path / f"{name}.mrcs")
    (layer,) = viewer.open([tmp_path / "a.mrcs", tmp_path / "b.mrcs"], plugin="botalign", stack=True)
    np.testing.assert_array_equal(layer.data, images)
    np.testing.assert_allclose(layer.scale, (1.0, 2.0, 1.5))
    ImageStack(images[:, :5], (1.5, 2.0)).write(tmp_path / "c.mrcs")
    with pytest.raises(InputError, match="c: the size, voxel size or position is not that of a"):
        viewer.open([tmp_path / "a.mrcs", tmp_path / "c.mrcs"], plugin="botalign", stack=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mrcfile")
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint16, np.float16])
def test_values_keep_the_type_of_the_file(kind: Any, viewer: Any, tmp_path: Path) -> None:
    blob = np.zeros((20, 21, 22), kind)
    blob[8:12, 8:12, 8:12] = 100
    with mrcfile.new(tmp_path / "a.rec") as file:
        file.set_data(blob)
        file.voxel_size = 7.0
    (layer,) = viewer.open(tmp_path / "a.rec", plugin="botalign")
    assert layer.data.dtype == (np.float32 if kind is np.float16 else kind)
    np.testing.assert_array_equal(layer.data, blob)
    assert layer.iso_threshold == pytest.approx(contour_level(read(tmp_path / "a.rec")))
    # For an alignment the densities are float32.
    assert map_layer(layer, "fixed").density().data.dtype == np.float32
