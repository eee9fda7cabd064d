"""``botalign align`` with many maps: a common motion, a table, going on where a run was stopped."""

import csv
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment import Part
from botalign.cli.tables import alignments_table
from botalign.geometry import geodesic_degrees

from .conftest import QUICK, Pair, Run, listing


@pytest.fixture
def halves(pair: Pair, tmp_path: Path) -> list[Path]:
    """Two maps in the moving map's pose, each with noise of its own."""
    rng = np.random.default_rng(2)
    moving = botalign.read(pair.moving)
    paths = [tmp_path / "half_1.mrc", tmp_path / "half_2.mrc"]
    for path in paths:
        noise = 0.3 * moving.data.max() * rng.standard_normal(moving.data.shape, dtype=np.float32)
        moving.with_data(moving.data + noise).write(path)
    return paths


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_transform_for_all_maps(run: Run, pair: Pair, halves: list[Path], tmp_path: Path) -> None:
    out, result = tmp_path / "out", tmp_path / "r.json"
    ran = run("align", pair.fixed, *halves, "--common", "-o", out, "--result", result, "--hand", "keep", *QUICK)
    assert (ran.code, ran.err) == (0, "")
    found = botalign.Alignment.read(result)
    assert geodesic_degrees(found.moving_to_fixed[:, :3], pair.answer[:, :3]) < 1
    assert found.moving.name == "the mean of half_1.mrc, half_2.mrc"
    assert found.moving.mean_of == tuple(map(str, halves))
    assert sorted(listing(out)) == ["half_1.mrc", "half_2.mrc"]
    grid = botalign.read(pair.fixed).grid
    for path in halves:
        expected = found.apply(botalign.read(path), onto=grid)
        np.testing.assert_array_equal(botalign.read(out / path.name).data, expected.data)
    assert ran.out.splitlines()[-1] == f"written in {out}, {result}"


def test_a_warning_is_printed_once(run: Run, pair: Pair, halves: list[Path], tmp_path: Path) -> None:
    for path in halves:
        raw = bytearray(path.read_bytes())
        raw[40:52] = bytes(12)  # the sides of the cell: no voxel size
        path.write_bytes(raw)
    typed = ("--hand", "keep", "--evaluations", "1", "--size", "16", "--no-refine")
    ran = run("align", pair.fixed, *halves, "--common", "-o", tmp_path / "out", *typed)
    assert ran.code == 0
    assert [line.split(":")[2].strip() for line in ran.err.splitlines()] == list(map(str, halves))


def test_the_mean_is_on_the_grid_of_the_first_map(pair: Pair) -> None:
    one = botalign.read(pair.moving)
    mean = botalign.maps.average([one, one.with_data(3 * one.data)])
    assert mean.grid == one.grid
    np.testing.assert_allclose(mean.data, 2 * one.data, rtol=1e-6)
    larger = botalign.Grid(
        tuple(side + 4 for side in one.grid.shape),
        one.grid.voxel_size_angstrom,
        tuple(o - 2 * v for o, v in zip(one.grid.origin_angstrom, one.grid.voxel_size_angstrom, strict=True)),
    )
    padded = botalign.DensityMap(np.pad(one.data, 2), larger)
    np.testing.assert_allclose(botalign.maps.average([one, padded]).data, one.data, atol=1e-5 * one.data.max())
    with pytest.raises(botalign.InputError, match="maps: got none"):
        botalign.maps.average([])


def test_a_table_for_other_programs(run: Run, pair: Pair, tmp_path: Path) -> None:
    shutil.copy(pair.moving, tmp_path / "b.mrc")
    table = tmp_path / "t.csv"
    ran = run(
        "align", pair.fixed, pair.moving, tmp_path / "b.mrc", "--result", tmp_path / "r", "--table", table, *QUICK
    )
    assert (ran.code, ran.err) == (0, "")
    rows = rows_of(table)
    assert [row["moving"] for row in rows] == [str(pair.moving), str(tmp_path / "b.mrc")]
    assert ran.out.splitlines()[-1] == f"written in {tmp_path / 'r'}, {table}"
    found = botalign.Alignment.read(tmp_path / "r" / "b.json")
    matrix = [[float(rows[1][f"m{i}{j}"]) for j in (1, 2, 3, 4)] for i in (1, 2, 3)]
    np.testing.assert_array_equal(matrix, found.moving_to_fixed)
    assert float(rows[1]["correlation"]) == found.after.correlation
    assert (rows[1]["mirrored"], rows[1]["hand"]) == ("False", "as given")
    assert (rows[1]["verdict"], float(rows[1]["probability"])) == (found.verdict, found.probability)
    assert "the file exists" in run("align", pair.fixed, pair.moving, "--table", table, *QUICK).refused()


def test_the_table_has_the_correlation_of_the_edges_of_a_part(result_file: Path) -> None:
    whole = botalign.Alignment.read(result_file)
    part = replace(whole, method="part", part=Part("moving", 0.3, "noticed", (0.0, 0.0, 0.0)))
    head, first, second = alignments_table([whole, part]).splitlines()
    assert head.startswith("map ")
    assert "(edges" not in first
    assert f" -> {part.after.correlation:.4f} (edges {part.candidates[0].correlation:.4f})" in second


def test_an_interrupted_run_resumes(run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.mrc", "c.mrc"):
        shutil.copy(pair.moving, tmp_path / name)
    maps = (pair.moving, tmp_path / "b.mrc", tmp_path / "c.mrc")
    out, table, aligned = tmp_path / "out", tmp_path / "t.csv", []
    typed = ("align", pair.fixed, *maps, "--result", out, "-o", out, "--table", table, "--hand", "keep", *QUICK)
    align_steps = botalign.align_steps

    stop = True

    def steps(fixed: botalign.DensityMap, moving: botalign.DensityMap, options: object) -> object:
        if stop and moving.name.endswith("b.mrc"):
            raise KeyboardInterrupt
        aligned.append(Path(moving.name).name)
        return align_steps(fixed, moving, options)

    monkeypatch.setattr(botalign, "align_steps", steps)
    ran = run(*typed)
    assert (ran.code, ran.err) == (
        130,
        f"botalign: interrupted; {out / 'moving.json'} and {out / 'moving.mrc'} were written, 2 maps were not aligned; "
        "run the same command again with --resume to align the rest.\n",
    )
    assert "moving.mrc: the file exists; keep what an interrupted run has finished with --resume, choose another" in (
        run(*typed).refused()
    )
    first = (out / "moving.json").read_bytes()
    stop = False
    ran = run(*typed, "--resume")
    assert (ran.code, ran.err) == (0, "")
    assert aligned == ["moving.mrc", "b.mrc", "c.mrc"]
    assert (out / "moving.json").read_bytes() == first
    assert [row["moving"] for row in rows_of(table)] == list(map(str, maps))
    assert sorted(listing(out)) == ["b.json", "b.mrc", "c.json", "c.mrc", "moving.json", "moving.mrc"]
    # A missing file, or a map that has changed since, is reason to do it again; other options are an error.
    (out / "b.mrc").unlink()
    os.utime(tmp_path / "c.mrc", ns=(0, time.time_ns() + 10**9))
    assert run(*typed, "--resume").code == 0
    assert aligned[3:] == ["b.mrc", "c.mrc"]
    error = run(*typed, "--resume", "--seed", "3").refused()
    assert "moving.json: the result was made with a different --seed; repeat the command that made it" in error
    # Without the result, the map is not resumed.
    shutil.rmtree(out)
    out.mkdir()
    (out / "moving.mrc").touch()
    assert "moving.mrc: the file exists; choose another name, or overwrite" in run(*typed).refused()


def test_resuming_compares_masks_half_maps_and_versions(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask, other, out, aligned = tmp_path / "mask.mrc", tmp_path / "other.mrc", tmp_path / "out", []
    for whole, inside in ((pair.fixed, mask), (pair.moving, other)):
        botalign.read(whole).with_data((botalign.read(whole).data > 0).astype("float32")).write(inside)
    align_steps = botalign.align_steps

    def steps(fixed: botalign.DensityMap, moving: botalign.DensityMap, options: object) -> object:
        aligned.append(Path(moving.name).name)
        return align_steps(fixed, moving, options)

    monkeypatch.setattr(botalign, "align_steps", steps)
    typed = ("align", pair.fixed, pair.moving, "--result", out / "r.json", "--hand", "keep", *QUICK)
    out.mkdir()
    masked = (*typed, "--mask-fixed", mask, "--mask-moving", other)
    assert run(*masked).code == 0
    assert run(*masked, "--resume").code == 0
    assert len(aligned) == 1
    os.utime(mask, ns=(0, time.time_ns() + 10**9))
    assert run(*masked, "--resume").code == 0
    assert len(aligned) == 2
    halves = ("--half-maps-fixed", pair.fixed, mask, "--half-maps-moving", pair.moving, other)
    assert "different --half-maps-fixed, --half-maps-moving;" in run(*masked, *halves, "--resume").refused()
    os.utime(mask, ns=(0, 0))
    monkeypatch.setattr(botalign, "__version__", "99.0", raising=False)
    assert run(*masked, "--resume").code == 0
    assert len(aligned) == 3


def test_what_resume_cannot_be_combined_with(run: Run, pair: Pair, tmp_path: Path) -> None:
    missing = run("align", pair.fixed, pair.moving, "--resume").refused()
    assert "--resume needs --result, the folder with the earlier results; add it." in missing
    typed = ("align", pair.fixed, pair.moving, pair.fixed, "--resume", "--common", "--result", tmp_path / "r.json")
    assert "--resume cannot be combined with --common; omit one of them." in run(*typed).refused()
    # What some other program has left where the map should go isn't replaced.
    out = tmp_path / "out"
    out.mkdir()
    (out / "moving.mrc").write_text("precious")
    assert "the file exists" in run("align", pair.fixed, pair.moving, "--resume", "-o", out, "--result", out).refused()
