import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog
from superqt.utils import WorkerBase

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
    widget.option_fields["rotations"].value, widget.classes.value, widget.option_fields["threads"].value = 16, 3, "1"
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


def test_the_classes_are_listed_and_selected(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], stack: botalign.ImageStack, press: Press, qtbot: Any
) -> None:
    layer = add_stack()
    press(classes.classify, until=lambda: not classes.running)
    expected = botalign.classify(stack, 3, rotations=16)
    listed, averages = classes.class_list.native, viewer.layers[-1]
    assert [listed.item(row).text() for row in range(3)] == [
        f"class {n}\nn = {m}" for n, m in enumerate(expected.sizes, 1)
    ]
    assert averages.metadata["botalign"]["sizes"] == expected.sizes.tolist()
    np.testing.assert_array_equal(layer.metadata["botalign"]["classes"], expected.labels + 1)
    assert not classes.show_images.enabled
    assert classes.selection.value == "0 of 3 classes selected: 0 of 16 images (0%)."

    def click(row: int, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        place = listed.visualItemRect(listed.item(row)).center()
        qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, modifier, place)

    click(2)
    assert viewer.dims.current_step[0] == 2  # shows the average
    click(0, Qt.KeyboardModifier.ControlModifier)
    chosen = np.isin(expected.labels, [0, 2])
    assert classes.class_list.selected == [0, 2]
    assert classes.selection.value.startswith(f"2 of 3 classes selected: {chosen.sum()} of 16 images")
    press(classes.show_images)
    assert viewer.layers[-1].name == "particles, classes 1, 3"
    np.testing.assert_array_equal(viewer.layers[-1].data, stack.images[chosen])
    np.testing.assert_allclose(viewer.layers[-1].scale, (1, 5, 5))
    # What is displayed of the active layer is described, also after the dock was opened again.
    assert classes.of_image.value.startswith("particles, classes 1, 3: image ")
    viewer.window.remove_dock_widget("all")
    _, again = viewer.window.add_plugin_dock_widget("botalign", "Class averages")
    viewer.layers.selection.active = layer
    viewer.dims.set_current_step(0, 9)
    assert again.of_image.value == f"particles: image 10 is in class {expected.labels[9] + 1}."
    viewer.layers.selection.active = averages
    viewer.dims.set_current_step(0, 1)
    about = f"class averages of particles: class 2 has {expected.sizes[1]} images; resolution"
    assert again.of_image.value == f"{about} {expected.resolutions_angstrom[1]:.3g} Å."


@pytest.mark.slow
def test_cancel(viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press) -> None:
    add_stack()
    classes.option_fields["rotations"].value, classes.option_fields["shift_pixels"].value = 360, 8
    press(classes.classify, until=lambda: classes.status.value != "Preparing…")
    press(classes.cancel)
    assert not classes.running
    assert classes.status.value == "Cancelled."
    assert classes.classify.enabled
    # The threads end after the units of work that are running; see tests/core/classes/test_cancelling.py.
    qtbot.waitUntil(lambda: not any(each.name.startswith("botalign") for each in threading.enumerate()), timeout=60_000)
    assert len(viewer.layers) == 1


@pytest.mark.slow
def test_closing_the_dock_stops_the_work(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press
) -> None:
    add_stack()
    classes.option_fields["rotations"].value, classes.option_fields["shift_pixels"].value = 360, 8
    press(classes.classify, until=lambda: classes.status.value != "Preparing…")
    viewer.window.remove_dock_widget("all")
    qtbot.waitUntil(lambda: not classes.running, timeout=200_000)


def test_quitting_napari_stops_the_work(
    viewer: Any, classes: Any, add_stack: Callable[..., Any], qtbot: Any, press: Press
) -> None:
    add_stack()
    fields = classes.option_fields
    fields["rotations"].value, fields["shift_pixels"].value, fields["mirror"].value = 3600, 20, True
    press(classes.classify, until=lambda: classes.status.value == "particles: seed")
    WorkerBase.await_workers()  # as napari does; it leaves the generator suspended
    assert not [each for each in threading.enumerate() if each.name.startswith("botalign")]


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
    assert classes.status.value == "map: got a density map, expected a stack of images; open one (.mrcs)."
    add_stack(data=np.zeros((5, 24, 24), dtype=np.float32))
    classes.images.value = viewer.layers["particles"]
    press(classes.classify, until=lambda: not classes.running)
    assert "particles: 5 images are constant, the first is image 1" in classes.status.value
    viewer.add_points(np.zeros((2, 3)), name="points")
    classes.images.value = viewer.layers["points"]
    press(classes.classify)
    assert classes.status.value.startswith("points: not a grey image layer")
    add_stack("many", data=np.ones((24, 24)), scale=(5.0, 5.0), units=("angstrom",) * 2)
    classes.images.value = viewer.layers["many"]
    press(classes.classify)
    assert classes.status.value.startswith("many: got 2 dimensions")


def test_the_sample_can_be_classified(viewer: Any, classes: Any, press: Press) -> None:
    viewer.open_sample("botalign", "particles")
    assert classes.images.value == viewer.layers["particles"]
    press(classes.classify, until=lambda: not classes.running)
    assert "3 classes with" in classes.status.value


@pytest.mark.parametrize("optics", ["", " 15000 300 2.7 0.1"])
def test_the_particles_of_chosen_classes_are_saved_as_a_list(
    viewer: Any,
    classes: Any,
    stack: botalign.ImageStack,
    press: Press,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    optics: str,
) -> None:
    stack.write(tmp_path / "images.mrcs")
    labels = ["ImageName", "ImagePixelSize", "OriginX", "OriginY"]
    labels += ["DefocusU", "Voltage", "SphericalAberration", "AmplitudeContrast"] if optics else []
    head = "# mine\ndata_\nloop_\n" + "".join(f"_rln{label}\n" for label in labels)
    source = tmp_path / "particles.star"
    source.write_text(head + "".join(f"{n}@images.mrcs 5 {n % 3} 0{optics}\n" for n in range(1, 17)))
    (layer,) = viewer.open(source, plugin="botalign")
    np.testing.assert_array_equal(layer.data, stack.images)
    assert not classes.save_list.enabled
    press(classes.classify, until=lambda: not classes.running)
    # The images are shifted and phase-flipped as by the command.
    listed = botalign.read_images(source).centred()
    listed = listed.phase_flipped() if optics else listed
    expected = botalign.classify(listed.stack, 3, rotations=16)
    np.testing.assert_array_equal(viewer.layers[-1].data, expected.averages.images)
    classes.class_list.choose([0, 2])
    target = tmp_path / "out.star"
    for chosen in (tmp_path / "out", target):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, chosen=chosen: (str(chosen), ""))
        press(classes.save_list)
        chosen = np.isin(expected.labels, [0, 2])
        assert classes.status.value == f"Written: {target}, {chosen.sum()} of 16 particles."
        found = botalign.read_particles(target)
        assert found.column("rlnImageName") == [f"{n}@images.mrcs" for n in np.flatnonzero(chosen) + 1]
        np.testing.assert_array_equal(found.class_numbers, expected.labels[chosen] + 1)
        assert target.read_text().startswith("# mine\n")
        target.unlink()
    viewer.layers["particles"].data = stack.images[:5]
    classes.images.value = viewer.layers["particles"]
    press(classes.classify)
    assert "particles: the images are not those of its list" in classes.status.value


def test_images_of_two_pixel_sizes_are_rescaled(
    viewer: Any, classes: Any, stack: botalign.ImageStack, press: Press, tmp_path: Path
) -> None:
    rows = []
    for name, images, pixel in (("a", stack.images[:8], 5.0), ("b", stack.images[8:, 2:-2, 2:-2], 6.0)):
        botalign.ImageStack(images, (pixel, pixel)).write(tmp_path / f"{name}.mrcs")
        rows += [f"{number}@{name}.mrcs {pixel}\n" for number in range(1, 9)]
    source = tmp_path / "particles.star"
    source.write_text("data_\nloop_\n_rlnImageName\n_rlnImagePixelSize\n" + "".join(rows))
    (layer,) = viewer.open(source, plugin="botalign")
    for pixel, text in ((6.0, ""), (10.0, "10")):
        expected = botalign.load_images(source, pixel_size_angstrom=pixel).stack
        if not text:
            np.testing.assert_array_equal(layer.data, expected.images)
            np.testing.assert_allclose(layer.scale, (1, 6, 6))
        classes.option_fields["pixel_size_angstrom"].value = text
        press(classes.classify, until=lambda: not classes.running)
        found = botalign.classify(expected, 3, rotations=16)
        np.testing.assert_array_equal(viewer.layers[-1].data, found.averages.images)
    classes.option_fields["pixel_size_angstrom"].value = "3"
    press(classes.classify)
    assert "'pixel size': got 3 A, expected 6 A, the largest pixel" in classes.status.value


def test_options_of_lists_need_a_list(classes: Any, add_stack: Callable[..., Any], press: Press) -> None:
    add_stack()
    classes.option_fields["dust"].value = "5"
    press(classes.classify)
    assert "particles: the layer was not opened from a list (.star, .cs)" in classes.status.value
