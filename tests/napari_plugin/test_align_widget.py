"""The dock widget, used by its fields and buttons."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask.array
import numpy as np
import pytest
from napari.utils.progress import progress
from qtpy.QtWidgets import QInputDialog

import napari_botalign.run
import napari_botalign.work
from botalign import Alignment, AlignmentOptions, DensityMap, Progress

# napari warns of rotated layers in a 2-D view; the widget has a message for it.
pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

Add = Callable[..., Any]
Press = Callable[..., None]
WaitUntil = Callable[..., None]
IDENTITY = np.eye(4)


def affine_of(layer: Any) -> np.ndarray:
    return np.array(layer.affine.affine_matrix)


def off_by(result: Alignment, moved: np.ndarray) -> float:
    """Return the error of a result in angstrom, at points of the molecule."""
    points = 40 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]])
    moved_points = points @ moved[:, :3].T + moved[:, 3]
    back = moved_points @ result.moving_to_fixed[:, :3].T + result.moving_to_fixed[:, 3]
    return float(np.abs(back - points).max())


@pytest.fixture
def pair(add: Add, fixed: DensityMap, moving: DensityMap) -> tuple[Any, Any]:
    """Two layers of the same molecule in two poses."""
    return add(fixed, "still"), add(moving, "mobile")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Stop an alignment after twenty steps until this is set, at most 200 s."""
    whole, opened = napari_botalign.work.align_steps, threading.Event()

    def steps(*arguments: Any) -> Any:
        inner = whole(*arguments)
        for number in itertools.count():
            try:
                step = next(inner)
            except StopIteration as finished:
                return finished.value
            time.sleep(0.02)
            if number >= 20:
                opened.wait(200)
            yield step

    monkeypatch.setattr(napari_botalign.work, "align_steps", steps)
    monkeypatch.setattr(napari_botalign.run, "_LATE", 200.0)  # otherwise a late pose waits for the next one
    yield opened
    opened.set()


@pytest.fixture
def started(widget: Any, pair: tuple[Any, Any], gate: threading.Event, press: Press) -> Any:
    """A running search that has moved the layer."""
    press(widget.align, until=lambda: widget.progress.value > 50 and not np.allclose(affine_of(pair[1]), IDENTITY))
    assert widget.running
    return widget


def over(widget: Any) -> Callable[[], bool]:
    return lambda: not widget.running


def test_two_open_maps_are_chosen_and_aligned(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], moved: np.ndarray
) -> None:
    assert (widget.form.fixed.value, widget.form.moving.value) == (pair[0], [pair[1]])
    result = align()
    assert widget.status.value == "mobile: aligned, certain."
    assert off_by(result, moved) < 0.5
    np.testing.assert_allclose(affine_of(pair[1]), result.to_napari(), atol=1e-6)
    np.testing.assert_array_equal(affine_of(pair[0]), IDENTITY)
    assert tuple(pair[1].scale) == (4.4, 4.2, 4.0)
    text = widget.results.summary.value
    for part in (
        f"{result.before.correlation:.4f}",
        f"<b>{result.after.correlation:.4f}</b>",
        "152.7",
        "not tested",
    ):
        assert part in text
    assert widget.results.which.current_choice == "mobile onto still"
    assert widget.progress.value == widget.progress.max
    # The plot has every evaluation and the lowest loss so far.
    dots, line = widget.plot.axes.lines
    losses = [point.loss for point in result.trace]
    np.testing.assert_array_equal(dots.get_ydata(), losses)
    np.testing.assert_array_equal(line.get_ydata(), np.minimum.accumulate(losses))
    # Layers that were grey have a colour.
    assert [layer.colormap.name for layer in pair] == ["bop orange", "bop blue"]


def test_a_choice_remains_when_layers_are_renamed(viewer: Any, widget: Any, add: Add, fixed: DensityMap) -> None:
    a, b, c = (add(fixed, name) for name in "ABC")
    form = widget.form
    form.fixed.value, form.moving.value, form.more.mask_moving.value = b, [a, c], c
    changes: list[Any] = []
    form.fixed.changed.connect(changes.append)
    for layer, name in ((b, "first"), (a, "B"), (c, "A"), (b, "C")):
        layer.name = name
        assert (form.fixed.value, set(form.moving.value), form.more.mask_moving.value) == (b, {a, c}, c)
    assert not changes
    assert (form.fixed.current_choice, form.more.mask_moving.current_choice) == ("C", "A")
    viewer.layers.remove(c)
    assert (form.fixed.value, form.moving.value, form.more.mask_moving.value) == (b, [a], None)
    viewer.layers.remove(b)
    assert changes == [form.fixed.value] == [a]


def test_revert_is_exact(widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], press: Press) -> None:
    before = np.eye(4)
    before[:3] = np.random.default_rng(0).standard_normal((3, 4)) * 1e-3 + np.eye(3, 4)
    before[:3, :3] = np.linalg.qr(before[:3, :3])[0]
    pair[1].affine = before
    assert not widget.results.revert.enabled
    align()
    assert np.abs(affine_of(pair[1]) - before).max() > 0.1
    press(widget.results.revert)
    np.testing.assert_array_equal(affine_of(pair[1]), before)
    assert not widget.results.revert.enabled
    assert widget.status.value == "Moved back: mobile."


def test_the_affine_of_the_fixed_layer_applies_to_the_moving_one(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment]
) -> None:
    own = np.eye(4)
    own[:3, :3] = np.array([[1, 8, -4], [4, -4, -7], [-8, -1, -4]]) / 9
    own[:3, 3] = (100, -50, 25)
    pair[0].affine = own
    result = align()
    np.testing.assert_allclose(affine_of(pair[1]), own @ result.to_napari(), atol=1e-6)


@pytest.mark.slow
def test_several_layers_are_aligned_separately(
    widget: Any,
    pair: tuple[Any, Any],
    add: Add,
    fixed: DensityMap,
    align: Callable[[], Alignment],
    press: Press,
    moved: np.ndarray,
) -> None:
    third = add(fixed, "same", translate=(100, 0, 0))
    widget.form.moving.value = [pair[1], third]
    align()
    assert widget.status.value == "mobile: aligned, certain.\nsame: aligned, certain."
    assert len(widget.results.which.choices) == 2
    np.testing.assert_allclose(third.data_to_world((0, 0, 0)), pair[0].data_to_world((0, 0, 0)), atol=0.2)
    press(widget.results.revert)
    for layer in (pair[1], third):
        np.testing.assert_array_equal(affine_of(layer), IDENTITY)


@pytest.mark.slow
def test_a_map_that_does_not_match_is_moved_only_on_request(
    widget: Any, pair: tuple[Any, Any], add: Add, fixed: DensityMap, align: Callable[[], Alignment], press: Press
) -> None:
    noise = add(fixed.with_data(np.random.default_rng(0).normal(size=fixed.data.shape)), "noise")
    widget.form.moving.value = [noise, pair[1]]
    align()
    matched, unmatched = widget.status.value.split("\n")
    assert unmatched.startswith("noise: not moved, no match: unrelated maps may fit as well; check ")
    assert unmatched.endswith(" To move it anyway, choose it alone and press Apply.")
    assert matched == "mobile: aligned, certain."
    np.testing.assert_array_equal(affine_of(noise), IDENTITY)
    assert "moving_to_fixed" not in noise.metadata["botalign"]
    assert not np.allclose(affine_of(pair[1]), IDENTITY)
    panel = widget.results
    panel.which.value = panel.which.choices[1]
    assert "no match" in panel.summary.value
    widget.form.moving.value = [noise]
    press(panel.apply)
    np.testing.assert_allclose(affine_of(noise), panel.current.result.to_napari(), atol=1e-6)
    press(panel.revert)
    np.testing.assert_array_equal(affine_of(noise), IDENTITY)
    assert not np.allclose(affine_of(pair[1]), IDENTITY)


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["check", "auto"])
def test_a_mirrored_map(
    hand: str,
    widget: Any,
    add: Add,
    fixed: DensityMap,
    mirrored: DensityMap,
    align: Callable[[], Alignment],
) -> None:
    add(fixed, "still")
    layer = add(mirrored, "other hand")
    widget.form.hand.value = hand
    result = align()
    assert "mirrored (correlation about the mean: " in widget.results.summary.value
    assert (np.linalg.det(affine_of(layer)) < 0) == (hand == "auto") == result.mirrored
    assert widget.results.mirror.native.isVisibleTo(widget.native) == (hand == "check")
    assert ("mirror image" in widget.status.value) == (hand == "check")
    assert len(widget.plot.axes.lines) == 4


def test_cancel_reverts_the_layer_at_once(
    started: Any, pair: tuple[Any, Any], gate: threading.Event, qtbot: Any
) -> None:
    began = time.perf_counter()
    started.cancel.native.click()
    assert not started.running
    assert time.perf_counter() - began < 100  # it does not wait for the thread
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)
    assert started.status.value == "Cancelled."
    assert started.align.enabled
    assert not started.cancel.enabled
    assert not progress._all_instances
    gate.set()
    qtbot.wait(300)  # later updates of the thread are ignored
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)
    assert started.results.current is None


@pytest.mark.slow
def test_after_a_cancel_another_alignment_can_start(started: Any, gate: threading.Event, press: Press) -> None:
    started.cancel.native.click()
    gate.set()
    press(started.align, until=over(started))
    assert started.status.value.startswith("mobile: aligned, ")


def test_cancel_in_the_activity_dock(started: Any, pair: tuple[Any, Any], qtbot: Any) -> None:
    (bar,) = progress._all_instances
    assert "mobile" in bar.desc
    assert type(bar.n) is int  # PyQt accepts integers only
    bar.cancel()  # as its button does
    assert not started.running
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)


@pytest.mark.slow
def test_the_other_hand_is_not_shown_unless_it_may_be_used(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, shown = napari_botalign.work.align_steps, []
    mirrored = np.diag([1.0, 1.0, -1.0, 0.0])[:3]

    def steps(*arguments: Any) -> Any:
        for _ in range(2):
            time.sleep(0.15)
            yield Progress("search", 1, 100, hand="mirrored", loss=1e9, best_loss=1e9, moving_to_fixed=mirrored)
        return (yield from whole(*arguments))

    monkeypatch.setattr(napari_botalign.work, "align_steps", steps)
    pair[1].events.affine.connect(lambda: shown.append(np.linalg.det(affine_of(pair[1]))))
    for hand in ("auto", "check"):
        shown.clear()
        widget.form.hand.value = hand
        assert not align().mirrored
        assert (min(shown) < 0) == (hand == "auto")


def test_a_bug_is_shown_by_napari_and_leaves_the_widget_usable(
    widget: Any, pair: tuple[Any, Any], qtbot: Any, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")
        yield

    monkeypatch.setattr(napari_botalign.work, "align_steps", steps)
    with qtbot.captureExceptions() as caught:
        press(widget.align, until=over(widget))
        qtbot.waitUntil(lambda: len(caught) == 1, timeout=200_000)
    assert str(caught.pop()[1]) == "a bug"
    assert widget.status.value == "Stopped: a bug"
    assert widget.align.enabled
    assert not progress._all_instances


def test_without_following_the_layer_is_moved_at_the_end(
    widget: Any, pair: tuple[Any, Any], gate: threading.Event, press: Press
) -> None:
    widget.form.follow.value = False
    press(widget.align, until=lambda: widget.progress.value > 50)
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_a_layer_deleted_during_the_alignment(
    which: int, viewer: Any, started: Any, pair: tuple[Any, Any], gate: threading.Event, wait_until: WaitUntil
) -> None:
    del viewer.layers[pair[which].name]
    gate.set()
    wait_until(over(started))
    assert f"{('still', 'mobile')[which]} was deleted" in started.status.value
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)
    assert started.results.current is None


@pytest.mark.slow
@pytest.mark.parametrize("deleted", ["mobile", "same"])
def test_the_others_are_aligned_if_one_is_deleted(
    deleted: str,
    viewer: Any,
    widget: Any,
    pair: tuple[Any, Any],
    add: Add,
    fixed: DensityMap,
    gate: threading.Event,
    press: Press,
    wait_until: WaitUntil,
) -> None:
    third = add(fixed, "same", translate=(100, 0, 0))
    widget.form.moving.value = [pair[1], third]
    press(widget.align, until=lambda: widget.progress.value > 50)
    del viewer.layers[deleted]
    gate.set()
    wait_until(over(widget))
    other = "same" if deleted == "mobile" else "mobile"
    assert widget.status.value == f"{other}: aligned, certain.\n{deleted} was deleted, so it was not aligned."
    aligned = [layer for layer in (pair[1], third) if not np.allclose(affine_of(layer), IDENTITY)]
    assert [layer.name for layer in aligned] == [other]


@pytest.mark.slow
def test_a_fixed_layer_moved_during_the_alignment(
    started: Any, pair: tuple[Any, Any], gate: threading.Event, wait_until: WaitUntil
) -> None:
    pair[0].translate = np.add(pair[0].translate, (10.0, 20.0, -30.0))
    gate.set()
    wait_until(over(started))
    result = started.results.current.result
    shift = np.eye(4)
    shift[:3, 3] = (10.0, 20.0, -30.0)
    np.testing.assert_allclose(affine_of(pair[1]), shift @ result.to_napari(), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_a_layer_scaled_during_the_alignment_is_not_moved(
    which: int, started: Any, pair: tuple[Any, Any], gate: threading.Event, wait_until: WaitUntil
) -> None:
    pair[which].scale = (1.0, 1.0, 1.0)
    gate.set()
    wait_until(over(started))
    assert "its scale was changed during the alignment, so it was not moved; align again" in started.status.value
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)
    assert started.results.current is None


@pytest.mark.slow
@pytest.mark.parametrize("what", ["viewer", "widget"])
def test_closed_during_the_alignment(
    what: str,
    started: Any,
    viewer: Any,
    pair: tuple[Any, Any],
    gate: threading.Event,
    wait_until: WaitUntil,
    qtbot: Any,
) -> None:
    if what == "viewer":
        gate.set()  # closing a viewer waits for its threads
        viewer.close()
    else:
        viewer.window.remove_dock_widget("all")
    wait_until(over(started))
    assert not progress._all_instances
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)
    gate.set()
    qtbot.wait(300)  # later updates of the thread are ignored
    np.testing.assert_array_equal(affine_of(pair[1]), IDENTITY)


@pytest.mark.slow
def test_a_search_near_the_displayed_pose(
    viewer: Any, widget: Any, add: Add, fixed: DensityMap, align: Callable[[], Alignment]
) -> None:
    # The displayed pose, which only the affine of the layer has, is off by 4 degrees.
    add(fixed, "still")
    layer = add(fixed, "mobile")
    angle = np.radians(4.0)
    shown = np.eye(4)
    shown[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    shown[:3, 3] = (3.0, -2.0, 1.0)
    layer.affine = shown
    widget.form.more.local_degrees.value = "10"
    result = align()
    np.testing.assert_allclose(affine_of(layer), IDENTITY, atol=0.05)
    assert result.parameters["local_degrees"] == 10.0
    before = widget.results.current.before.correlation
    assert before < 0.999
    assert f"{before:.4f} →" in widget.results.summary.value


@pytest.mark.slow
def test_only_the_shift_is_fitted_from_the_displayed_pose(
    widget: Any, add: Add, fixed: DensityMap, align: Callable[[], Alignment]
) -> None:
    add(fixed, "still")
    layer = add(fixed, "mobile")
    angle = np.radians(4.0)
    shown = np.eye(4)
    shown[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    shown[:3, 3] = (13.0, -12.0, 11.0)
    layer.affine = shown
    widget.form.more.rotate.value = False
    align()
    np.testing.assert_allclose(affine_of(layer)[:3, :3], shown[:3, :3], atol=1e-6)
    np.testing.assert_allclose(affine_of(layer)[:3, 3], 0, atol=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dask", "multiscale", "no units", "nanometres"])
def test_other_kinds_of_layers(
    kind: str,
    viewer: Any,
    widget: Any,
    add: Add,
    fixed: DensityMap,
    moving: DensityMap,
    align: Callable[[], Alignment],
    moved: np.ndarray,
) -> None:
    options: dict[str, Any] = {
        "dask": {"data": dask.array.from_array(moving.data, chunks=16)},
        "multiscale": {"data": [moving.data, moving.data[::2, ::2, ::2]], "multiscale": True},
        "no units": {"units": None},
        "nanometres": {
            "units": ("nm",) * 3,
            "scale": np.array(moving.grid.voxel_size_angstrom[::-1]) / 10,
            "translate": np.array(moving.grid.origin_angstrom[::-1]) / 10,
        },
    }[kind]
    add(fixed, "still", **({"units": None} if kind == "no units" else {}))
    layer = add(moving, "mobile", **options)
    result = align()
    assert off_by(result, moved) < 0.5
    assert ("\nWithout a unit, angstrom is assumed: still, mobile." in widget.status.value) == (kind == "no units")
    expected = result.to_napari()
    if kind == "nanometres":
        expected[:3, 3] /= 10
    np.testing.assert_allclose(affine_of(layer), expected, atol=1e-6)


def test_a_layer_without_a_voxel_size_is_asked_about(
    viewer: Any,
    widget: Any,
    add: Add,
    fixed: DensityMap,
    press: Press,
    align: Callable[[], Alignment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, float]] = []
    answer: list[Any] = [0.0, False]

    def dialog(parent: Any, title: str, text: str, value: float, *limits: float) -> tuple[float, bool]:
        asked.append((text, value))
        return answer[0], answer[1]

    monkeypatch.setattr(QInputDialog, "getDouble", staticmethod(dialog))
    shift = np.eye(4)
    shift[:3, 3] = 1, 2, 3
    still = add(fixed, "still", scale=(1, 1, 1), translate=(5, 6, 7), units=None, affine=shift)
    same = add(fixed, "same", scale=(1, 1, 1), translate=(0, 0, 0), units=None)
    assert align() is None
    assert widget.status.value == "still: no voxel size; start again and enter it."
    assert tuple(still.scale) == (1, 1, 1)
    answer[:] = [4.0, True]
    result = align()
    assert [text for text, _ in asked] == [
        f"{name} has no voxel size. Voxel size in Å:" for name in ("still", "still", "same")
    ]
    assert [value for _, value in asked] == [1.0, 1.0, 4.0]
    for layer in (still, same):
        assert tuple(layer.scale) == (4, 4, 4)
        assert [str(unit) for unit in layer.units] == ["angstrom"] * 3
    assert tuple(still.translate) == (20, 24, 28)
    assert tuple(affine_of(still)[:3, 3]) == (4, 8, 12)
    assert result.fixed.grid.voxel_size_angstrom == (4.0, 4.0, 4.0)
    assert widget.status.value == "same: aligned, certain."
    align()
    assert len(asked) == 3


def test_layers_that_are_not_maps_are_refused(viewer: Any, widget: Any, pair: tuple[Any, Any], press: Press) -> None:
    viewer.add_labels(np.zeros((4, 4, 4), int), name="cells")
    viewer.add_image(np.zeros((4, 4)), name="flat")
    viewer.add_image(np.zeros((4, 4, 4, 3)), rgb=True, name="colours")
    viewer.add_points(np.zeros((2, 3)), name="points")
    messages = {
        "cells": "cells has labels, expected a density map; convert it",
        "flat": "flat has 2 dimensions, expected a density map with 3",
        "colours": "colours is a colour image, expected a density map",
        "points": "points is a points layer, expected an image layer",
    }
    assert [layer.name for layer in widget.form.fixed.choices] == ["still", "mobile", *messages]
    for name, message in messages.items():
        widget.form.moving.value = [viewer.layers[name]]
        press(widget.align)
        assert not widget.running
        assert widget.status.value.startswith(f"moving: {message}")
    widget.form.fixed.value = viewer.layers["cells"]
    press(widget.align)
    assert widget.status.value.startswith("fixed: cells has labels")


def test_other_input_that_is_refused(viewer: Any, widget: Any, add: Add, fixed: DensityMap, press: Press) -> None:
    press(widget.align)
    assert widget.status.value.startswith("fixed: no layer is chosen; open a map")
    layer = add(fixed, "still")
    press(widget.align)
    assert widget.status.value.startswith("moving: no layer is chosen")
    widget.form.moving.value = [layer]
    press(widget.align)
    assert widget.status.value == "still is chosen as fixed and as moving; choose another layer for one of them."
    other = add(fixed.with_data(0 * fixed.data), "empty")
    widget.form.moving.value = [other]
    press(widget.align, until=over(widget))
    assert "empty: all densities are zero, so there is nothing to align" in widget.status.value
    widget.form.more.contour_level_fixed.value = "high"
    press(widget.align)
    assert widget.status.value == "'contour level (fixed)': got 'high', expected a number."
    widget.form.more.contour_level_fixed.value, widget.form.more.threads.value = "", "0"
    press(widget.align)
    assert widget.status.value == "threads: got 0, expected a whole number from 1 to 1024."
    widget.form.more.threads.value = ""
    widget.form.more.evaluations.value, widget.form.more.size.value = "", 32


@pytest.mark.slow
def test_more_options_can_be_unfolded_and_are_used(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], press: Press
) -> None:
    assert not widget.form.more.native.isVisibleTo(widget.native)
    press(widget.form.unfold)
    assert widget.form.more.native.isVisibleTo(widget.native)
    more = widget.form.more
    more.contour_level_fixed.value, more.evaluations.value, more.seed.value, more.refine.value = "0.9", 12, 7, False
    result = align()
    assert result.seed == 7
    assert len(result.trace) == 12
    assert (result.parameters["contour_level_fixed"], result.parameters["refine"]) == (0.9, False)


@pytest.mark.slow
def test_with_a_mask_of_the_fixed_map_its_content_is_searched_for(
    widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], add: Add, fixed: DensityMap, moved: np.ndarray
) -> None:
    own = np.eye(4)
    own[:3, 3] = (100, -50, 25)
    pair[0].affine = own
    x = np.broadcast_to(fixed.grid.axis_angstrom(2), fixed.grid.shape)
    half = fixed.with_data(np.clip((x + 12) / 8, 0, 1).astype(np.float32))
    more = widget.form.more
    more.mask_fixed.value = add(half, "half", affine=own)
    result = align()  # without the options that the search for a part does not have
    assert f"correlation of the edges inside it {result.part_correlation:.4f}" in widget.results.summary.value
    assert result.parameters["mask_fixed"] == "half"
    assert result.part is not None
    assert off_by(result, moved) < 4
    # Before and after compare the same: the pose that is displayed now has the scores that it had after.
    align()
    before = widget.results.current.before
    assert before.correlation == pytest.approx(result.after.correlation, abs=1e-3)
    assert before.wemd_angstrom == pytest.approx(result.after.wemd_angstrom, rel=0.02)


@pytest.mark.slow
def test_labels_are_a_mask(
    viewer: Any, widget: Any, pair: tuple[Any, Any], align: Callable[[], Alignment], add: Add, fixed: DensityMap,
    press: Press,
) -> None:  # fmt: skip
    x = np.broadcast_to(fixed.grid.axis_angstrom(2), fixed.grid.shape)
    labels = np.where(x < 0, 0, np.where(x < 20, 1, 7))
    place = {"scale": pair[0].scale, "translate": pair[0].translate, "units": pair[0].units}
    viewer.add_labels(labels, name="labels", **place)
    image = add(fixed.with_data((labels > 0).astype(np.float32)), "image")
    more = widget.form.more
    more.evaluations.value, more.size.value = "", 32
    results = []
    for mask in (viewer.layers["labels"], image):
        more.mask_fixed.value = mask
        results.append(align())
        press(widget.results.revert)
    assert [result.parameters["mask_fixed"] for result in results] == ["labels", "image"]
    np.testing.assert_array_equal(results[0].moving_to_fixed, results[1].moving_to_fixed)
    more.mask_fixed.value = viewer.add_points(np.zeros((2, 3)), name="points")
    press(widget.align)
    assert widget.status.value == (
        "mask (fixed): points is a points layer, expected a layer of labels or an image layer."
    )


def test_a_mask_elsewhere_is_refused_with_what_to_do(
    widget: Any, pair: tuple[Any, Any], add: Add, fixed: DensityMap, press: Press
) -> None:
    mask = fixed.with_data(np.ones(fixed.grid.shape, np.float32))
    far = add(mask, "far mask", translate=(900, 0, 0))
    for name, of in (("mask_fixed", "still"), ("mask_moving", "mobile")):
        widget.form.more[name].value = far
        press(widget.align, until=over(widget))
        expected = (
            f"far mask: this mask does not overlap {of}, as displayed; move it onto the map, or choose another one."
        )
        assert widget.status.value == expected
        widget.form.more[name].value = None


@pytest.mark.slow
def test_a_part_is_noticed_without_a_request(
    widget: Any, add: Add, fixed: DensityMap, align: Callable[[], Alignment]
) -> None:
    x = np.broadcast_to(fixed.grid.axis_angstrom(2), fixed.grid.shape)
    add(fixed, "whole")
    part = add(fixed.with_data(np.where(x > 12, fixed.data, 0).astype(np.float32)), "part")
    widget.form.more.evaluations.value, widget.form.more.size.value = "", 32
    result = align()
    assert (result.part.role, result.part.reason) == ("moving", "noticed")
    assert "the moving map, noticed by its volume" in widget.results.summary.value
    assert not widget.plot.canvas.isVisibleTo(widget.native)  # there are no losses to plot
    np.testing.assert_allclose(affine_of(part), IDENTITY, atol=1.0)


@pytest.mark.slow
def test_another_viewer_that_is_closed_does_not_end_the_alignment(
    started: Any, pair: tuple[Any, Any], gate: threading.Event, wait_until: WaitUntil, make_napari_viewer: Any
) -> None:
    started.cancel.native.click()
    other = make_napari_viewer()  # the last viewer: napari registers workers with its window
    started.align.native.click()
    other.close()
    gate.set()
    wait_until(over(started))
    assert started.status.value == "mobile: aligned, certain."


def test_two_docks_share_tabs(viewer: Any, widget: Any, wait_until: WaitUntil) -> None:
    _, compare = viewer.window.add_plugin_dock_widget("botalign", "Compare maps")
    docks = [each.native.parent() for each in (widget, compare)]
    window = docks[0].parent()
    wait_until(lambda: docks[1] in window.tabifiedDockWidgets(docks[0]))


def test_a_new_form_has_the_declared_defaults(widget: Any) -> None:
    widget.form.hand.value, widget.form.more.evaluations.value, widget.form.more.size.value = "check", "", 32
    default = AlignmentOptions()
    assert vars(widget.form.alignment_options()) == vars(default)
    assert widget.form.masks() == {}
