"""The manifest of the plugin, and rules for its sources."""

import ast
import subprocess
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest
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


def test_the_widgets_are_in_the_menu_and_in_the_command_palette(viewer: Any) -> None:
    from napari._app_model import get_app_model

    app = get_app_model()
    in_menu = {item.command.id for item in app.menus.get_menu("napari/layers/register") if hasattr(item, "command")}
    assert {"botalign.align", "botalign.compare"} <= in_menu
    palette = {item.command.title for item in app.menus.get_menu(app.menus.COMMAND_PALETTE_ID)}
    assert any("Align" in title and "maps" in title for title in palette)


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
