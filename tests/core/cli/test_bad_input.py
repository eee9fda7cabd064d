import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.cli import outputs

from .conftest import Pair, Run, listing


def write(path: Path, data: np.ndarray, voxel: float = 3.5) -> Path:
    botalign.DensityMap(data, botalign.Grid(data.shape, (voxel,) * 3)).write(path)
    return path


def spoilt(path: Path, value: float) -> Path:
    """Write a map with one value that no map may have."""
    write(path, np.ones((8, 8, 8)))
    raw = path.read_bytes()
    path.write_bytes(raw[:-4] + np.float32(value).tobytes())
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def truncated(folder: Path) -> Path:
    path = write(folder / "short.mrc", np.ones((8, 8, 8)))
    return written(path, path.read_bytes()[:-100])


BAD_MAPS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda d: d / "nope.mrc", "no such file"),
    "a folder": (lambda d: d, "got a folder, expected"),
    "empty": (lambda d: written(d / "empty.mrc", b""), "is empty"),
    "text": (lambda d: written(d / "text.mrc", b"not a map\n" * 200), "not a map"),
    "truncated": (truncated, "is truncated"),
    "damaged gzip": (lambda d: written(d / "a.mrc.gz", b"\x1f\x8b\x08" + bytes(20)), "truncated or damaged"),
    "an image": (lambda d: write(d / "image.mrc", np.ones((1, 8, 8))), "got an image"),
    "a stack": (lambda d: write(d / "a.mrc", np.ones((8, 8, 8))).rename(d / "a.mrcs"), "8 images"),
    "NaN": (lambda d: spoilt(d / "nan.mrc", np.nan), "NaN or infinite"),
    "infinite": (lambda d: spoilt(d / "inf.mrc", np.inf), "NaN or infinite"),
    "constant": (lambda d: write(d / "constant.mrc", np.ones((24, 24, 24))), "all densities are 1"),
    "zero": (lambda d: write(d / "zero.mrc", np.zeros((24, 24, 24))), "all densities are zero"),
    "tenfold": (lambda d: write(d / "large.mrc", np.random.default_rng(0).random((24,) * 3), 60.0), "voxel size"),
}


@pytest.mark.parametrize("kind", BAD_MAPS)
@pytest.mark.parametrize("role", ["fixed", "moving"])
def test_a_map_that_cannot_be_aligned(run: Run, pair: Pair, tmp_path: Path, kind: str, role: str) -> None:
    make, reason = BAD_MAPS[kind]
    bad = make(tmp_path)
    before = listing(tmp_path)
    maps = (bad, pair.moving) if role == "fixed" else (pair.fixed, bad)
    error = run("align", *maps, "-o", tmp_path / "out.mrc", "--result", tmp_path / "r.json").refused()
    assert reason in error
    assert str(bad) in error
    assert listing(tmp_path) == before


@pytest.mark.parametrize("kind", [kind for kind in BAD_MAPS if kind not in ("constant", "zero", "tenfold")])
def test_a_map_that_cannot_be_read(run: Run, pair: Pair, result_file: Path, tmp_path: Path, kind: str) -> None:
    make, reason = BAD_MAPS[kind]
    bad = make(tmp_path)
    before = listing(tmp_path)
    for command in (
        ("apply", result_file, pair.moving, bad, "-o", tmp_path / "out"),
        ("score", pair.fixed, bad),
        ("info", bad),
    ):
        assert reason in run(*command).refused(), command
        assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--contour-level-fixed 1e6", "contour level"),
        ("--contour-level-moving 1e6", "contour level"),
        ("--size 4", "size"),
        ("--evaluations 0", "evaluations"),
        ("--seed -1", "--seed"),
        ("--seed x", "--seed"),
        ("--threads 0", "--threads"),
        ("--local 0", "local"),
        ("--loss l1", "--loss"),
        ("--hand left", "--hand"),
        ("--preset fast", "--preset"),
        ("--start nope.json", "nope.json"),
        ("--bogus", "--bogus"),
    ],
)
def test_an_option_out_of_range(run: Run, pair: Pair, options: str, reason: str) -> None:
    assert reason in run("align", pair.fixed, pair.moving, *options.split()).refused()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("-o out.png", "out.png: unknown extension; use one of .mrc, .map, .ccp4, .rec (also with .gz or .bz2)."),
        ("-o out.cif", "out.cif: -o writes moving.mrc, a density map, which cannot be written as an atomic model; use"),
        ("-o nowhere/out.cif", "a density map, which cannot be written as an atomic model; use one of .mrc"),
        ("--result out.mrc", "unknown extension"),
        ("--figure out.json", "unknown extension"),
        ("-o taken.mrc", "the file exists"),
        ("--result taken.json", "the file exists"),
        ("-o nowhere/out.mrc", "does not exist"),
        ("-o taken.json/out.mrc", "out.mrc: taken.json is a file, expected a folder"),
        ("--table t.txt", "t.txt: unknown extension; use .csv"),
        ("-o moving.mrc --overwrite", "is an input"),
        ("-o ./link.mrc --overwrite", "is an input"),
        ("--result x.json --figure x.json", "--result writes it too"),
        ("--start taken.json --result taken.json --overwrite", "is an input"),
    ],
)
def test_an_output_that_cannot_be_written(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("moving.mrc").write_bytes(pair.moving.read_bytes())
    Path("link.mrc").symlink_to("moving.mrc")
    for name in ("taken.mrc", "taken.json"):
        Path(name).write_text("mine")
    before = listing(tmp_path)
    assert reason in run("align", pair.fixed, "moving.mrc", *options.split()).refused()
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("-o taken.mrc", "taken.mrc: got a file name, but -o needs a folder for several files"),
        (
            "-o new.mrc",
            "new.mrc: got a file name, but -o needs a folder for several files; give one, such as aligned/.",
        ),
        ("-o new.txt", "new.txt: got a file name, but -o needs a folder for several files"),
        ("--figure new.png", "new.png: got a file name, but --figure needs a folder for several files"),
        ("-o taken.mrc/", "taken.mrc is a file, expected a folder"),
        ("-o a/b", "does not exist"),
        ("-o .", "is an input"),
    ],
)
def test_a_folder_that_cannot_hold_several(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("moving.mrc", "taken.mrc"):
        Path(name).write_bytes(pair.moving.read_bytes())
    before = listing(tmp_path)
    assert reason in run("align", pair.fixed, "moving.mrc", pair.fixed, *options.split()).refused()
    assert listing(tmp_path) == before


def test_maps_that_would_be_written_to_one_file(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    for option in ("-o", "--result"):
        error = run("align", pair.fixed, "x/a.mrc", "y/a.mrc", option, tmp_path).refused()
        assert ": two of the moving maps are called a.mrc; rename one of them" in error
        assert f"error: {option}: " in error
    error = run("align", pair.fixed, "a.mrc", "a.map.gz", "-o", tmp_path, "--result", tmp_path).refused()
    assert "--result: two of the moving maps (a.mrc and a.map.gz) would be written as a.json; rename one" in error
    error = run("apply", result_file, "x/a.mrc", "y/a.mrc", "-o", tmp_path).refused()
    assert "-o: two of the files are called a.mrc; rename one" in error
    error = run("apply", result_file, "x/a.mrc", "y/b.mrc", "-o", tmp_path / "c.mrc").refused()
    assert "c.mrc: got a file name, but -o needs a folder for several files" in error


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(run: Run, pair: Pair, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written" in run("align", pair.fixed, pair.moving, "-o", tmp_path / "a.mrc").refused()


RESULTS = {
    "missing": (None, "no such file"),
    "not text": (b"\xff\xfe\x00", "not text"),
    "not JSON": (b"{", "not JSON"),
    "another kind": (b'{"format": "recipe"}', "not a result"),
    "a list": (b"[1, 2]", "not a result"),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_file_that_is_no_result(run: Run, pair: Pair, tmp_path: Path, kind: str) -> None:
    content, reason = RESULTS[kind]
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content)
    before = listing(tmp_path)
    error = run("apply", path, pair.moving, "-o", tmp_path / "a.mrc").refused()
    assert any(part in error for part in reason.split("|"))
    assert str(path) in error
    assert listing(tmp_path) == before


def test_a_result_from_a_newer_version(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(json.loads(result_file.read_text()) | {"version": 2}))
    assert "upgrade" in run("apply", path, pair.moving, "-o", tmp_path / "a.mrc").refused()
    assert list(listing(tmp_path)) == ["r.json"]


@pytest.mark.parametrize(
    "typed",
    ["bogus", "align", "align a.mrc", "apply", "apply r.json a.mrc", "export r.json", "score a.mrc", "info"],
)
def test_too_little_or_too_much(run: Run, typed: str) -> None:
    assert "; see `botalign" in run(*typed.split()).refused()


def test_a_figure_without_matplotlib(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botalign.cli.running.can_draw", lambda: False)
    error = run("align", pair.fixed, pair.moving, "--figure", tmp_path / "f.png").refused()
    assert "pip install matplotlib" in error


def test_the_name_of_a_new_folder_has_no_extension(tmp_path: Path) -> None:
    (tmp_path / "old.txt").mkdir()
    names = ("new", "run_2.5", "new.txt/", "old.txt", ".hidden", "new.txt", "new.mrc", "new.cif.gz")
    assert [outputs.is_folder(f"{tmp_path}/{name}") for name in names] == [True] * 5 + [False] * 3
