import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import botalign

from .conftest import Run, listing

FILES = ["aligned.mrc", "figure.png", "fixed.mrc", "moving.mrc", "result.json"]


def test_the_demo_finds_the_known_answer(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("demo")
    assert ran.code == 0
    assert all("compiling" in line for line in ran.err.splitlines())  # if no test before this one did that
    off = re.search(r"^difference  +([\d.]+) degrees and ([\d.]+) A from the truth$", ran.out, re.MULTILINE)
    assert off is not None
    assert float(off[1]) < 0.2
    assert float(off[2]) < 0.1
    assert sorted(listing(Path("botalign-demo"))) == FILES
    result = botalign.Alignment.read("botalign-demo/result.json")
    assert result.fixed.grid == botalign.read(result.fixed.name).grid
    assert result.moving.grid == botalign.read(result.moving.name).grid
    assert "botalign align botalign-demo/fixed.mrc botalign-demo/moving.mrc -o " in ran.out


@pytest.mark.slow
def test_the_known_answer_is_printed_in_short_lines(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "-o", tmp_path, "--quiet")
    assert (ran.code, ran.err) == (0, "")
    *_, rotation, shift, off = ran.out.splitlines()
    assert re.fullmatch(r"truth        [\d.]+ degrees about \(.*\)", rotation)
    assert re.fullmatch(r"             shift \(.*\) A", shift)
    assert off.startswith("difference  ")
    assert max(map(len, [rotation, shift, off])) <= 80


@pytest.mark.slow
def test_the_first_run_reports_compilation(tmp_path: Path) -> None:
    script = "import sys; from botalign.cli import main; sys.exit(main())"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    said = [
        subprocess.run(
            [sys.executable, "-c", script, "demo", "-o", str(tmp_path / name)],
            capture_output=True, text=True, check=True, env=environment,
        ).stderr
        for name in ("first", "second")
    ]  # fmt: skip
    assert re.fullmatch(
        r"botalign: \d+\.\d s of this run was one-time compilation; later runs will be faster\.\n", said[0]
    )
    assert said[1] == ""


def test_nothing_is_overwritten_without_the_option(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    assert "--overwrite" in run("demo", "-o", tmp_path).refused()
    assert listing(tmp_path) == {"mine": b"mine"}


def test_without_matplotlib_the_figure_is_left_out(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.cli.running.can_draw", lambda: False)
    ran = run("demo", "-o", tmp_path, "--overwrite", "--seed", "5")
    assert ran.code == 0
    assert "pip install matplotlib" in ran.err
    assert sorted(listing(tmp_path)) == [name for name in FILES if name != "figure.png"]
