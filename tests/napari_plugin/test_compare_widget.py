import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.utils.progress import progress
from qtpy.QtWidgets import QInputDialog

import napari_botalign.compare_widget
from botalign import DensityMap, contour_level, difference, potential, score

Press = Callable[..., None]


@pytest.fixture
def compare(viewer: Any) -> Any:
    """The dock widget that compares."""
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Compare maps")
    return widget


@pytest.fixture
def back(moved: np.ndarray) -> np.ndarray:
    """The inverse of the transform that made `moving`."""
    return np.column_stack([moved[:, :3].T, -moved[:, :3].T @ moved[:, 3]])


@pytest.mark.slow
def test_layers_are_compared_as_displayed(
    viewer: Any,
    compare: Any,
    add: Callable[..., Any],
    fixed: DensityMap,
    moving: DensityMap,
    press: Press,
    back: np.ndarray,
) -> None:
    viewer.dims.ndisplay = 3
    first, second = add(fixed, "still"), add(moving, "mobile")
    assert (compare.first.value, compare.second.value) == (first, second)

    def seen() -> np.ndarray:
        press(compare.compare, until=lambda: compare.compare.enabled)
        return compare.plot.axes.lines[-1].get_ydata()

    np.testing.assert_allclose(seen(), score(fixed, moving).shells.correlation, atol=1e-4)
    unmasked = score(fixed, moving).curves.unmasked
    assert unmasked is not None
    np.testing.assert_allclose(compare.plot.axes.lines[-2].get_ydata(), unmasked.correlation, atol=1e-4)
    apart = compare.summary.value
    affine = np.eye(4)
    affine[:3] = back[::-1, [2, 1, 0, 3]]
    second.affine = affine
    np.testing.assert_allclose(seen(), score(fixed, moving, transform=back).shells.correlation, atol=1e-4)
    together = score(fixed, moving, transform=back).scores.correlation
    assert together > 0.99
    assert f"<b>{together:.4f}</b>" in compare.summary.value
    assert compare.summary.value != apart
    # the difference is a new layer on the grid of the first map
    press(compare.difference, until=lambda: len(viewer.layers) == 3)
    new = viewer.layers["still - mobile"]
    np.testing.assert_allclose(new.data, difference(fixed, moving, transform=back).data, atol=1e-5)
    assert np.abs(new.data).max() < 0.2 * fixed.data.max()
    np.testing.assert_allclose(new.data_to_world((1, 2, 3)), first.data_to_world((1, 2, 3)))
    assert compare.status.value.startswith("New layer: still - mobile")
    # nothing is visible if the two maps agree
    assert new.iso_threshold == pytest.approx(contour_level(fixed) / 2)
    assert new.data.max() < new.iso_threshold


def test_the_curves_are_saved(
    compare: Any, add: Callable[..., Any], fixed: DensityMap, press: Press, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    add(fixed, "still"), add(fixed, "mobile")
    assert not compare.save.visible
    press(compare.compare, until=lambda: compare.compare.enabled)
    curves = score(fixed, fixed).curves
    assert f"<td>{curves.facts[0][1].replace(' A', ' Å')}</td>" in compare.summary.value
    for name, status in (
        ("f.star", f"Written: {tmp_path / 'f.star'}."),
        ("f", f"Written: {tmp_path / 'f.csv'}."),
        ("f.txt", f"{tmp_path / 'f.txt'}: unknown extension; use one of .csv, .xml, .star."),
        ("f", f"{tmp_path / 'f.csv'}: the file exists; choose another name, or this one with .csv."),
    ):
        monkeypatch.setattr(napari_botalign.compare_widget, "file_to_save", lambda *_, name=name: str(tmp_path / name))
        press(compare.save)
        assert compare.status.value == status
    monkeypatch.setattr(napari_botalign.compare_widget, "file_to_save", lambda *_: "")
    press(compare.save)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "f.star"]
    rows = (tmp_path / "f.csv").read_text().splitlines()[1:]
    np.testing.assert_allclose([float(row.split(",")[-1]) for row in rows], curves.masked.correlation, atol=1e-4)


@pytest.mark.slow
def test_the_scores_follow_a_layer_that_is_moved(
    viewer: Any, compare: Any, add: Callable[..., Any], fixed: DensityMap, press: Press,
    wait_until: Callable[..., None], qtbot: Any,
) -> None:  # fmt: skip
    add(fixed, "still")
    mobile = add(fixed, "mobile")
    assert not compare.plot.canvas.isVisibleTo(compare.native)

    def moved(shift: float) -> np.ndarray:
        affine = np.eye(4)
        affine[2, 3] = shift
        mobile.affine = affine
        return affine

    def shown(shift: float) -> str:
        transform = np.column_stack([np.eye(3), [shift, 0.0, 0.0]])
        return f"<b>{score(fixed, fixed, transform=transform).scores.correlation:.4f}</b>"

    moved(4.0)
    qtbot.wait(300)
    assert compare.summary.value == ""  # only what was compared is compared again
    press(compare.compare, until=lambda: shown(4.0) in compare.summary.value)
    assert compare.plot.canvas.isVisibleTo(compare.native)
    for shift in np.arange(5.0, 12.0):  # as fast as a mouse moves: what is outdated is left out
        moved(shift)
    wait_until(lambda: shown(11.0) in compare.summary.value)
    compare.follow.value = False
    moved(0.0)
    qtbot.wait(500)
    assert shown(11.0) in compare.summary.value
    compare.follow.value = True
    moved(1.0)
    wait_until(lambda: shown(1.0) in compare.summary.value)


def test_the_potential_is_a_layer_in_the_pose_of_the_first(
    viewer: Any, compare: Any, add: Callable[..., Any], fixed: DensityMap, moving: DensityMap, press: Press
) -> None:
    first = add(fixed, "still")
    add(moving, "mobile")
    affine = np.eye(4)
    affine[:3, 3] = 10, 20, 30
    first.affine = affine
    press(compare.potential, until=lambda: len(viewer.layers) == 3)
    new = viewer.layers["potential of mobile on still"]
    transform = np.column_stack([np.eye(3), [-30.0, -20.0, -10.0]])
    expected = potential(fixed, moving, transform=transform)
    np.testing.assert_allclose(new.data, expected.data, atol=1e-2 * np.abs(expected.data).max())
    corner = np.add(expected.grid.origin_angstrom[::-1], (10, 20, 30))
    np.testing.assert_allclose(new.data_to_world((0, 0, 0)), corner, atol=1e-3)
    low, high = new.contrast_limits
    assert -low == high == pytest.approx(np.abs(new.data).max())
    assert compare.status.value.startswith("New layer: potential of mobile on still")


def test_the_choices_remain_when_layers_are_renamed(compare: Any, add: Callable[..., Any], fixed: DensityMap) -> None:
    a, b, c = (add(fixed, name) for name in "ABC")
    compare.first.value, compare.second.value = b, c
    b.name, c.name, a.name = "first", "second", "B"
    assert (compare.first.value, compare.second.value) == (b, c)


def test_voxel_sizes_are_asked_about_and_units_that_are_assumed_are_shown(
    compare: Any, add: Callable[..., Any], fixed: DensityMap, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QInputDialog, "getDouble", staticmethod(lambda *_: (4.0, True)))
    first = add(fixed, "first", scale=(1, 1, 1), translate=fixed.grid.origin_angstrom[::-1] / np.array(4.0), units=None)
    add(fixed, "second", units=None)
    press(compare.compare, until=lambda: compare.compare.enabled)
    assert tuple(first.scale) == (4, 4, 4)
    assert "<b>1.0000</b>" in compare.summary.value
    assert compare.status.value == (
        "second compared with first, as displayed.\nWithout a unit, angstrom is assumed: second."
    )


def test_a_bug_is_shown_by_napari(
    compare: Any, add: Callable[..., Any], fixed: DensityMap, qtbot: Any, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(napari_botalign.compare_widget, "score", broken)
    add(fixed, "still"), add(fixed, "mobile")
    with qtbot.captureExceptions() as caught:
        press(compare.compare, until=lambda: compare.compare.enabled)
        qtbot.waitUntil(lambda: len(caught) == 1, timeout=200_000)
    assert str(caught.pop()[1]) == "a bug"
    assert compare.status.value == "a bug"


def test_layers_that_cannot_be_compared(
    viewer: Any, compare: Any, add: Callable[..., Any], fixed: DensityMap, press: Press
) -> None:
    for button in (compare.compare, compare.difference, compare.potential):
        compare.status.value = ""
        press(button)
        assert compare.status.value.startswith("first: no layer is chosen")
    layer = add(fixed, "still")
    press(compare.compare)
    assert compare.status.value == "still is chosen twice; choose another layer for one of them."
    far = add(fixed, "far", translate=(500, 0, 0))
    assert (compare.first.value, compare.second.value) == (layer, far)
    press(compare.difference, until=lambda: compare.difference.enabled)
    assert "0 voxels are above a contour level and in both boxes, expected 8 or more" in compare.status.value
    viewer.add_labels(np.zeros((4, 4, 4), int), name="cells")
    compare.second.value = viewer.layers["cells"]
    press(compare.compare)
    assert compare.status.value.startswith("second: cells has labels")


@pytest.mark.parametrize("what", ["viewer", "widget"])
def test_closed_during_a_comparison(
    what: str,
    viewer: Any,
    compare: Any,
    add: Callable[..., Any],
    fixed: DensityMap,
    press: Press,
    wait_until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: Any,
) -> None:
    started, closed = threading.Event(), threading.Event()

    def compared(*maps: DensityMap, **options: Any) -> Any:
        started.set()
        assert closed.wait(200)
        return score(*maps, **options)

    monkeypatch.setattr("napari_botalign.compare_widget.score", compared)
    add(fixed, "still")
    add(fixed, "mobile")
    press(compare.compare, until=started.is_set)
    if what == "viewer":
        viewer.close()
    else:
        viewer.window.remove_dock_widget("all")
    qtbot.wait(100)  # Qt deletes the widgets
    closed.set()
    wait_until(lambda: not progress._all_instances)
    qtbot.wait(100)  # an exception would fail the test
