import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from botalign import DensityMap, Grid, phantom

pytest.importorskip("napari", reason="napari is not installed")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed")

SIZE, VOXEL = 32, 4.0
#: A turn by 153 degrees with a shift, and the same after a mirror.
MOVED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [-8, -1, -4, 9]]) / 9
MIRRORED = np.array([[1, 8, -4, 27], [4, -4, -7, -18], [8, 1, 4, 9]]) / 9


@pytest.fixture(scope="session")
def screen() -> None:
    """A screen that nobody sees, where there is such a thing; else the one there is, or none and no test."""
    if sys.platform != "linux":
        return
    if shutil.which("Xvfb") is None:
        if "DISPLAY" not in os.environ:
            pytest.skip("no screen, and no Xvfb to make one (tests/system_packages.sh says what to install)")
        return
    read, write = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(arguments, pass_fds=[write], stderr=subprocess.DEVNULL)
    atexit.register(server.kill)  # not before: Qt ends the process if its screen goes
    os.close(write)
    with os.fdopen(read) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"
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
