from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import botalign
import napari_botalign.classes_widget

Press = Callable[..., None]


@pytest.fixture(scope="session")
def stack() -> botalign.ImageStack:
    """Sixteen noisy projections."""
    phantom = botalign.phantom(24, voxel_size_angstrom=5.0)
    return botalign.projections(phantom, 16, snr=4.0, seed=2).stack


@pytest.fixture
def add_stack(viewer: Any, stack: botalign.ImageStack) -> Callable[..., Any]:
    """Return a function that adds the images as a layer, as the reader does."""

    def add(name: str = "particles", **options: Any) -> Any:
        place = {"scale": (1.0, 5.0, 5.0), "units": ("pixel", "angstrom", "angstrom")}
        viewer.add_image(options.pop("data", stack.images), name=name, **place | options)
        return viewer.layers[-1]

    return add


@pytest.fixture
def classes(viewer: Any) -> Any:
    """The dock widget, with few rotations."""
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Class averages")
    widget.form.rotations.value, widget.classes.value, widget.form.threads.value = 16, 3, "1"
    yield widget
    if widget.running:
        widget.cancel.native.click()


def test_the_averages_are_a_layer(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], stack: botalign.ImageStack, press: Press
) -> None:
    add_stack()
    viewer.dims.set_current_step(0, 15)
    assert classes.images.value == viewer.layers["particles"]
    press(classes.classify, until=lambda: not classes.running)
    new = viewer.layers["class averages of particles"]
    expected = botalign.classify(stack, 3, rotations=16)
    np.testing.assert_array_equal(new.data, expected.averages.images)
    np.testing.assert_allclose(new.scale, (1, 5, 5))
    assert viewer.dims.current_step[0] == 0  # the largest class is displayed
    assert f"3 classes with {expected.sizes[0]} to {expected.sizes[-1]} images" in classes.status.value
    assert classes.progress.value == 1000
    # a stack in nanometres
    add_stack("small", scale=(1.0, 0.5, 0.5), units=("pixel", "nanometer", "nanometer"))
    classes.images.value = viewer.layers["small"]
    press(classes.classify, until=lambda: not classes.running)
    np.testing.assert_allclose(
        viewer.layers["class averages of small"].data, expected.averages.images, rtol=1e-4, atol=1e-4
    )


@pytest.mark.slow
def test_cancel(viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press) -> None:
    add_stack()
    classes.form.rotations.value, classes.form.shift_pixels.value = 360, 8
    press(classes.classify, until=lambda: classes.status.value != "Preparing…")
    press(classes.cancel)
    assert not classes.running
    assert classes.status.value == "Cancelled."
    assert classes.classify.enabled
    qtbot.wait(200)
    assert len(viewer.layers) == 1


@pytest.mark.slow
def test_closing_the_dock_stops_the_work(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press
) -> None:
    add_stack()
    classes.form.rotations.value, classes.form.shift_pixels.value = 360, 8
    press(classes.classify, until=lambda: classes.status.value != "Preparing…")
    viewer.window.remove_dock_widget("all")
    qtbot.waitUntil(lambda: not classes.running, timeout=200_000)


def test_a_bug_is_shown_by_napari(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")
        yield

    monkeypatch.setattr(napari_botalign.classes_widget, "classify_steps", steps)
    add_stack()
    with qtbot.captureExceptions() as caught:
        press(classes.classify, until=lambda: not classes.running)
        qtbot.waitUntil(lambda: len(caught) == 1, timeout=200_000)
    assert str(caught.pop()[1]) == "a bug"
    assert classes.status.value == "a bug"
    assert classes.classify.enabled


def test_layers_that_are_not_stacks_are_refused(
    viewer: Any, classes: Any, add: Callable[..., Any], add_stack: Callable[..., Any], fixed: Any, press: Press
) -> None:
    press(classes.classify)
    assert classes.status.value.startswith("images: no layer is chosen")
    add(fixed, "map")
    press(classes.classify)
    assert classes.status.value == "map: is a density map, expected a stack of images; open one (.mrcs)."
    add_stack(data=np.zeros((5, 24, 24), dtype=np.float32))
    classes.images.value = viewer.layers["particles"]
    press(classes.classify, until=lambda: not classes.running)
    assert "particles: 5 images are constant, the first is image 1" in classes.status.value
    viewer.add_points(np.zeros((2, 3)), name="points")
    classes.images.value = viewer.layers["points"]
    press(classes.classify)
    assert classes.status.value.startswith("points: is not a grey image layer")
    add_stack("many", data=np.ones((24, 24)), scale=(5.0, 5.0), units=("angstrom",) * 2)
    classes.images.value = viewer.layers["many"]
    press(classes.classify)
    assert classes.status.value.startswith("many: has 2 dimensions")
