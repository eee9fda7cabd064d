import atexit
import faulthandler
import gc
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

#: Seconds after which the setup, the call or the teardown of a test is stopped, if it is not marked with others. The
#: slowest takes 20 s on two cores.
HANGS = 300
#: Seconds that a process has to end, once a test could not be stopped, or after its last test.
TO_END = 120

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add an option for nox, and leave pytest-qt out where a system library that Qt needs is missing: it would exit."""
    parser.addoption("--limit", type=float, help="fail tests that take more seconds and are not marked slow")
    if pluginmanager.hasplugin("pytest-qt"):
        try:
            import_module("qtpy.QtWidgets")
        except ImportError:
            pluginmanager.unregister(name="pytest-qt")


def pytest_configure(config: pytest.Config) -> None:
    """Stop what hangs, print failures at once, and limit the time of tests if asked to."""
    config.pluginmanager.register(Watchdog())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailuresAtOnce(config))
    if limit := config.getoption("limit"):
        config.pluginmanager.register(TimeLimit(limit))


def pytest_collection_finish() -> None:
    """Keep what was imported out of every later garbage collection: napari's fixture does two for each viewer."""
    gc.collect()
    gc.freeze()


class Watchdog:
    """Fail a test that hangs; if that is impossible, or a process does not end, end the process. Print all stacks.

    A thread of faulthandler ends the process, which works even if no Python code can run. pytest-xdist then reports the
    test and starts another worker. The timers of pytest and pytest-timeout stop at the first error of a test, so they
    do not see a teardown that hangs.
    """

    def __init__(self) -> None:
        self.stderr = os.dup(2)  # not captured yet
        self.worker_lost = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self.watched(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self.watched(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        return (yield from self.watched(item))

    def watched(self, item: pytest.Item) -> Iterator[None]:
        marker = item.get_closest_marker("hangs")
        seconds = HANGS if marker is None else marker.args[0]

        def stop(*_: object) -> NoReturn:
            faulthandler.dump_traceback(self.stderr)
            pytest.fail(f"hangs: stopped after {seconds} s; stderr has the stacks of all threads")

        faulthandler.dump_traceback_later(seconds + TO_END, exit=True, file=self.stderr)
        before = signal.signal(signal.SIGALRM, stop)
        signal.alarm(seconds)
        try:
            return (yield)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
            faulthandler.cancel_dump_traceback_later()

    def pytest_enter_pdb(self) -> None:
        signal.alarm(0)  # pytest stops faulthandler

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        self.worker_lost |= error is not None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        faulthandler.dump_traceback_later(TO_END, exit=True, file=self.stderr)
        result = yield
        if self.worker_lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(session.config, "workerinput"):  # pytest-xdist ends it when the others have finished
            faulthandler.cancel_dump_traceback_later()
        return result


class FailuresAtOnce:
    """Print each failure when it happens, because a run that is stopped from outside prints no summary."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            terminal = self.config.pluginmanager.get_plugin("terminalreporter")
            terminal.write_line(f"\n{report.nodeid} ({report.when})\n{report.longreprtext}")


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
