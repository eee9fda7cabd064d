import importlib
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import botalign
from botalign import Execution, Progress
from botalign.cli.distances import _summary
from botalign.cli.long_work import run_steps, times
from botalign.geometry import random_rotations
from botalign.jobs import BlockStore, locks

from .conftest import Run, listing

OVER = ("--over-rotations", "--size", "16", "--evaluations", "30", "--landmarks", "1", "--metric", "l2")


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four maps of a molecule, two of either conformation, in poses of their own."""
    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(1)
    for number, hinge in enumerate((0.0, 40.0, 0.0, 40.0)):
        pose = np.column_stack([random_rotations(1, rng)[0], np.zeros(3)])
        made = botalign.phantom(20, voxel_size_angstrom=6, resolution_angstrom=20, hinge_degrees=hinge, transform=pose)
        made.write(folder / f"{number}.mrc")
    return sorted(folder.iterdir())


def test_distances_are_written_and_summarised(run: Run, maps: list[Path], tmp_path: Path) -> None:
    ran = run("distances", *maps, "-o", tmp_path / "D.zarr", *OVER)
    assert (ran.code, ran.err) == (0, "")
    table = botalign.read_distances(tmp_path / "D.zarr")
    assert table.names == tuple(map(str, maps))
    assert max(table.distances[0, 2], table.distances[1, 3]) < 0.2 * table.distances[0, 1]
    assert ran.out.splitlines()[0] == "maps         4, 6 pairs"
    assert f"{table.distances.max():.4g}, median" in ran.out
    assert "all 6 cycles via landmarks are closed" in ran.out
    assert ran.out.splitlines()[-1] == f"written      {tmp_path / 'D.zarr'}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["D.zarr"]
    assert "the file exists" in run("distances", *maps, "-o", tmp_path / "D.zarr", *OVER).refused()
    assert run("distances", *maps, "-o", tmp_path / "D.zarr", "--overwrite", "--quiet").code == 0
    assert botalign.read_distances(tmp_path / "D.zarr").metric == "wemd"


def test_invalid_input_is_refused_and_leaves_nothing(run: Run, maps: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other.mrc"
    botalign.phantom(16, voxel_size_angstrom=7, resolution_angstrom=20).write(other)
    out = tmp_path / "out"
    out.mkdir()
    for arguments, reason in (
        ((*maps, "-o", out / "D.npy"), "unknown extension; use .zarr"),
        ((maps[0], "-o", out / "D.zarr"), "MAP: got 1, expected at least 2"),
        ((maps[0], tmp_path / "none.mrc", "-o", out / "D.zarr"), "none.mrc: no such file"),
        ((maps[0], other, "-o", out / "D.zarr"), "use --over-rotations, or resample the maps onto one grid"),
        ((*maps, "-o", out / "D.zarr", "--mirror"), "--mirror has no effect without --over-rotations"),
        ((*maps, "-o", out / "D.zarr", "--over-rotations", "--landmarks", "0"), "error: --landmarks: got 0"),
        (
            (*maps, "-o", out / "D.zarr", "--landmarks", "3"),
            "--landmarks 3 has no effect without --over-rotations; give both",
        ),
        (
            (*maps, "-o", out / "D.zarr", "--metric", "l2", "--wavelet", "sym5"),
            "--wavelet sym5 cannot be combined with --metric l2: only wemd uses wavelets",
        ),
        ((*maps, "-o", out / "D.zarr", "--threads", "2", "--processes", "2"), "--threads and --processes: got both"),
        (
            (*maps, "-o", out / "D.zarr", "--scheduler", "tcp://127.0.0.1:1", "--processes", "2"),
            "--processes and --scheduler: got both",
        ),
    ):
        assert reason in run("distances", *arguments).refused()
        assert listing(out) == {}


def test_ctrl_c_keeps_what_is_done(run: Run, maps: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "whole.zarr"
    assert run("distances", *maps, "-o", whole, *OVER).code == 0
    with monkeypatch.context() as patched:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr("botalign.pairwise.over_rotations.pair_block", interrupted)
        ran = run("distances", *maps, "-o", tmp_path / "D.zarr", *OVER)
    assert ran.code == 130
    assert ran.out == ""
    partial = tmp_path / "D.zarr.partial"
    assert ran.err == (
        f"botalign: interrupted; finished pairs are kept in {partial}; run the same command again to resume.\n"
    )
    assert any(partial.glob("search*.npz"))
    other = run("distances", *maps, "-o", tmp_path / "D.zarr", *OVER, "--seed", "3").refused()
    assert f"{partial}: the unfinished work in this folder differs from this run (--seed was 0 and is 3 now);" in other
    assert run("distances", *maps, "-o", tmp_path / "D.zarr", *OVER).code == 0
    assert not partial.exists()
    assert listing(tmp_path / "D.zarr") == listing(whole)


def test_a_run_that_starts_in_the_meantime_keeps_its_folder(
    run: Run, maps: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("botalign.cli.all_pairs")
    partial = tmp_path / "D.zarr.partial"
    description, others = module.description, []

    def overtaken(*arguments: Any) -> dict[str, Any]:
        described: dict[str, Any] = description(*arguments)
        others.append(BlockStore(partial, described))
        locks._HELD.clear()  # as if another program held it
        return described

    monkeypatch.setattr(module, "description", overtaken)
    assert "another run uses this work folder" in run("distances", *maps, "-o", tmp_path / "D.zarr").refused()
    assert (partial / "work.json").exists()
    others[0].put("pairs_000000", {"a": np.arange(3)})


@pytest.mark.parametrize(
    ("count", "cores", "typed", "expected"),
    [
        (13, 4, "--over-rotations", Execution(processes=4)),
        (12, 4, "--over-rotations", Execution()),
        (13, 4, "", Execution()),
        (13, 1, "--over-rotations", Execution()),
        (13, 4, "--over-rotations --threads 1", Execution(threads=1)),
        (13, 4, "--over-rotations --processes 2", Execution(processes=2)),
        (13, 4, "--over-rotations --scheduler tcp://host:1", Execution(scheduler="tcp://host:1")),
    ],
)
def test_many_maps_use_processes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, cores: int, typed: str, expected: Execution
) -> None:
    maps, seen = [tmp_path / f"{number}.mrc" for number in range(count)], []
    for each in maps:
        botalign.phantom(16, voxel_size_angstrom=8).write(each)

    def steps(maps: object, options: object, execution: Execution, *, store: BlockStore) -> None:
        seen.append(execution)
        raise botalign.InputError("seen")

    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr(botalign, "distance_steps", steps)
    assert "seen" in run("distances", *maps, "-o", tmp_path / "D.zarr", *typed.split()).refused()
    assert seen == [expected]


@pytest.mark.usefixtures("terminal")
def test_a_bar_with_the_time_left(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def steps() -> Generator[Progress, None, str]:
        yield Progress("read", 3, 3)
        for done in range(5):
            yield Progress("pairs", done, 4)
        return "table"

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run_steps(steps(), lambda step: f"all {step.stage}", quiet=False) == "table"
    shown = capfd.readouterr().err
    assert "all pairs" in shown
    assert "4/4" in shown
    assert "0:00 elapsed, 0:00 left" in shown


def test_the_time_left_is_shown_after_two_steps() -> None:
    assert times(9, 0, 38) == times(9, 1, 37) == "0:09 elapsed"
    assert times(9, 2, 36) == "0:09 elapsed, 2:42 left"
    assert times(3725, 10, 200) == "1:02:05 elapsed, 20:41:40 left"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("first", [(2, 4), (4, 10)])
def test_the_time_left_is_that_of_the_current_part(monkeypatch: pytest.MonkeyPatch, first: tuple[int, int]) -> None:
    clock = SimpleNamespace(now=0.0)
    told: list[tuple[float, int, int]] = []

    def tell(gone: float, done: int, left: int) -> str:
        told.append((gone, done, left))
        return ""

    def steps() -> Generator[Progress, None, str]:
        for done in range(first[0], first[1] + 1):
            clock.now += 100
            yield Progress("pairs", done, first[1])
        for done in range(4):
            yield Progress("pairs", done, 10)
            clock.now += 1
        return "table"

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("botalign.cli.long_work.time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr("botalign.cli.long_work.times", tell)
    assert run_steps(steps(), lambda step: step.stage, quiet=False) == "table"
    assert told[-1] == (4, 3, 7)


@pytest.mark.usefixtures("terminal")
def test_nothing_is_cut_off_at_80_columns(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def steps() -> Generator[Progress, None, str]:
        for done in range(3):
            yield Progress("seed", done, 100)
        return "classes"

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("botalign.cli.long_work._clock", lambda seconds: "11:22:33")
    shown = run_steps(steps(), lambda step: "preparing images", quiet=False, detail=lambda step: "loss 1.2345e-05")
    assert shown == "classes"
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capfd.readouterr().err))
    assert max(map(len, lines)) <= 80
    last = r"preparing images ━{4,} *2/100 11:22:33 elapsed, 11:22:33 left loss 1\.2345e-05"
    assert any(re.search(last, line) for line in lines), lines


def test_the_summary_names_maps_with_open_cycles() -> None:
    names = ("a.mrc", "b.mrc", "c.mrc", "d.mrc")
    transforms = np.tile(np.eye(3, 4), (4, 4, 1, 1))
    transforms[0, 1, 2, 2] = transforms[1, 0, 2, 2] = -1
    cycles = np.zeros((4, 4), dtype=np.int64)
    cycles[0, 1] = cycles[1, 0] = 2
    cycles[1, 2] = cycles[2, 1] = 1
    options = botalign.DistanceOptions(over_rotations=True)
    table = botalign.DistanceTable(names, 1.0 - np.eye(4), transforms, "wemd", {}, cycles)
    lines = _summary(table, options).splitlines()
    assert "3 of 24 cycles via landmarks are open, most of them with b.mrc, a.mrc, c.mrc" in lines[2]
    assert lines[3] == "mirrored     1 pair"
    closed = replace(table, open_cycles=np.zeros((4, 4), dtype=np.int64))
    assert "all 24 cycles via landmarks are closed" in _summary(closed, options)
