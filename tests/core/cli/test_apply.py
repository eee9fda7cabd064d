from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.maps import read_header

from .conftest import Pair, Run, listing


def test_the_same_transform_as_align(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    ran = run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc", "--onto", pair.fixed)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{pair.moving} -> {tmp_path / 'a.mrc'}\n"
    moved, fixed = botalign.read(tmp_path / "a.mrc"), botalign.read(pair.fixed)
    assert moved.grid == fixed.grid
    assert np.corrcoef(moved.data.ravel(), fixed.data.ravel())[0, 1] > 0.99
    assert moved.labels[-1].endswith(" moving.mrc by r.json")


def test_without_onto_the_map_keeps_its_grid(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    assert run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc").code == 0
    moving, moved = botalign.read(pair.moving), botalign.read(tmp_path / "a.mrc")
    assert moved.grid == moving.grid
    expected = botalign.phantom(grid=moving.grid, resolution_angstrom=10)
    assert np.corrcoef(moved.data.ravel(), expected.data.ravel())[0, 1] > 0.99


def test_the_inverse_transform(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    ran = run("apply", result_file, pair.fixed, "-o", tmp_path / "a.mrc", "--onto", pair.moving, "--inverse", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    moved, moving = botalign.read(tmp_path / "a.mrc"), botalign.read(pair.moving)
    assert np.corrcoef(moved.data.ravel(), moving.data.ravel())[0, 1] > 0.99
    assert moved.labels[-1].endswith(" fixed.mrc by r.json, inverse")


def test_several_maps_into_a_folder(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    assert run("apply", result_file, pair.moving, pair.fixed, "-o", tmp_path / "out").code == 0
    assert sorted(listing(tmp_path / "out")) == ["fixed.mrc", "moving.mrc"]


def test_all_maps_or_none(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mrc"
    raw = pair.moving.read_bytes()
    bad.write_bytes(raw[:-4] + np.float32(np.nan).tobytes())
    assert "bad.mrc" in run("apply", result_file, pair.moving, bad, "-o", tmp_path / "out").refused()
    assert list(listing(tmp_path)) == ["bad.mrc"]


def test_an_existing_output(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mrc").write_text("old")
    assert "the file exists" in run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc").refused()
    assert listing(tmp_path) == {"a.mrc": b"old"}
    assert run("apply", result_file, pair.moving, "-o", tmp_path / "a.mrc", "--overwrite").code == 0


@pytest.mark.parametrize("name", ["a.map.gz", "a.mrc.bz2"])
def test_compressed(run: Run, pair: Pair, result_file: Path, tmp_path: Path, name: str) -> None:
    assert run("apply", result_file, pair.moving, "-o", tmp_path / name).code == 0
    assert read_header(tmp_path / name).compression in ("gzip", "bzip2")
    assert list(listing(tmp_path)) == [name]
