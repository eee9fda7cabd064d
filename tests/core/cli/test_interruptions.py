"""What goes wrong from outside: Ctrl-C, full disks, closed pipes, no memory."""

import errno
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer

import botalign
from botalign.cli.interruption import interruption_text

from .conftest import QUICK, Pair, Ran, Run, listing

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


def read_until(descriptor: int, text: str, seconds: float = 200) -> str:
    """Read from a terminal until a text appears."""
    seen, end = "", time.monotonic() + seconds
    while text not in seen:
        assert select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0], f"no {text!r} in {seen!r}"
        seen += os.read(descriptor, 4096).decode()
    return seen


@contextmanager
def in_terminal(*command: object, **options: Any) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command whose stderr is a terminal, return process and terminal, and end the process if the test fails.

    A process that fills the terminal waits until somebody reads.
    """
    master, slave = pty.openpty()
    try:
        with subprocess.Popen([*BOTALIGN, *map(str, command)], stderr=slave, **options) as process:
            os.close(slave)  # so that reading ends with the process
            try:
                yield process, master
            except BaseException:
                process.kill()
                raise
    finally:
        os.close(master)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_a_terminal(pair: Pair, tmp_path: Path) -> None:
    command = ("align", pair.fixed, pair.moving, "-o", "a.mrc", "--result", "r.json", "--evaluations", "5000")
    with in_terminal(*command, cwd=tmp_path, stdout=subprocess.PIPE) as (process, master):
        shown = read_until(master, "best loss")
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # what Linux says at the end of a terminal
            while rest := os.read(master, 4096).decode():
                shown += rest
        assert process.wait(60) == 130
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert "moving.mrc: search" in shown
    assert "Traceback" not in shown
    assert "botalign: interrupted, nothing was written." in shown
    assert listing(tmp_path) == {}


def test_ctrl_c_while_writing(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.maps.writing.compressed", failing(KeyboardInterrupt()))
    ran = run("align", pair.fixed, pair.moving, "-o", tmp_path / "a.mrc", "--result", tmp_path / "r.json", *QUICK)
    assert (ran.code, ran.out, ran.err) == (130, "", "botalign: interrupted, nothing was written.\n")
    assert listing(tmp_path) == {}


@pytest.mark.parametrize("json", [False, True])
def test_ctrl_c_reports_finished_files(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, json: bool
) -> None:
    for name in ("b.mrc", "c.mrc"):
        (tmp_path / name).write_bytes(pair.moving.read_bytes())
    align_steps, out = botalign.align_steps, tmp_path / "out"

    def steps(fixed: botalign.DensityMap, moving: botalign.DensityMap, options: object) -> object:
        if moving.name.endswith("b.mrc"):
            raise KeyboardInterrupt
        return align_steps(fixed, moving, options)

    monkeypatch.setattr(botalign, "align_steps", steps)
    maps = (pair.moving, tmp_path / "b.mrc", tmp_path / "c.mrc")
    ran = run("align", pair.fixed, *maps, "-o", out, *QUICK, *(["--json"] if json else []))
    assert ran.code == 130
    assert ran.err == f"botalign: interrupted; {out / 'moving.mrc'} was written, 2 maps were not aligned.\n"
    assert f"{pair.moving.parent.name}/{pair.moving.name}" in ran.out
    assert "b.mrc" not in ran.out
    assert sorted(listing(out)) == ["moving.mrc"]


def test_ctrl_c_in_the_other_commands(
    run: Run, pair: Pair, result_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(botalign, "read", failing(KeyboardInterrupt()))
    monkeypatch.setattr(botalign, "phantom", failing(KeyboardInterrupt()))
    for command in (
        ("info", pair.fixed),
        ("score", pair.fixed, pair.moving),
        ("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc"),
        ("demo", "-o", tmp_path / "demo"),
    ):
        ran = run(*command)
        assert (ran.code, ran.out, ran.err) == (130, "", "botalign: interrupted, nothing was written.\n"), command
    assert listing(tmp_path) == {}


def test_ctrl_c_after_writing(
    run: Run, pair: Pair, result_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the files and the words about them is time for a Ctrl-C too."""
    monkeypatch.setattr("botalign.cli.align._print_outputs", failing(KeyboardInterrupt()))
    ran = run("align", pair.fixed, pair.moving, "-o", tmp_path / "a.mrc", *QUICK)
    assert (ran.code, ran.err) == (130, f"botalign: interrupted; {tmp_path / 'a.mrc'} was written.\n")


def test_sigterm_is_reported_like_ctrl_c(run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(botalign, "read", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        ran = run("info", pair.fixed)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (ran.code, ran.out, ran.err) == (143, "", "botalign: interrupted, nothing was written.\n")


def test_a_handler_of_sigterm_is_kept(run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    monkeypatch.setattr(botalign, "read_header", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        assert run("align", pair.fixed, pair.moving, *QUICK).code == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [signal.SIGTERM] * 2


def test_the_text_about_an_interruption() -> None:
    paths = [Path(name) for name in ("a.mrc", "b.mrc", "c.mrc", "d.mrc")]
    assert interruption_text() == "interrupted, nothing was written."
    assert interruption_text([], 1) == "interrupted, nothing was written, 1 map was not aligned."
    assert interruption_text(paths[:2]) == "interrupted; a.mrc and b.mrc were written."
    assert (
        interruption_text(paths[:3], 2) == "interrupted; a.mrc, b.mrc and c.mrc were written, 2 maps were not aligned."
    )
    assert interruption_text(paths) == "interrupted; 4 files were written."


def test_ctrl_c_leaves_no_new_folder(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.maps.writing.compressed", failing(KeyboardInterrupt()))
    assert run("align", pair.fixed, pair.moving, pair.fixed, "-o", tmp_path / "new", *QUICK).code == 130
    assert listing(tmp_path) == {}


@pytest.mark.slow
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
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_stdout_on_a_full_disk(pair: Pair, unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*BOTALIGN, "info", str(pair.fixed)], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr == f"botalign: error: {os.strerror(errno.ENOSPC)}\n"


def test_a_reader_that_closes_the_pipe(pair: Pair) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ran = subprocess.run(
        [*BOTALIGN, "info", str(pair.fixed)], stdout=write_end, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write_end)
    assert ran.stderr == ""
    assert ran.returncode == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()], ids=repr)
def test_ctrl_c_outside_of_a_command(run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    monkeypatch.setattr("botalign.cli.application.app", failing(error))
    assert run("--help") == Ran(130, "", "botalign: interrupted, nothing was written.\n")
