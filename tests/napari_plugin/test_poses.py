"""Other poses of a result: stepped through, saved, mirrored."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from botalign import Alignment, DensityMap, phantom, score
from napari_botalign import result_panel
from napari_botalign.work import compared

pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

Press = Callable[..., None]


def affine_of(layer: Any) -> np.ndarray:
    return np.array(layer.affine.affine_matrix)


@pytest.fixture
def turned() -> np.ndarray:
    """The densities of the phantom, turned by half a turn about its z axis."""
    half_turn = np.column_stack([np.diag([-1.0, -1, 1]), np.zeros(3)])
    return phantom(32, voxel_size_angstrom=4.0, transform=half_turn).data


@pytest.fixture
def two_fold(fixed: DensityMap, turned: np.ndarray) -> DensityMap:
    """A map with a two-fold axis."""
    return fixed.with_data(fixed.data + turned)


@pytest.fixture
def uneven(fixed: DensityMap, turned: np.ndarray) -> DensityMap:
    """The same with one weaker half, so that two poses of the map with the axis fit equally well."""
    return fixed.with_data(fixed.data + np.float32(0.4) * turned)


@pytest.fixture
def dialog(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that is chosen in any dialog."""
    path = tmp_path / "result.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_: (str(path), "")))
    return path


@pytest.mark.slow
def test_the_layer_steps_through_the_poses(
    viewer: Any, widget: Any, add: Callable[..., Any], uneven: DensityMap, two_fold: DensityMap,
    align: Callable[[], Alignment], press: Press, wait_until: Callable[..., None], dialog: Path,
) -> None:  # fmt: skip
    add(uneven, "still")
    layer = add(two_fold, "mobile")
    viewer.add_points([[1.0, 2, 3]], name="picks", units=("angstrom",) * 3)
    widget.form.layers.along.value = [viewer.layers["picks"]]
    panel = widget.results
    result = align()
    poses = result.poses
    assert len(poses) > 1
    assert panel.poses.native.isVisibleTo(widget.native)
    assert len(panel.poses.which.choices) == len(poses)
    assert panel.poses.which.current_choice == f"1 of {len(poses)}: {poses[0].quality:.3f}, the result"
    assert "best first: correlation about the mean, and angle" in panel.poses.which.tooltip
    assert not panel.poses.back.enabled
    first, first_text = affine_of(layer), panel.summary.value
    press(panel.poses.on, until=lambda: panel.save.enabled)
    second = poses[1].moving_to_fixed
    assert widget.status.value == "Moved to another pose: mobile."
    np.testing.assert_allclose(affine_of(layer)[:3, 3], second[::-1, 3], atol=1e-6)
    np.testing.assert_allclose(affine_of(viewer.layers["picks"]), affine_of(layer), atol=1e-9)
    assert layer.metadata["botalign"]["moving_to_fixed"] == second.tolist()
    # The summary and the file have the scores there.
    expected = score(uneven, two_fold, transform=second).scores
    assert f"<b>{expected.correlation:.4f}</b>" in panel.summary.value
    press(panel.save)
    saved = Alignment.read(dialog)
    np.testing.assert_allclose(saved.moving_to_fixed, second)
    assert saved.after.correlation == pytest.approx(expected.correlation, abs=1e-6)
    assert saved.verdict != "certain" or poses[1].group == 0
    press(panel.poses.back)
    np.testing.assert_allclose(affine_of(layer), first, atol=1e-9)
    assert panel.summary.value == first_text
    # Each step can be reverted.
    press(panel.revert)
    np.testing.assert_allclose(affine_of(layer)[:3, 3], second[::-1, 3], atol=1e-6)
    assert panel.poses.which.value == 1
    assert f"<b>{expected.correlation:.4f}</b>" in panel.summary.value
    assert layer.metadata["botalign"]["moving_to_fixed"] == second.tolist()
    press(panel.revert)
    assert panel.poses.which.value == 0
    assert panel.summary.value == first_text
    assert layer.metadata["botalign"]["moving_to_fixed"] == result.moving_to_fixed.tolist()
    press(panel.revert)
    np.testing.assert_array_equal(affine_of(layer), np.eye(4))
    assert "moving_to_fixed" not in layer.metadata["botalign"]
    panel.poses.which.value = len(poses) - 1
    assert not panel.poses.on.enabled
    wait_until(lambda: panel.save.enabled)


@pytest.mark.slow
def test_apply_and_revert_follow_the_chosen_pose(
    viewer: Any, widget: Any, add: Callable[..., Any], uneven: DensityMap, two_fold: DensityMap,
    align: Callable[[], Alignment], press: Press, wait_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    add(uneven, "still")
    layer, half = add(two_fold, "mobile"), add(two_fold, "half map")
    viewer.add_points([[1.0, 2, 3]], name="picks", units=("angstrom",) * 3)
    picks = viewer.layers["picks"]
    panel, layers = widget.results, widget.form.layers
    layers.moving.value = [layer]
    layers.along.value = [picks]
    second = align().poses[1].moving_to_fixed
    arrived = threading.Event()

    def compared_late(*args: Any, **options: Any) -> Any:
        arrived.wait(60)
        return compared(*args, **options)

    monkeypatch.setattr(result_panel, "compared", compared_late)
    # Other layers are chosen in the form: those of the result are moved nevertheless.
    layers.along.value = []
    press(panel.poses.on)
    assert panel.result is None
    np.testing.assert_allclose(affine_of(picks), affine_of(layer), atol=1e-9)
    # Apply does not wait for the scores.
    layers.moving.value = [half]
    press(panel.apply)
    np.testing.assert_allclose(affine_of(half), affine_of(layer), atol=1e-9)
    assert half.metadata["botalign"]["moving_to_fixed"] == second.tolist()
    press(panel.revert)
    assert "moving_to_fixed" not in half.metadata["botalign"]
    assert panel.poses.which.value == 1
    arrived.set()
    wait_until(lambda: panel.save.enabled)
    # A dock that is opened again shows the pose of the layer, with its scores.
    viewer.window.remove_dock_widget("all")
    _, again = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    assert again.results.poses.which.value == 1
    wait_until(lambda: again.results.save.enabled)
    np.testing.assert_array_equal(again.results.result.moving_to_fixed, second)


@pytest.mark.slow
def test_revert_shows_the_result_that_the_layer_had(
    widget: Any, add: Callable[..., Any], uneven: DensityMap, two_fold: DensityMap, align: Callable[[], Alignment],
    press: Press, wait_until: Callable[..., None],
) -> None:  # fmt: skip
    add(uneven, "still"), add(two_fold, "mobile")
    panel = widget.results
    align()
    first = panel.current
    press(panel.poses.on, until=lambda: panel.save.enabled)
    align()
    assert panel.current is not first
    assert panel.poses.which.value == 0
    press(panel.revert)
    assert panel.current is first
    assert panel.poses.which.value == 1


@pytest.mark.slow
def test_a_refused_step_does_not_change_the_chosen_pose(
    widget: Any, add: Callable[..., Any], uneven: DensityMap, two_fold: DensityMap, align: Callable[[], Alignment],
    press: Press,
) -> None:  # fmt: skip
    still, layer = add(uneven, "still"), add(two_fold, "mobile")
    align()
    panel, pose = widget.results, affine_of(layer)
    still.data = still.data + 1
    press(panel.poses.on)
    assert widget.status.value.startswith("still: its data was changed")
    np.testing.assert_array_equal(affine_of(layer), pose)
    assert panel.poses.which.value == 0
    assert panel.save.enabled


@pytest.mark.slow
def test_a_map_of_the_wrong_hand_is_mirrored_and_placed(
    widget: Any, add: Callable[..., Any], fixed: DensityMap, mirrored: DensityMap, align: Callable[[], Alignment],
    press: Press,
) -> None:  # fmt: skip
    add(fixed, "still")
    layer = add(mirrored, "mobile")
    panel = widget.results
    widget.form.hand.value = "check"
    result = align()
    assert result.other_hand_fits_better
    assert panel.mirror.native.isVisibleTo(widget.native)
    assert np.linalg.det(affine_of(layer)) > 0
    press(panel.mirror, until=lambda: not widget.running)
    assert widget.status.value == "mobile: aligned, certain."
    assert np.linalg.det(affine_of(layer)) < 0
    better = panel.current.result
    assert better.mirrored
    assert better.after.correlation > 0.98 > result.after.correlation
    assert panel.which.current_choice == "mobile onto still (mirrored)"
    assert not panel.mirror.native.isVisibleTo(widget.native)
    np.testing.assert_allclose(affine_of(layer), better.to_napari(), atol=1e-6)
    assert widget.form.hand.value == "check"
    press(panel.revert)
    assert np.linalg.det(affine_of(layer)) > 0
    panel.which.value = panel.which.choices[0]
    assert panel.mirror.native.isVisibleTo(widget.native)


@pytest.mark.slow
def test_a_right_hand_needs_no_mirror(
    widget: Any, add: Callable[..., Any], fixed: DensityMap, moving: DensityMap, align: Callable[[], Alignment]
) -> None:
    add(fixed, "still"), add(moving, "mobile")
    widget.form.hand.value = "check"
    align()
    assert not widget.results.mirror.native.isVisibleTo(widget.native)
