"""Atomic models as layers."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

import botalign
from botalign import InputError

Press = Callable[..., None]
#: A rotation by 90 degrees about z, then a shift, for coordinates (z, y, x).
MOVE = np.array([[1, 0, 0, 5], [0, 0, 1, 6], [0, -1, 0, 7], [0, 0, 0, 1]], dtype=float)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Forty atoms in a file."""
    pytest.importorskip("gemmi")
    path = tmp_path / "chain.pdb"
    points = np.random.default_rng(4).normal((30, 20, 10), 9, (40, 3))
    path.write_text(
        "".join(
            f"ATOM  {n:5d}  CA  ALA A{n:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  \n"
            for n, (x, y, z) in enumerate(points, 1)
        )
    )
    return path


@pytest.fixture
def layer(viewer: Any, model: Path) -> Any:
    """The model, opened."""
    (layer,) = viewer.open(model, plugin="botalign")
    return layer


@pytest.fixture
def atomic(viewer: Any, layer: Any) -> Any:
    """The dock widget."""
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Atomic model")
    return widget


def test_a_model_is_opened_as_a_simulated_map(layer: Any, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = botalign.simulate(botalign.read_model(model), 8.0)
    np.testing.assert_array_equal(layer.data, expected.data)
    np.testing.assert_allclose(layer.translate, expected.grid.origin_angstrom[::-1])
    assert layer.name == "chain"
    assert [str(unit) for unit in layer.units] == ["angstrom"] * 3
    assert layer.metadata["botalign"] == {"model": str(model), "resolution": 8.0}


def test_the_default_resolution_is_announced(viewer: Any, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("napari_botalign.models.show_info", shown.append)
    viewer.open([model, model], plugin="botalign")
    assert len(shown) == 2
    assert "simulated at 8 Å. To change the resolution, open the widget 'Atomic model'" in shown[0]


def test_without_gemmi(viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gemmi", None)
    (tmp_path / "a.cif").write_text("data_a\n")
    with pytest.raises(InputError, match=r"need the package gemmi.*pip install 'botalign\[models\]'"):
        viewer.open(tmp_path / "a.cif", plugin="botalign")
    assert len(viewer.layers) == 0


def test_the_resolution_is_changed_in_the_layer(
    viewer: Any, atomic: Any, layer: Any, model: Path, press: Press
) -> None:
    assert (atomic.model.value, atomic.resolution.value) == (layer, 8)
    layer.affine, layer.colormap = MOVE, "magenta"
    atomic.resolution.value = 5
    press(atomic.simulate, until=lambda: atomic.status.value == "chain.pdb: map at 5 Å.")
    expected = botalign.simulate(botalign.read_model(model), 5.0)
    np.testing.assert_array_equal(layer.data, expected.data)
    np.testing.assert_allclose(layer.scale, expected.grid.voxel_size_angstrom[::-1])
    np.testing.assert_allclose(layer.translate, expected.grid.origin_angstrom[::-1])
    np.testing.assert_array_equal(layer.affine.affine_matrix, MOVE)
    assert layer.iso_threshold == pytest.approx(botalign.contour_level(expected))
    assert layer.contrast_limits[1] == pytest.approx(expected.data.max())
    assert layer.colormap.name == "magenta"
    assert layer.metadata["botalign"]["resolution"] == 5
    model.unlink()
    press(atomic.simulate, until=lambda: "no such file" in atomic.status.value)
    assert atomic.simulate.enabled
    viewer.layers.clear()
    assert not atomic.simulate.enabled
    assert atomic.status.value.startswith("Open an atomic model")


def moved(model: Path) -> np.ndarray:
    """Return the atoms after the move."""
    x, y, z = botalign.read_model(model).points.T
    return np.column_stack([7 - y, 6 + x, 5 + z])


def test_the_model_is_saved_where_its_layer_is_displayed(
    atomic: Any, layer: Any, model: Path, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = model.with_name("moved.pdb")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    layer.affine = MOVE
    press(atomic.save, until=lambda: atomic.status.value == f"Saved {target}.")
    np.testing.assert_allclose(botalign.read_model(target).points, moved(model), atol=1e-3)
    layer.affine = np.diag([-1.0, 1, 1, 1])
    press(atomic.save)
    assert "a model is never mirrored" in atomic.status.value
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    press(atomic.save)
    np.testing.assert_allclose(botalign.read_model(target).points, moved(model), atol=1e-3)


def test_the_writer_saves_the_model(viewer: Any, layer: Any, model: Path, fixed: Any, add: Any) -> None:
    layer.affine = MOVE
    viewer.layers.selection = {layer}
    target = model.with_name("moved.cif")
    assert viewer.layers.save(str(target), selected=True, plugin="botalign") == [str(target)]
    np.testing.assert_allclose(botalign.read_model(target).points, moved(model), atol=1e-3)
    viewer.layers.selection = {add(fixed, "density")}
    with pytest.raises(OSError, match=r"density is not an atomic model; save it with the extension \.mrc"):
        viewer.layers.save(str(target), selected=True, plugin="botalign")


@pytest.mark.slow
def test_a_model_is_aligned_to_a_map_and_saved(
    viewer: Any, data_folder: Path, add: Any, align: Callable[[], Any], widget: Any, tmp_path: Path
) -> None:
    path = data_folder / "structures" / "1ake_A.pdb"
    original = botalign.read_model(path)
    matrix = np.array([[0.36, 0.48, -0.8, 30], [-0.8, 0.6, 0, -20], [0.48, 0.64, 0.6, 10]])
    truth = original.moved(matrix)
    layer = add(botalign.simulate(truth, 9.0), "density")
    (model,) = viewer.open(path, plugin="botalign")
    widget.form.fixed.value, widget.form.moving.value = layer, [model]
    assert align().verdict == "certain"
    viewer.layers.selection = {model}
    viewer.layers.save(str(tmp_path / "placed.pdb"), selected=True, plugin="botalign")
    placed = botalign.read_model(tmp_path / "placed.pdb").points
    assert np.sqrt(np.square(placed - truth.points).sum(axis=1).mean()) < 0.5  # angstrom
