"""The 2-D view, napari's default: a note, the 3-D view, and resampled copies."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from botalign import Alignment, DensityMap
from botalign.scores import correlation

pytestmark = pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")

Press = Callable[..., None]


@pytest.fixture
def aligned(
    viewer: Any, widget: Any, add: Callable[..., Any], fixed: DensityMap, moving: DensityMap,
    align: Callable[[], Alignment],
) -> tuple[Any, Any]:  # fmt: skip
    """Two layers, aligned in a 2-D view."""
    layers = add(fixed, "still"), add(moving, "mobile")
    viewer.dims.ndisplay = 2
    assert not widget.flat.native.isVisibleTo(widget.native)
    align()
    return layers


@pytest.mark.slow
def test_the_note_and_its_buttons_are_there_while_a_rotation_is_not_drawn(
    viewer: Any, widget: Any, aligned: tuple[Any, Any], press: Press
) -> None:
    assert widget.status.value == "mobile: aligned, certain."
    assert widget.flat.native.isVisibleTo(widget.native)
    press(widget.flat.show_3d)
    assert viewer.dims.ndisplay == 3
    assert not widget.flat.native.isVisibleTo(widget.native)
    viewer.dims.ndisplay = 2
    assert widget.flat.native.isVisibleTo(widget.native)
    press(widget.results.revert)
    assert not widget.flat.native.isVisibleTo(widget.native)


@pytest.mark.slow
def test_a_copy_is_shown_in_2d_and_follows_the_layer(
    viewer: Any, widget: Any, aligned: tuple[Any, Any], fixed: DensityMap, press: Press,
    wait_until: Callable[..., None],
) -> None:  # fmt: skip
    press(widget.flat.resample, until=lambda: len(viewer.layers) == 3)
    copy = viewer.layers[2]
    assert (aligned[1].visible, copy.visible) == (False, True)
    assert not widget.flat.native.isVisibleTo(widget.native)
    assert correlation(copy.data, fixed.data) > 0.99
    press(widget.results.revert)
    wait_until(lambda: correlation(copy.data, fixed.data) < 0.9)
    press(widget.results.apply)
    wait_until(lambda: correlation(copy.data, fixed.data) > 0.99)
    # In 3-D the layer is drawn as it is, so it is shown instead.
    viewer.dims.ndisplay = 3
    assert (aligned[1].visible, copy.visible) == (True, False)
    press(widget.results.revert)
    assert correlation(copy.data, fixed.data) > 0.99  # it is resampled when it is shown
    viewer.dims.ndisplay = 2
    assert (aligned[1].visible, copy.visible) == (False, True)
    wait_until(lambda: correlation(copy.data, fixed.data) < 0.9)
    # With the fixed layer, its grid moves.
    shift = np.eye(4)
    shift[:3, 3] = 40, 0, 0
    aligned[0].affine = shift
    wait_until(lambda: np.array_equal(copy.affine.affine_matrix, shift))


@pytest.mark.slow
def test_widgets_that_were_closed_do_nothing(
    viewer: Any, widget: Any, aligned: tuple[Any, Any], press: Press, qtbot: Any
) -> None:
    _, compare = viewer.window.add_plugin_dock_widget("botalign", "Compare maps")
    press(compare.compare, until=lambda: compare.compare.enabled)
    press(widget.flat.resample, until=lambda: len(viewer.layers) == 3)
    viewer.window.remove_dock_widget("all")
    qtbot.wait(100)  # Qt deletes the widgets
    copy = viewer.layers[2]
    data = copy.data
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    aligned[1].affine = np.eye(4)
    aligned[1].visible = True
    aligned[1].name = "renamed"
    viewer.layers.remove(aligned[0])
    qtbot.wait(300)  # an exception would fail the test
    assert copy.data is data


@pytest.mark.slow
def test_there_is_one_copy_however_often_it_is_made(
    viewer: Any, widget: Any, aligned: tuple[Any, Any], qtbot: Any, wait_until: Callable[..., None]
) -> None:
    done = "Resampled onto the grid of the fixed map."
    for _ in range(3):
        widget.results.resample.native.click()
    wait_until(lambda: widget.status.value == done)
    qtbot.wait(1000)
    assert [layer.name for layer in viewer.layers] == ["still", "mobile", "mobile on still"]
    # Another widget finds it, too.
    viewer.window.remove_dock_widget("all")
    _, again = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    again.results.resample.native.click()
    wait_until(lambda: again.status.value == done)
    assert [layer.name for layer in viewer.layers] == ["still", "mobile", "mobile on still"]
    # It is not offered as a layer that moves along.
    assert not again.form.layers.along.native.isVisibleTo(again.native)
    viewer.layers.remove("mobile on still")
    again.results.resample.native.click()
    wait_until(lambda: again.status.value == done and len(viewer.layers) == 3)
