"""The manifest of the plugin, and rules for its sources."""

import ast
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from napari._app_model import get_app_model
from napari._qt.widgets.qt_command_palette import QCommandList
from npe2 import PluginManager, PluginManifest

import botalign
import napari_botalign

FOLDER = Path(napari_botalign.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("botalign")


def test_npe2_validates_the_manifest() -> None:
    done = subprocess.run([sys.executable, "-m", "npe2", "validate", "botalign"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_in_the_manifest_exist(manifest: PluginManifest) -> None:
    assert manifest.name == metadata.distribution("botalign").name
    for command in manifest.contributions.commands:
        module, _, name = command.python_name.partition(":")
        assert module.startswith("napari_botalign.")
        assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize(
    "extension", [".mrc", ".map", ".ccp4", ".rec", ".mrcs", ".MRC", ".map.gz", ".mrcs.gz", ".rec.bz2"]
)
def test_files_are_read_and_written_by_their_extension(extension: str, manifest: PluginManifest) -> None:
    manager = PluginManager()
    manager.register(manifest)
    assert [reader.command for reader in manager.iter_compatible_readers(f"some.map{extension}")] == ["botalign.read"]
    writer, path = manager.get_writer(f"a{extension}", ["image"])
    assert writer.command == "botalign.write"
    assert path == f"a{extension}"


@pytest.mark.parametrize(
    "path", ["a.pdb", "a.ent", "a.cif", "a.mmcif", "a.PDB", "a.pdb.gz", "a.ent.gz", "a.cif.gz", "a.mmcif.gz"]
)
def test_models_are_read_and_written_by_their_extension(path: str, manifest: PluginManifest) -> None:
    manager = PluginManager()
    manager.register(manifest)
    assert [reader.command for reader in manager.iter_compatible_readers(path)] == ["botalign.read_model"]
    assert manager.get_writer(path, ["image"])[0].command == "botalign.write_model"


def test_the_hub_finds_what_it_lists(manifest: PluginManifest) -> None:
    assert {str(category) for category in manifest.categories} == {"Registration", "Visualization", "Measurement", "IO"}
    package, _, resource = str(manifest.icon).partition(":")
    root = ElementTree.fromstring((files(package) / resource).read_text())
    assert root.tag.endswith("svg")
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert "Framework :: napari" in project["classifiers"]


MENUS = {
    "register": {"botalign.align", "botalign.orient"},
    "measure": {"botalign.compare"},
    "classify": {"botalign.classes"},
    "visualize": {"botalign.embedding", "botalign.model"},
}


def test_each_widget_is_in_the_menu_of_its_subject(viewer: Any) -> None:
    menus = get_app_model().menus
    for name, expected in MENUS.items():
        items = menus.get_menu(f"napari/layers/{name}")
        found = {item.command.id for item in items if hasattr(item, "command")}
        assert {each for each in found if each.startswith("botalign.")} == expected


def test_the_command_palette_does_not_run_readers_and_writers(viewer: Any, qtbot: Any) -> None:
    palette = QCommandList()
    qtbot.addWidget(palette)
    menus = get_app_model().menus
    palette.extend_command([item.command for item in menus.get_menu(menus.COMMAND_PALETTE_ID)])
    palette.update_for_text("align maps")
    assert palette.command_at(0).id == "botalign.align"
    assert palette.can_execute()  # by Enter
    ours = [command for command in palette.all_commands if command.id.startswith("botalign.")]
    offered = {each.id for each in ours if each.enablement is None or each.enablement.eval({})}
    samples = {f"botalign.{key}" for key in ("phantom", "phantom_mirrored", "particles", "conformations")}
    assert offered == set.union(*MENUS.values()) | samples
    # napari lists the others in grey, after those that can be run.
    palette.update_for_text("read an atomic model")
    assert palette.command_at(0).id == "botalign.read_model"
    assert not palette.can_execute()


@pytest.mark.parametrize(("key", "mirrored"), [("phantom", False), ("phantom_mirrored", True)])
def test_the_sample_data(key: str, mirrored: bool, viewer: Any) -> None:
    viewer.open_sample("botalign", key)
    maps = [
        botalign.DensityMap(
            layer.data,
            botalign.Grid(layer.data.shape, tuple(layer.scale[::-1]), tuple(layer.translate[::-1])),
            name=layer.name,
        )
        for layer in viewer.layers
    ]
    assert len(maps) == 2
    assert all(str(unit) == "angstrom" for layer in viewer.layers for unit in layer.units)
    result = botalign.align(*maps, hand="auto", evaluations=60, size=16)
    assert result.mirrored is mirrored
    assert result.after.correlation > 0.99


@pytest.mark.parametrize("path", MODULES, ids=[path.name for path in MODULES])
def test_it_uses_only_public_names_of_botalign_and_is_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "botalign":
            assert node.module == "botalign"
            assert {name.name for name in node.names} <= set(botalign.__all__)
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("botalign.") for name in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "botalign":
            assert node.attr in botalign.__all__


def test_nothing_imports_the_plugin() -> None:
    core = Path(botalign.__file__).parent
    assert not [path for path in core.rglob("*.py") if "napari_botalign" in path.read_text()]


def test_botalign_does_not_require_napari() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert not [name for name in project["dependencies"] if "napari" in name or "qt" in name.lower() or "magic" in name]
