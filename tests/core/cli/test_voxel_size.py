"""Wrong voxel sizes: the report of an alignment, --scale fit, and headers that are corrected."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.records import Part
from botalign.cli.tables import scale_advice

from .conftest import QUICK, Pair, Run, listing

#: Voxel size of the moving map; its header is made wrong.
SIZE, WRONG = 3.3, 3.2
FAST = ("--hand", "keep", *QUICK)


@pytest.fixture
def wrong(pair: Pair, tmp_path: Path) -> Path:
    """The moving map with a wrong voxel size."""
    path = tmp_path / "moving.mrc"
    botalign.correct_voxel_size(pair.moving, path, WRONG)
    return path


def test_a_wrong_voxel_size_is_reported_with_what_to_do(run: Run, pair: Pair, wrong: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    ran = run("align", pair.fixed, wrong, "--table", table, *FAST)
    assert ran.code == 0
    assert "scale        1.03" in ran.out
    assert "the voxel size of one of the maps is off by 3.1%, unless the molecules differ in size" in ran.out
    assert "try 3.3 A instead of 3.2 A in the moving map or" in ran.out
    assert f"correct it with `botalign info {wrong} --voxel-size 3.3`, or run again with --scale fit" in ran.err
    with table.open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["scale"]) == pytest.approx(SIZE / WRONG, rel=1e-3)
    assert float(row["scale_error"]) < 0.001


def test_the_note_for_a_part_does_not_offer_to_scale_it(pair: Pair, wrong: Path) -> None:
    found = botalign.align(botalign.read(pair.fixed), botalign.read(wrong), hand="keep", evaluations=20)
    assert ", or run again with --scale fit" in str(scale_advice(found))
    part = replace(found, part=Part("moving", 0.3, "requested", (0.0, 0.0, 0.0)))
    assert str(scale_advice(part)).endswith("--voxel-size 3.3`.")


def test_the_commands_of_the_note_correct_it(run: Run, pair: Pair, wrong: Path) -> None:
    assert run("info", wrong, "--voxel-size", "3.3").out == f"{wrong} -> {wrong.with_name('moving_3.3A.mrc')}\n"
    ran = run("align", pair.fixed, wrong.with_name("moving_3.3A.mrc"), *FAST)
    assert ran.code == 0
    assert "scale" not in ran.out + ran.err


def test_fit_writes_the_scaled_map(run: Run, pair: Pair, wrong: Path, tmp_path: Path) -> None:
    out, result = tmp_path / "out.mrc", tmp_path / "r.json"
    ran = run("align", pair.fixed, wrong, "--scale", "fit", "-o", out, "--result", result, *FAST)
    assert (ran.code, ran.err) == (0, "")
    assert ", applied" in ran.out
    moved, fixed = botalign.read(out), botalign.read(pair.fixed)
    assert np.corrcoef(moved.data.ravel(), fixed.data.ravel())[0, 1] > 0.99
    assert ", scaled by 1.03" in moved.labels[-1]
    again = tmp_path / "again.mrc"
    assert run("apply", result, wrong, "-o", again, "--onto", pair.fixed).code == 0
    np.testing.assert_allclose(botalign.read(again).data, moved.data, atol=1e-5 * moved.data.max())
    assert "scales the moving map by 1.03" in run("export", result, "--to", "chimerax").refused()
    assert run("export", result, "--to", "matrix").code == 0
    # The scores at the transform are those of the result.
    scores = botalign.Alignment.read(result).after
    compared = botalign.score(
        fixed, botalign.read(wrong), transform=botalign.Alignment.read(result).moving_to_fixed, full_sampling=False
    ).scores
    assert compared.correlation == pytest.approx(scores.correlation, abs=0.003)


def test_apply_takes_another_voxel_size(run: Run, pair: Pair, result_file: Path, wrong: Path, tmp_path: Path) -> None:
    size = ("--voxel-size", "3.3")
    right, corrected = tmp_path / "right.mrc", tmp_path / "corrected.mrc"
    assert run("apply", result_file, pair.moving, "-o", right, "--onto", pair.fixed).code == 0
    assert run("apply", result_file, wrong, "-o", corrected, "--onto", pair.fixed, *size).code == 0
    np.testing.assert_array_equal(botalign.read(corrected).data, botalign.read(right).data)
    model = tmp_path / "m.pdb"
    model.write_text("ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C  \n")
    refused = run("apply", result_file, model, "-o", tmp_path / "m2.pdb", *size).refused()
    assert "--voxel-size: " in refused
    assert "m.pdb is not a map" in refused


def test_several_headers_are_corrected_together_or_not_at_all(run: Run, pair: Pair, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("info", pair.fixed, pair.moving, "--voxel-size", "2.5", "-o", out)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(listing(out)) == ["fixed.mrc", "moving.mrc"]
    for path in (pair.fixed, pair.moving):
        assert (out / path.name).read_bytes()[1024:] == path.read_bytes()[1024:]
        assert botalign.read_header(out / path.name).grid.voxel_size_angstrom == (2.5, 2.5, 2.5)
    cut = tmp_path / "cut.mrc"
    cut.write_bytes(pair.fixed.read_bytes()[:-4])
    assert "is truncated" in run("info", pair.fixed, cut, "--voxel-size", "2.5", "-o", tmp_path / "other").refused()
    assert not (tmp_path / "other").exists()


def test_nothing_is_overwritten_unasked(run: Run, wrong: Path) -> None:
    copy = wrong.with_name("moving_3.3A.mrc")
    copy.write_text("old")
    assert "the file exists" in run("info", wrong, "--voxel-size", "3.3").refused()
    assert copy.read_text() == "old"
    assert run("info", wrong, "--voxel-size", "3.3", "--overwrite").code == 0
    assert "it is an input" in run("info", wrong, "--voxel-size", "3.3", "-o", wrong, "--overwrite").refused()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("--voxel-size", "abc"), "--voxel-size: got 'abc', expected a number from 0.01 to 1000 A"),
        (("--voxel-size", "0"), "--voxel-size: got 0, expected a number from 0.01 to 1000 A"),
        (("-o", "x.mrc"), "--output: only a map with another voxel size is written; give --voxel-size"),
        (("--overwrite",), "--overwrite: only a map with another voxel size is written; give --voxel-size"),
        (("--voxel-size", "3", "--json"), "--json cannot be combined with --voxel-size"),
    ],
)
def test_bad_requests(run: Run, wrong: Path, typed: tuple[str, ...], expected: str) -> None:
    before = listing(wrong.parent)
    assert expected in run("info", wrong, *typed).refused()
    assert listing(wrong.parent) == before
