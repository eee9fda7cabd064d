"""Results: files, application to other layers, resampling."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer
from qtpy.QtWidgets import QApplication, QFileDialog

import botalign
from botalign import Alignment, DensityMap, phantom, read
from botalign.alignment import Scale
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
    assert "motion.json: no such file" in widget.status.value
    dialog.write_text("{}")
    press(widget.results.load)
    assert "motion.json: not a result file" in widget.status.value
    result = align()
    transform = result.moving_to_fixed * [1.03, 1.03, 1.03, 1]
    replace(result, moving_to_fixed=transform, scale=Scale(1.03, 0.001, applied=True)).write(dialog, overwrite=True)
    press(widget.results.load)
    assert "motion.json: the transform scales the moving map" in widget.status.value
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


def test_a_loaded_result_is_shown_by_its_names_with_its_plot(
    widget: Any,
    layers: tuple[Any, Any],
    fixed: DensityMap,
    moving: DensityMap,
    align: Callable[[], Alignment],
    press: Press,
    dialog: Path,
) -> None:
    plot = widget.plot
    assert not plot.canvas.isVisibleTo(widget.native)
    own = align()
    losses = [point.loss for point in own.trace]
    np.testing.assert_array_equal(plot.axes.lines[0].get_ydata(), losses)
    named = [
        DensityMap(each.data, each.grid, name=f"/data/run_1/{name}.mrc") for each, name in ((fixed, "a"), (moving, "b"))
    ]
    loaded = botalign.align(*named, evaluations=30, size=16, hand="keep", seed=3)
    loaded.write(dialog)
    press(widget.results.load)
    assert widget.results.which.current_choice == "b.mrc onto a.mrc"
    assert widget.status.value == "Loaded. Apply moves the moving layers by the transform of b.mrc."
    np.testing.assert_array_equal(plot.axes.lines[0].get_ydata(), [point.loss for point in loaded.trace])
    widget.results.which.value = widget.results.which.choices[0]
    np.testing.assert_array_equal(plot.axes.lines[0].get_ydata(), losses)


def test_the_dialogs_start_in_the_folder_that_was_used_last(
    widget: Any,
    layers: tuple[Any, Any],
    align: Callable[[], Alignment],
    press: Press,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked: list[str] = []
    path = tmp_path / "results" / "motion.json"
    path.parent.mkdir()
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(
            QFileDialog,
            name,
            staticmethod(lambda parent, title, start, kinds: (asked.append(start), (str(path), ""))[1]),
        )
    align()
    press(widget.results.save)
    press(widget.results.save)
    press(widget.results.load)
    press(widget.results.load)
    assert asked[1] == str(path.parent / "alignment.json")
    assert asked[3] == str(path.parent)


def test_the_plot_states_when_the_search_ended_early(
    widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment]
) -> None:
    trace = align().trace
    assert widget.plot.axes.get_xlabel() == "evaluation"  # the number was set
    widget.plot.show(list(trace), ended="certain after 5")
    assert widget.plot.axes.get_xlabel() == "evaluation (certain after 5)"
    widget.plot.show(list(trace))
    assert widget.plot.axes.get_xlabel() == "evaluation"


def test_the_report_and_the_matrix_are_shown_copied_and_kept(
    widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    result = align()
    text = widget.results.summary.value
    for fact in (
        result.error_text,
        result.hand_text,
        result.verdict_text,
        str(result.chance_text),
        f"{result.moving_to_fixed[0, 0]:.4f}",
    ):
        assert fact in text
    assert "(standard errors of rotation and position)" in text
    clipboard = QApplication.clipboard()
    press(widget.results.files.report)
    assert clipboard.text() == result.to_text()
    press(widget.results.files.matrix)
    copied = np.array([line.split() for line in clipboard.text().splitlines()], float)
    np.testing.assert_allclose(copied, result.moving_to_fixed, atol=1e-6)
    assert layers[1].metadata["botalign"]["moving_to_fixed"] == result.moving_to_fixed.tolist()


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_a_duplicate_of_a_layer_has_its_results_but_not_its_moves(
    viewer: Any, widget: Any, layers: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    align()
    data, attributes, kind = layers[1].as_layer_data_tuple()
    viewer.add_layer(Layer.create(data, attributes | {"name": "duplicate"}, kind))
    duplicate = viewer.layers["duplicate"]
    pose = affine_of(duplicate)
    press(widget.results.revert)
    assert widget.status.value == "Moved back: mobile."
    np.testing.assert_array_equal(affine_of(duplicate), pose)
    viewer.layers.remove(layers[1])
    assert widget.results.which.current_choice == "mobile onto still"
    assert not widget.results.revert.enabled
