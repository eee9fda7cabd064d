import atexit
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Leave pytest-qt out where a library of the system is missing that Qt needs: it would end all tests."""
    if pluginmanager.hasplugin("pytest-qt"):
        try:
            import_module("qtpy.QtWidgets")
        except ImportError:
            pluginmanager.unregister(name="pytest-qt")


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
