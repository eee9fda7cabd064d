"""Results: files, application to other layers, resampling."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, phantom, read
from botalign.scores import correlation

Press = Callable[..., None]


def affine_of(layer: Any) -> np.ndarray:
    return np.array(layer.affine.affine_matrix)


@pytest.fixture
def layers(add: Callable[..., Any], fixed: DensityMap, moving: DensityMap) -> tuple[Any, Any]:
    """Two layers of the same molecule in two poses."""
    return add(fixed, "still"), add(moving, "mobile", colormap="magenta", iso_threshold=1.5)


@pytest.fixture
def dialog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that is chosen in any dialog."""
    path = tmp_path / "motion.json"
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, staticmethod(lambda *_: (str(path), "")))
    return path


def test_a_result_is_saved_loaded_and_applied_to_other_layers(
    widget: Any,
    layers: tuple[Any, Any],
    add: Callable[..., Any],
    moving: DensityMap,
    align: Callable[[], Alignment],
    press: Press,
    dialog: Path,
) -> None:
    panel = widget.results
    assert not panel.save.enabled
    assert not panel.apply.enabled
    result = align()
    press(panel.save)
    np.testing.assert_array_equal(Alignment.read(dialog).moving_to_fixed, result.moving_to_fixed)
    assert widget.status.value == f"Written: {dialog}."
    press(panel.load)
    assert panel.which.current_choice == "mobile onto still [2]"
    np.testing.assert_array_equal(panel.current.result.moving_to_fixed, result.moving_to_fixed)
    half = add(moving.with_data(moving.data / 2), "half map")
    widget.form.moving.value = [half]
    press(panel.apply)
    np.testing.assert_allclose(affine_of(half), affine_of(layers[1]), atol=1e-9)
    assert widget.status.value == "Moved by the transform of mobile: half map."
    press(panel.revert)
    np.testing.assert_array_equal(affine_of(half), np.eye(4))
    assert affine_of(layers[1])[0, 0] != 1
    press(panel.revert)
    np.testing.assert_array_equal(affine_of(layers[1]), np.eye(4))


def test_a_result_is_saved_with_its_extension(
    widget: Any,
    layers: tuple[Any, Any],
    align: Callable[[], Alignment],
    press: Press,
    dialog: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    align()
    bare = dialog.with_suffix("")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (str(bare), "")))
    press(widget.results.save)
    assert widget.status.value == f"Written: {dialog}."
    assert not bare.exists()
    before = dialog.read_text()
    press(widget.results.save)
    assert widget.status.value == f"{dialog}: the file exists; choose another name, or this one with .json."
    assert dialog.read_text() == before


@pytest.mark.slow
def test_a_result_of_the_command_line_can_be_applied(
    widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment], press: Press, dialog: Path
) -> None:
    result = align()
    result.write(dialog)
    press(widget.results.revert)
    layers[0].affine = np.diag([1, -1, -1, 1])
    press(widget.results.load)
    press(widget.results.apply)
    np.testing.assert_allclose(affine_of(layers[1]), np.diag([1, -1, -1, 1]) @ result.to_napari(), atol=1e-6)


@pytest.mark.slow
def test_results_that_cannot_be_loaded_or_applied(
    widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment], press: Press, dialog: Path
) -> None:
    press(widget.results.load)
    assert "motion.json: cannot be read" in widget.status.value
    dialog.write_text("{}")
    press(widget.results.load)
    assert "motion.json: not a result file" in widget.status.value
    align()
    widget.form.moving.value = []
    press(widget.results.apply)
    assert widget.status.value.startswith("moving: no layer is chosen")


@pytest.mark.slow
@pytest.mark.parametrize("rotated", [False, True])
def test_resampled_onto_fixed_it_has_that_maps_grid_and_can_be_written(
    rotated: bool,
    viewer: Any,
    widget: Any,
    layers: tuple[Any, Any],
    fixed: DensityMap,
    moving: DensityMap,
    align: Callable[[], Alignment],
    press: Press,
    tmp_path: Path,
) -> None:
    if rotated:
        layers[0].affine = np.diag([1, -1, -1, 1])
    result = align()
    press(widget.results.resample, until=lambda: len(viewer.layers) == 3)
    new = viewer.layers["mobile on still"]
    assert correlation(new.data, fixed.data) > 0.995
    np.testing.assert_allclose(new.data, result.apply(moving, onto=fixed).data, atol=1e-5)
    for corner in np.ndindex(2, 2, 2):
        index = 31 * np.array(corner)
        np.testing.assert_allclose(new.data_to_world(index), layers[0].data_to_world(index), atol=1e-9)
    assert (new.colormap.name, new.iso_threshold, new.rendering) == ("magenta", 1.5, "iso")
    if not rotated:
        viewer.layers.selection = {new}
        viewer.layers.save(str(tmp_path / "on_fixed.mrc"), selected=True, plugin="botalign")
        written = read(tmp_path / "on_fixed.mrc")
        assert written.grid == fixed.grid
        np.testing.assert_array_equal(written.data, new.data)


@pytest.mark.parametrize("units", [None, ("angstrom",) * 3])
def test_resampling_needs_no_alignment(
    units: Any, viewer: Any, widget: Any, add: Callable[..., Any], fixed: DensityMap, press: Press
) -> None:
    add(fixed, "still", units=units)
    shifted = np.eye(4)
    shifted[0, 3] = 8.0
    add(fixed, "mobile", affine=shifted, units=units)
    press(widget.results.resample, until=lambda: len(viewer.layers) == 3)
    expected = phantom(32, voxel_size_angstrom=4.0, transform=np.column_stack([np.eye(3), (0, 0, 8.0)])).data
    np.testing.assert_allclose(viewer.layers[2].data[3:-3], expected[3:-3], atol=1e-3)
    assert viewer.layers[2].units == viewer.layers[0].units


def test_results_belong_to_the_layers(
    viewer: Any, widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    result = align()
    pose = affine_of(layers[1])
    viewer.window.remove_dock_widget("all")
    _, again = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    assert again is not widget
    assert again.results.which.current_choice == "mobile onto still"
    assert again.results.current.result is result
    assert f"<b>{result.after.correlation:.4f}</b>" in again.results.summary.value
    press(again.results.revert)
    np.testing.assert_array_equal(affine_of(layers[1]), np.eye(4))
    assert again.status.value == "Moved back: mobile."
    press(again.results.apply)
    np.testing.assert_allclose(affine_of(layers[1]), pose, atol=1e-9)
    assert again.results.which.choices == (again.results.current,)
    # A layer that is deleted takes them along.
    viewer.layers.remove(layers[1])
    assert again.results.current is None
    assert not again.results.revert.enabled
    assert not again.results.apply.enabled
    assert not layers[0].metadata
