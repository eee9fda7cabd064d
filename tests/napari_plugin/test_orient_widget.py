"""The widget that finds the symmetry of a map, and aligns its axes."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_botalign.orient_widget
from botalign import Alignment, DensityMap, InputError, orient, orient_steps, phantom, read, to_napari
from botalign.geometry import SETTINGS as CORE_SETTINGS
from napari_botalign.orient_form import SETTINGS

Press = Callable[..., None]
#: A rotation by 117 degrees with a shift.
TILT = np.array([[0.36, 0.48, -0.8, 6], [-0.8, 0.6, 0, -3], [0.48, 0.64, 0.6, 4]])


@pytest.fixture(scope="module")
def ring() -> DensityMap:
    """A tilted ring of five subunits."""
    return phantom(32, voxel_size_angstrom=4.0, symmetry="C5", transform=TILT)


@pytest.fixture
def widget(viewer: Any, qtbot: Any) -> Iterator[Any]:
    _, orient = viewer.window.add_plugin_dock_widget("botalign", "Orient a map")
    viewer.dims.ndisplay = 3
    yield orient
    if orient.running:
        orient.cancel.native.click()


@pytest.fixture
def run(widget: Any, press: Press) -> Callable[[], None]:
    """Return a function that clicks on Orient and waits."""
    return lambda: press(widget.orient, until=lambda: not widget.running)


@pytest.fixture
def save_as(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that sets the name which the next dialog returns."""

    def choose(name: str) -> Path:
        chosen = str(tmp_path / name) if name else ""
        monkeypatch.setattr(napari_botalign.orient_widget, "file_to_save", lambda *_: chosen)
        return tmp_path / name

    return choose


def affine(layer: Any) -> np.ndarray:
    return np.array(layer.affine.affine_matrix)


def test_the_axis_goes_along_z_and_other_layers_move_along(
    viewer: Any, add: Callable[..., Any], widget: Any, run: Callable[[], None], press: Press, ring: DensityMap
) -> None:
    layer, half = add(ring, "ring"), add(ring, "half map")
    viewer.add_points([(TILT @ [0, 0, z, 1])[::-1] for z in (0, 10)], name="axis", units=("angstrom",) * 3)
    axis = viewer.layers["axis"]
    widget.form.map.value = layer
    assert list(widget.form.along.choices) == [half, axis]
    widget.form.along.value = [half, axis]
    run()
    assert widget.status.value == "ring: C5, moved onto its conventional axes."
    ends = np.array([axis.data_to_world(point) for point in axis.data])
    np.testing.assert_allclose(np.abs(ends[1] - ends[0]), (10, 0, 0), atol=0.1)
    middle = ring.grid.pose_centre_angstrom[::-1]
    np.testing.assert_allclose(ends[0][1:], middle[1:], atol=0.4)  # a tenth of a voxel
    np.testing.assert_allclose(affine(layer), to_napari(orient(ring).transform), atol=1e-6)
    np.testing.assert_allclose(affine(half), affine(layer), atol=1e-9)
    assert "<b>C5</b>" in widget.summary.value
    assert "agreement" in widget.summary.value
    np.testing.assert_allclose(layer.metadata["botalign"]["moving_to_fixed"], orient(ring).transform, atol=1e-6)
    press(widget.revert)
    for each in (layer, half, axis):
        np.testing.assert_array_equal(affine(each), np.eye(4))
    assert "moving_to_fixed" not in layer.metadata["botalign"]
    assert not widget.revert.enabled


def test_a_displayed_pose_keeps_its_centre(
    add: Callable[..., Any], widget: Any, run: Callable[[], None], ring: DensityMap
) -> None:
    pose = to_napari(np.array([[0, 1, 0, 30], [-1, 0, 0, 0], [0, 0, 1, -20.0]]))
    layer = add(ring, "ring", affine=pose)
    middle = np.append(ring.grid.pose_centre_angstrom[::-1], 1)
    run()
    oriented = orient(ring).transform
    np.testing.assert_allclose(affine(layer)[:3, :3], to_napari(oriented)[:3, :3], atol=1e-6)
    there = affine(layer) @ np.linalg.inv(to_napari(oriented)) @ middle
    np.testing.assert_allclose(there, pose @ middle, atol=1e-6)


def test_what_is_saved(
    viewer: Any, add: Callable[..., Any], widget: Any, run: Callable[[], None], press: Press, ring: DensityMap,
    save_as: Callable[[str], Path], wait_until: Callable[..., None],
) -> None:  # fmt: skip
    add(ring, "ring")
    buttons = (widget.save_result, widget.save_operations, widget.save_map, widget.resample, widget.symmetrise)
    assert not any(button.enabled for button in buttons)
    run()
    found = orient(ring)
    result, operations, average = save_as("r.json"), save_as("o.json"), save_as("s.mrc")
    for button, path in (
        (widget.save_result, result),
        (widget.save_operations, operations),
        (widget.save_map, average),
    ):
        save_as(path.name)
        press(button, until=lambda path=path: widget.status.value == f"Written: {path}.")
    np.testing.assert_allclose(Alignment.read(result).moving_to_fixed, found.transform, atol=1e-6)
    content = json.loads(operations.read_text())
    assert content["group"] == "C5"
    np.testing.assert_allclose(content["operations"], found.operations, atol=1e-9)
    records = save_as("o.txt")
    press(widget.save_operations, until=lambda: widget.status.value == f"Written: {records}.")
    assert records.read_text() == found.biomt()
    symmetrised = found.symmetrised(ring)
    np.testing.assert_allclose(read(average).data, symmetrised.data, atol=1e-3 * symmetrised.data.max())
    save_as("")
    press(widget.save_result)
    assert widget.status.value == ""
    save_as("wrong.pdb")
    press(widget.save_operations, until=lambda: "unknown extension" in widget.status.value)
    assert sorted(path.name for path in average.parent.iterdir()) == ["o.json", "o.txt", "r.json", "s.mrc"]
    assert all(button.enabled for button in buttons)


@pytest.mark.parametrize(("button", "name"), [("resample", "ring, oriented"), ("symmetrise", "ring, C5")])
def test_new_layers(
    button: str, name: str, viewer: Any, add: Callable[..., Any], widget: Any, run: Callable[[], None], press: Press,
    ring: DensityMap,
) -> None:  # fmt: skip
    layer = add(ring, "ring")
    run()
    press(getattr(widget, button), until=lambda: len(viewer.layers) == 2)
    new, found = viewer.layers[-1], orient(ring)
    assert (new.name, new.visible, layer.visible) == (name, True, False)
    expected = found.apply(ring) if button == "resample" else found.symmetrised(ring)
    np.testing.assert_allclose(new.data, expected.data, atol=1e-3 * expected.data.max())
    np.testing.assert_allclose(new.data_to_world((0, 0, 0)), ring.grid.origin_angstrom[::-1], atol=1e-3)
    assert widget.status.value == f"New layer: {name}."
    press(widget.revert)
    assert layer.visible


@pytest.mark.parametrize(
    ("symmetry", "message"),
    [
        ("", "single: C1, no symmetry was found; nothing was moved."),
        ("C3", "single: C3 does not fit, with an agreement of "),
        ("Q4", "symmetry: "),
        ("C3 ", "single: C3 does not fit, with an agreement of "),
    ],
)
def test_without_symmetry_nothing_is_moved(
    symmetry: str, message: str, add: Callable[..., Any], widget: Any, run: Callable[[], None], fixed: DensityMap
) -> None:
    layer = add(fixed, "single")
    widget.form.symmetry.value = symmetry
    run()
    assert widget.status.value.startswith(message)
    np.testing.assert_array_equal(affine(layer), np.eye(4))
    assert widget.orient.enabled
    assert not any(
        each.enabled for each in (widget.revert, widget.symmetrise, widget.save_result, widget.flat.resample)
    )


def test_a_setting_of_another_group(
    add: Callable[..., Any], widget: Any, run: Callable[[], None], ring: DensityMap
) -> None:
    add(ring, "ring")
    widget.form.symmetry.value, widget.form.setting.value = "C5", "I3"
    with pytest.raises(InputError) as error:
        orient(ring, symmetry="C5", setting="I3")
    run()
    assert widget.status.value == str(error.value)


def test_the_settings_are_those_of_the_core() -> None:
    assert sorted(SETTINGS) == sorted(name for names in CORE_SETTINGS.values() if len(names) > 1 for name in names)


def test_layers_that_have_no_symmetry(
    viewer: Any, widget: Any, run: Callable[[], None], add: Callable[..., Any], ring: DensityMap
) -> None:
    run()
    assert widget.status.value.startswith("map: no layer is chosen")
    viewer.add_labels(np.zeros((4, 4, 4), int), name="cells")
    run()
    assert widget.status.value.startswith("map: cells has labels")
    add(ring.with_data(np.zeros_like(ring.data)), "empty")
    widget.form.map.value = viewer.layers["empty"]
    run()
    assert widget.status.value.startswith("empty: ")


class Held:
    """Steps that stop after the first one until they are allowed to continue."""

    def __init__(self) -> None:
        self.started, self.free, self.closed = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        steps = orient_steps(*arguments, **options)
        try:
            yield next(steps)
            self.started.set()
            assert self.free.wait(200)
            return (yield from steps)
        finally:
            self.closed.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    steps = Held()
    monkeypatch.setattr(napari_botalign.orient_widget, "orient_steps", steps)
    return steps


@pytest.mark.parametrize("what", ["cancel", "close"])
def test_stopped(
    what: str, viewer: Any, add: Callable[..., Any], widget: Any, press: Press, ring: DensityMap, held: Held,
    wait_until: Callable[..., None],
) -> None:  # fmt: skip
    layer = add(ring, "ring")
    press(widget.orient, until=held.started.is_set)
    assert widget.running
    assert not widget.orient.enabled
    if what == "cancel":
        press(widget.cancel)
        assert widget.status.value == "Cancelled."
        assert widget.orient.enabled
    else:
        viewer.window.remove_dock_widget(widget.native)
        wait_until(lambda: not widget.running)
    held.free.set()
    wait_until(held.closed.is_set)
    np.testing.assert_array_equal(affine(layer), np.eye(4))


@pytest.mark.parametrize("change", ["deleted", "scaled"])
def test_a_layer_that_was_changed_meanwhile(
    change: str, viewer: Any, add: Callable[..., Any], widget: Any, press: Press, ring: DensityMap, held: Held,
    wait_until: Callable[..., None],
) -> None:  # fmt: skip
    layer = add(ring, "ring")
    press(widget.orient, until=held.started.is_set)
    if change == "deleted":
        viewer.layers.remove(layer)
    else:
        layer.scale = (5, 5, 5)
    held.free.set()
    wait_until(lambda: not widget.running)
    assert "so it was not moved" in widget.status.value
    assert not widget.save_result.enabled


def test_a_bug_is_shown_by_napari(
    add: Callable[..., Any], widget: Any, press: Press, ring: DensityMap, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(napari_botalign.orient_widget, "orient_steps", broken)
    add(ring, "ring")
    with qtbot.captureExceptions() as caught:
        press(widget.orient, until=lambda: not widget.running)
        qtbot.waitUntil(lambda: len(caught) == 1, timeout=200_000)
    assert str(caught.pop()[1]) == "a bug"
    assert widget.status.value == "a bug"
    assert widget.orient.enabled
