import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botalign import DensityMap, Grid, phantom


def missing() -> str | None:
    """Say what these tests need and is not there, if anything."""
    packages = [name for name in ("napari", "pytestqt", "dask") if find_spec(name) is None]
    if packages:
        return f"not installed: {', '.join(packages)}"
    try:
        import_module("qtpy.QtWidgets")
    except ImportError as error:
        return f"{error} (tests/system_packages.sh installs what Qt needs)"
    return None


WHY_NOT = missing()
SIZE, VOXEL = 32, 4.0
#: A turn by 153 degrees with a shift, and the same after a mirror.
MOVED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [-8, -1, -4, 9]]) / 9
MIRRORED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [8, 1, 4, 9]]) / 9


class Skipped(pytest.Module):
    """A file of tests that can't be imported here."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(str(WHY_NOT), allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Skip the tests of this folder, and say why, where napari is missing."""
    return Skipped.from_parent(parent, path=module_path) if WHY_NOT else None


@pytest.fixture(scope="session")
def screen(request: pytest.FixtureRequest) -> None:
    """A screen that nobody sees, where there is such a thing."""
    if sys.platform == "linux":
        os.environ["DISPLAY"] = request.getfixturevalue("display")
        os.environ["QT_QPA_PLATFORM"] = "xcb"


@pytest.fixture
def viewer(screen: None, make_napari_viewer_proxy: Callable[..., Any]) -> Any:
    """A viewer as plugins get it, which objects to private names and to work off the GUI thread."""
    return make_napari_viewer_proxy()


@pytest.fixture(scope="session")
def fixed() -> DensityMap:
    """A phantom at rest."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL)


@pytest.fixture(scope="session")
def moving() -> DensityMap:
    """The same molecule in another pose and another box: larger, off the origin, voxels that are no cubes."""
    grid = Grid((33, 34, 36), (4.0, 4.2, 4.4), (-67.0, -71.0, -75.0))
    return phantom(grid=grid, transform=MOVED, resolution_angstrom=12.0)


@pytest.fixture(scope="session")
def mirrored() -> DensityMap:
    """Its mirror image, moved."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL, transform=MIRRORED)


@pytest.fixture(scope="session")
def moved() -> np.ndarray:
    """The motion that made `moving`."""
    return MOVED


@pytest.fixture
def add(viewer: Any) -> Callable[..., Any]:
    """Return a function that adds a map as a layer, placed by scale and translate as a reader does."""

    def add_map(density: DensityMap, name: str, **options: Any) -> Any:
        grid = density.grid
        place = {"scale": grid.voxel_size_angstrom[::-1], "translate": grid.origin_angstrom[::-1]}
        options = place | {"units": ("angstrom",) * 3, "rendering": "iso"} | options
        viewer.add_image(options.pop("data", density.data), name=name, **options)
        return viewer.layers[-1]

    return add_map


@pytest.fixture
def widget(viewer: Any, qtbot: Any) -> Iterator[Any]:
    """The dock widget that aligns, with a search that is quick enough for a test."""
    _, align = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    viewer.dims.ndisplay = 3
    align.form.hand.value = "keep"
    align.form.more.evaluations.value = 60
    align.form.more.size.value = 16
    yield align
    if align.running:
        align.cancel.native.click()


@pytest.fixture
def press(qtbot: Any) -> Callable[..., None]:
    """Return a function that clicks on a button, and waits until what it started is over."""

    def click(button: Any, until: Callable[[], bool] = lambda: True) -> None:
        assert button.enabled, button.text
        button.native.click()
        qtbot.waitUntil(until, timeout=60_000)

    return click


@pytest.fixture
def align(widget: Any, press: Callable[..., None]) -> Callable[[], Any]:
    """Return a function that clicks on Align, waits, and returns the result that is shown."""

    def run() -> Any:
        press(widget.align, until=lambda: not widget.running)
        return widget.results.current[0] if widget.results.current else None

    return run
