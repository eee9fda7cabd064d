import atexit
import gc
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add an option for nox, and leave pytest-qt out where a system library that Qt needs is missing: it would exit."""
    parser.addoption("--limit", type=float, help="fail tests that take more seconds and are not marked slow")
    if pluginmanager.hasplugin("pytest-qt"):
        try:
            import_module("qtpy.QtWidgets")
        except ImportError:
            pluginmanager.unregister(name="pytest-qt")


def pytest_configure(config: pytest.Config) -> None:
    """Limit the time of tests, if asked to."""
    if limit := config.getoption("limit"):
        config.pluginmanager.register(TimeLimit(limit))


def pytest_collection_finish() -> None:
    """Keep what was imported out of every later garbage collection: napari's fixture does two for each viewer."""
    gc.collect()
    gc.freeze()


class TimeLimit:
    """Fail tests that take too long and are not marked slow. Compilation and waiting do not count."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Compile what the commands need, which tests start as processes."""
        if not hasattr(session.config, "workerinput"):
            import botalign

            density = botalign.phantom(16, voxel_size_angstrom=8.0)
            botalign.align(density, density, size=16, evaluations=8)
            images = botalign.projections(density, np.stack([np.eye(3)] * 8), snr=1.0, seed=0)
            botalign.classify(images.stack, 2)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self.limited(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self.limited(item))

    def limited(self, item: pytest.Item) -> Iterator[None]:
        from numba.core.event import install_timer

        compiling: list[float] = []
        start = time.perf_counter(), sum(os.times()[:4])  # the processor time of children counts
        with install_timer("numba:compile", compiling.append):
            result = yield
        took = min(time.perf_counter() - start[0], sum(os.times()[:4]) - start[1]) - sum(compiling)
        if took > self.limit and not item.get_closest_marker("slow"):
            pytest.fail(
                f"took {took:.1f} s, more than {self.limit:g} s: make it faster, or mark it slow", pytrace=False
            )
        return result


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C interrupt, as in a program begun at a terminal: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real maps, which are not part of the repository."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BOTALIGN_DATA", default))
    if not (folder / "maps").is_dir():
        pytest.skip(f"no real maps in {folder} (BOTALIGN_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def display() -> str:
    """An X display: a virtual screen of our own if Xvfb is there, so that nobody's screen is in the way."""
    if shutil.which("Xvfb") is None:
        if not os.environ.get("DISPLAY"):
            pytest.skip("no screen: there is neither Xvfb (tests/system_packages.sh installs it) nor a DISPLAY")
        return os.environ["DISPLAY"]
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(screen.kill)  # not before: Qt ends the process if its screen goes
    os.close(writing)
    with os.fdopen(reading) as number:
        return f":{number.readline().strip()}"
