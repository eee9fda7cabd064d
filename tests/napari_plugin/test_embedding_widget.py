from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QFileDialog

import botalign
from napari_botalign.scatter import ScatterPlot

WaitUntil = Callable[..., None]

#: Coordinates at the corners of a square.
COORDINATES = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four maps of two sizes, and their embedding."""
    lines = ["map,coordinate_1,coordinate_2,angle,state"]
    for number, (x, y) in enumerate(COORDINATES):
        density = botalign.phantom(12 + 2 * (number == 3), voxel_size_angstrom=8, noise=0.05, noise_seed=number)
        density.write(tmp_path / f"vol_{number}.mrc")
        lines.append(f"vol_{number}.mrc,{x},{y},{30 * number},{'up' if number % 2 else 'down'}")
    (tmp_path / "coordinates.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def many(viewer: Any) -> Any:
    """The dock widget."""
    _, widget = viewer.window.add_plugin_dock_widget("botalign", "Many maps")
    return widget


@pytest.fixture
def click(qtbot: Any) -> Callable[..., None]:
    """Return a function that clicks into a plot."""

    def click(plot: ScatterPlot, place: tuple[float, float], off: int = 0) -> None:
        plot.canvas.draw()
        x, y = plot.axes.transData.transform(place) / plot.canvas.device_pixel_ratio
        qtbot.mouseClick(
            plot.canvas, Qt.MouseButton.LeftButton, pos=QPoint(round(x) + off, plot.canvas.height() - round(y))
        )

    return click


@pytest.mark.slow
def test_a_click_on_a_point_shows_its_map_in_one_layer(
    viewer: Any,
    many: Any,
    folder: Path,
    click: Callable[..., None],
    wait_until: WaitUntil,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(folder / "coordinates.csv"), ""))
    many.open.native.click()
    assert many.status.value.startswith("4 maps")
    assert (many.x.value, many.y.value, many.colour.value) == ("coordinate_1", "coordinate_2", "angle")
    assert len(viewer.layers) == 0

    def shown(number: int) -> None:
        wait_until(lambda: many.status.value == f"{number + 1} of 4: vol_{number}.mrc")
        (layer,) = viewer.layers
        expected = botalign.read(folder / f"vol_{number}.mrc")
        np.testing.assert_array_equal(layer.data, expected.data)
        assert layer.name == f"vol_{number}"
        np.testing.assert_allclose(layer.scale, expected.grid.voxel_size_angstrom[::-1])
        np.testing.assert_allclose(layer.translate, expected.grid.origin_angstrom[::-1])
        np.testing.assert_array_equal(np.column_stack(many.plot.axes.lines[0].get_data()), [COORDINATES[number]])

    click(many.plot, COORDINATES[2], off=3)
    shown(2)
    viewer.layers[0].colormap = "magenta"
    click(many.plot, COORDINATES[3])  # in a box of another size
    shown(3)
    assert viewer.layers[0].colormap.name == "magenta"
    many.on.native.click()
    shown(0)
    many.back.native.click()
    shown(3)
    # The user may delete the layer.
    viewer.layers.clear()
    click(many.plot, COORDINATES[1])
    shown(1)
    # The mark remains when other columns are drawn.
    many.x.value, many.y.value = many.y.value, many.x.value
    np.testing.assert_array_equal(np.column_stack(many.plot.axes.lines[0].get_data()), [COORDINATES[1][::-1]])
    # No point is close.
    click(many.plot, (0.5, 0.5))
    assert many.number == 1


def test_an_empty_plot_has_a_hint(viewer: Any, many: Any, folder: Path, click: Callable[..., None]) -> None:
    axes = many.plot.axes
    (hint,) = axes.texts
    assert hint.get_text().startswith("Press Open… and choose the coordinates.csv")
    assert axes.axison is False
    click(many.plot, (0.5, 0.5))
    assert many.number is None
    colour = hint.get_color()
    viewer.theme = "light"
    assert hint.get_color() != colour
    many.load(folder / "coordinates.csv")
    assert ([text.get_text() for text in axes.texts], axes.axison) == ([""], True)


def test_of_fast_clicks_the_last_one_is_used(
    viewer: Any, many: Any, folder: Path, click: Callable[..., None], wait_until: WaitUntil
) -> None:
    many.load(folder / "coordinates.csv")
    for place in (COORDINATES[0], COORDINATES[1], COORDINATES[2]):
        click(many.plot, place)
    wait_until(lambda: many.status.value == "3 of 4: vol_2.mrc")
    assert [layer.name for layer in viewer.layers] == ["vol_2"]


def test_a_click_in_a_previous_embedding_is_ignored(
    viewer: Any, many: Any, folder: Path, click: Callable[..., None], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Callable[[str], None]] = []
    monkeypatch.setattr(
        "napari_botalign.embedding_widget.in_background", lambda widget, work, done, failed: begun.append(failed)
    )
    many.load(folder / "coordinates.csv")
    for place in COORDINATES[:2]:
        click(many.plot, place)
    many.load(folder / "coordinates.csv")
    assert len(begun) == 1
    begun[0]("the first could not be read")
    assert len(begun) == 1


def test_a_point_without_coordinates_is_never_chosen(
    many: Any, folder: Path, click: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    many.load(folder / "coordinates.csv")
    many.plot.show([np.nan, 0.0], [np.nan, 0.0], ("a", "b"))
    chosen: list[int] = []
    monkeypatch.setattr(many.plot, "_chosen", chosen.append)
    many.plot.canvas._set_device_pixel_ratio(2)  # 12 pixels of the screen are then 24 of the picture
    click(many.plot, (0.0, 0.0), off=8)
    assert chosen == [1]


def test_axes_and_colours(many: Any, folder: Path) -> None:
    many.load(folder / "coordinates.csv")
    points = many.plot.axes.collections[0]
    assert len({tuple(colour) for colour in points.get_facecolor()}) == 4
    many.colour.value = "state"
    colours = [tuple(colour) for colour in many.plot.axes.collections[0].get_facecolor()]
    assert colours[0] == colours[2] != colours[1] == colours[3]
    many.colour.value = "(none)"
    assert len({tuple(colour) for colour in many.plot.axes.collections[0].get_facecolor()}) == 1
    assert "state" not in many.x.choices
    many.x.value = "angle"
    assert many.plot.axes.get_xlabel() == "angle"
    np.testing.assert_array_equal(many.plot.axes.collections[0].get_offsets()[:, 0], [0, 30, 60, 90])


def test_the_name_of_the_point_under_the_mouse_is_shown(many: Any, folder: Path) -> None:
    many.load(folder / "coordinates.csv")
    plot = many.plot
    (name,) = plot.axes.texts

    def move(place: tuple[float, float]) -> None:
        plot.canvas.draw()
        x, y = plot.axes.transData.transform(place) / plot.canvas.device_pixel_ratio
        at, none = QPointF(round(x), plot.canvas.height() - round(y)), Qt.MouseButton.NoButton
        moved = QMouseEvent(
            QEvent.Type.MouseMove, at, plot.canvas.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(plot.canvas, moved)

    for number, place in enumerate(COORDINATES):
        move(place)
        assert (name.get_visible(), name.get_text()) == (True, f"vol_{number}.mrc")
        plot.canvas.draw()
        assert plot.figure.bbox.containsx(name.get_window_extent().x0)  # not cut off at the edges
        assert plot.figure.bbox.containsx(name.get_window_extent().x1)
    move((0.5, 0.5))
    assert not name.get_visible()
    assert many.number is None


def test_a_bar_or_a_legend_explains_the_colours(viewer: Any, many: Any, folder: Path) -> None:
    many.load(folder / "coordinates.csv")
    bar = many.plot.bar
    assert bar.ax.get_ylabel() == "angle"
    assert (bar.vmin, bar.vmax) == (0, 90)
    colour = bar.ax.yaxis.label.get_color()
    viewer.theme = "light"
    assert bar.ax.yaxis.label.get_color() != colour
    assert many.plot.axes.get_position().x1 < bar.ax.get_position().x0
    many.colour.value = "state"
    assert many.plot.bar is None
    assert len(many.plot.figure.axes) == 1
    legend = many.plot.axes.get_legend()
    assert legend.get_title().get_text() == "state"
    assert [text.get_text() for text in legend.get_texts()] == ["down", "up"]
    points = many.plot.axes.collections[0].get_facecolor()
    for handle, point in zip(legend.legend_handles, points[:2], strict=True):
        np.testing.assert_allclose(to_rgba(handle.get_color()), point)
    many.colour.value = "(none)"
    assert many.plot.axes.get_legend() is None
    assert many.plot.bar is None


def test_the_sample_is_plotted_at_once(viewer: Any, many: Any, press: Callable[..., None]) -> None:
    viewer.open_sample("botalign", "conformations")
    assert many.status.value.startswith("20 maps")
    (layer,) = viewer.layers
    before = layer.data
    many.on.native.click()
    press(many.on, until=lambda: many.status.value == "2 of 20: hinge_-34.mrc")
    assert list(viewer.layers) == [layer]
    assert not np.array_equal(layer.data, before)
    # Also if the dock is opened after the sample.
    viewer.window.remove_dock_widget("all")
    _, again = viewer.window.add_plugin_dock_widget("botalign", "Many maps")
    assert again.status.value.startswith("20 maps")


def test_moved_maps_and_files_that_are_not_an_embedding(
    viewer: Any, many: Any, folder: Path, tmp_path: Path, click: Callable[..., None], wait_until: WaitUntil
) -> None:
    many.on.native.click()  # nothing is open yet
    (folder / "bad.csv").write_text("map\na\n")
    many.load(folder / "bad.csv")
    assert "expected at least two numeric columns" in many.status.value
    moved = folder / "moved"
    moved.mkdir()
    for path in folder.glob("vol_*.mrc"):
        path.rename(moved / path.name)
    many.load(folder / "coordinates.csv")
    click(many.plot, COORDINATES[1])
    wait_until(lambda: "no such file" in many.status.value)
    assert len(viewer.layers) == 0
    many.folder.value = moved
    click(many.plot, COORDINATES[1])
    wait_until(lambda: many.status.value == "2 of 4: vol_1.mrc")
