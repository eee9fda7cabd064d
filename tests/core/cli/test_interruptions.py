"""What goes wrong from outside: Ctrl-C, full disks, closed pipes, no memory."""

import errno
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest

import botalign

from .conftest import QUICK, Pair, Run, listing

BOTALIGN = (sys.executable, "-c", "import sys; from botalign.cli import main; sys.exit(main())")


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Make writing fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def failing(error: BaseException) -> object:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


def read_until(descriptor: int, text: str, seconds: float = 60) -> str:
    """Read from a terminal until a text appears."""
    seen, end = "", time.monotonic() + seconds
    while text not in seen:
        assert time.monotonic() < end, seen
        seen += os.read(descriptor, 4096).decode()
    return seen


def test_ctrl_c_in_a_terminal(pair: Pair, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    command = ("align", pair.fixed, pair.moving, "-o", "a.mrc", "--result", "r.json", "--evaluations", "5000")
    with subprocess.Popen(
        [*BOTALIGN, *map(str, command)], cwd=tmp_path, stderr=slave, stdout=subprocess.PIPE
    ) as process:
        os.close(slave)
        shown = read_until(master, "best loss")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stdout is not None
        assert process.stdout.read() == b""
    with suppress(OSError):  # what Linux says at the end of a terminal
        while rest := os.read(master, 4096).decode():
            shown += rest
    os.close(master)
    assert "moving.mrc: search" in shown
    assert "Traceback" not in shown
    assert listing(tmp_path) == {}


def test_ctrl_c_while_writing(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.maps.writing._compressed", failing(KeyboardInterrupt()))
    ran = run("align", pair.fixed, pair.moving, "-o", tmp_path / "a.mrc", "--result", tmp_path / "r.json", *QUICK)
    assert (ran.code, ran.out, ran.err) == (130, "", "")
    assert listing(tmp_path) == {}


def test_ctrl_c_leaves_no_new_folder(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.maps.writing._compressed", failing(KeyboardInterrupt()))
    assert run("align", pair.fixed, pair.moving, pair.fixed, "-o", tmp_path / "new", *QUICK).code == 130
    assert listing(tmp_path) == {}


def test_a_full_disk(run: Run, pair: Pair, tmp_path: Path) -> None:
    outputs = ("-o", tmp_path / "a.mrc", "--result", tmp_path / "r.json", "--figure", tmp_path / "f.png")
    run("align", pair.fixed, pair.moving, *QUICK)  # compiled now, so that no cache is written below
    with files_no_larger_than(100_000):
        error = run("align", pair.fixed, pair.moving, *outputs, *QUICK).refused()
    assert "no space left" in error
    assert any(f"{tmp_path / name}: " in error for name in ("a.mrc", "f.png"))
    assert listing(tmp_path) == {}


def test_a_full_disk_keeps_the_old_file(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mrc").write_text("old")
    with files_no_larger_than(100_000):
        error = run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc", "--overwrite").refused()
    assert f"{tmp_path / 'a.mrc'}: no space left" in error
    assert listing(tmp_path) == {"a.mrc": b"old"}


def test_a_figure_that_cannot_be_written(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", failing(full))
    outputs = ("-o", tmp_path / "a.mrc", "--result", tmp_path / "r.json", "--figure", tmp_path / "f.png")
    assert f"{tmp_path / 'f.png'}: no space left" in run("align", pair.fixed, pair.moving, *outputs, *QUICK).refused()
    assert listing(tmp_path) == {}


def test_no_memory(run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botalign, "align_steps", failing(MemoryError()))
    assert "not enough memory" in run("align", pair.fixed, pair.moving).refused()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_stdout_on_a_full_disk(pair: Pair) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*BOTALIGN, "info", str(pair.fixed)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ran.returncode == 2
    assert ran.stderr == f"botalign: error: {os.strerror(errno.ENOSPC)}\n"


def test_a_reader_that_has_gone(pair: Pair) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ran = subprocess.run(
        [*BOTALIGN, "info", str(pair.fixed)], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write_end)
    assert ran.stderr == ""
    assert ran.returncode == 1
