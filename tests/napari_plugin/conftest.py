import os
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botalign import DensityMap, Grid, phantom


def missing() -> str | None:
    """Return what these tests need and is missing, or None."""
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
#: A rotation by 153 degrees with a shift, and the same after mirroring.
MOVED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [-8, -1, -4, 9]]) / 9
MIRRORED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [8, 1, 4, 9]]) / 9


class Skipped(pytest.Module):
    """A file of tests that cannot be imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(str(WHY_NOT), allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Skip the tests of this folder, with the reason, if napari is missing."""
    return Skipped.from_parent(parent, path=module_path) if WHY_NOT else None


@pytest.fixture(scope="session")
def screen(request: pytest.FixtureRequest) -> None:
    """A virtual screen, on Linux."""
    if sys.platform == "linux":
        os.environ["DISPLAY"] = request.getfixturevalue("display")
        os.environ["QT_QPA_PLATFORM"] = "xcb"


@pytest.fixture
def viewer(screen: None, make_napari_viewer_proxy: Callable[..., Any]) -> Any:
    """A viewer as plugins get it, which refuses private names and use off the GUI thread."""
    return make_napari_viewer_proxy()


@pytest.fixture(scope="session")
def fixed() -> DensityMap:
    """A phantom."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL)


@pytest.fixture(scope="session")
def moving() -> DensityMap:
    """The same molecule in another pose and box: larger, another origin, voxels that are not cubes."""
    grid = Grid((33, 34, 36), (4.0, 4.2, 4.4), (-67.0, -71.0, -75.0))
    return phantom(grid=grid, transform=MOVED, resolution_angstrom=12.0)


@pytest.fixture(scope="session")
def mirrored() -> DensityMap:
    """Its mirror image, moved."""
    return phantom(SIZE, voxel_size_angstrom=VOXEL, transform=MIRRORED)


@pytest.fixture(scope="session")
def moved() -> np.ndarray:
    """The transform that made `moving`."""
    return MOVED


@pytest.fixture
def add(viewer: Any) -> Callable[..., Any]:
    """Return a function that adds a map as a layer, with scale and translate as the reader sets them."""

    def add_map(density: DensityMap, name: str, **options: Any) -> Any:
        grid = density.grid
        position = {"scale": grid.voxel_size_angstrom[::-1], "translate": grid.origin_angstrom[::-1]}
        options = position | {"units": ("angstrom",) * 3, "rendering": "iso"} | options
        viewer.add_image(options.pop("data", density.data), name=name, **options)
        return viewer.layers[-1]

    return add_map


@pytest.fixture
def widget(viewer: Any, qtbot: Any) -> Iterator[Any]:
    """The dock widget that aligns, with a fast search."""
    _, align = viewer.window.add_plugin_dock_widget("botalign", "Align maps")
    viewer.dims.ndisplay = 3
    align.form.hand.value = "keep"
    align.form.more.evaluations.value = 60
    align.form.more.size.value = 16
    yield align
    if align.running:
        align.cancel.native.click()


@pytest.fixture
def wait_until(qtbot: Any) -> Callable[..., None]:
    """Return a function that waits until a condition is true; the machine may be busy compiling for other tests."""
    return partial(qtbot.waitUntil, timeout=200_000)


@pytest.fixture
def press(wait_until: Callable[..., None]) -> Callable[..., None]:
    """Return a function that clicks on a button and waits."""

    def click(button: Any, until: Callable[[], bool] = lambda: True) -> None:
        assert button.enabled, button.text
        button.native.click()
        wait_until(until)

    return click


@pytest.fixture
def align(widget: Any, press: Callable[..., None]) -> Callable[[], Any]:
    """Return a function that clicks on Align, waits, and returns the shown result."""

    def run() -> Any:
        press(widget.align, until=lambda: not widget.running)
        return widget.results.current.result if widget.results.current else None

    return run


@pytest.fixture(autouse=True)
def traced_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let coverage trace the threads of Qt, which Python does not start."""
    trace = threading.gettrace()
    if trace is None:
        return
    worker = import_module("napari.qt.threading").WorkerBase
    run = worker.run

    def traced(self: Any) -> None:
        sys.settrace(trace)
        run(self)

    monkeypatch.setattr(worker, "run", traced)
