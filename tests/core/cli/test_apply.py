import json
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign import read_header
from botalign.alignment.applying import EXPORTS
from botalign.cli.export import _USE
from botalign.geometry import MIRROR, geodesic_degrees, relion_rotations

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


@pytest.fixture
def near(pair: Pair, result_file: Path, tmp_path: Path) -> Path:
    """A folder with the result, the moving map, its half maps and other files."""
    folder = tmp_path / "near"
    folder.mkdir()
    (folder / "r.json").write_text(result_file.read_text().replace(str(pair.moving), "run_class001.mrc"))
    density_map = botalign.read(pair.moving)
    for name in ("run_class001", "run_half1_class001_unfil", "run_half2_class001_unfil"):
        density_map.write(folder / f"{name}.mrc")
    botalign.phantom(24).write(folder / "other_half1.mrc")
    return folder


def test_the_moving_map_of_the_result_and_its_half_maps(run: Run, near: Path, tmp_path: Path) -> None:
    assert run("apply", near / "r.json", "-o", tmp_path / "out").code == 0
    names = ["run_class001.mrc", "run_half1_class001_unfil.mrc", "run_half2_class001_unfil.mrc"]
    assert sorted(listing(tmp_path / "out")) == names
    ran = run("apply", near / "r.json", "-o", tmp_path / "a.mrc")
    assert ran.out == f"{near / 'run_class001.mrc'} -> {tmp_path / 'a.mrc'}\n"
    assert f"botalign: {names[1]} and {names[2]} were not moved; to move them too, give a folder with -o.\n" == ran.err


def test_the_moving_map_of_the_result_is_missing_or_another(run: Run, near: Path, tmp_path: Path) -> None:
    (near / "run_class001.mrc").unlink()
    assert (
        "run_class001.mrc: no such file, but it was aligned"
        in run("apply", near / "r.json", "-o", tmp_path / "a.mrc").refused()
    )
    botalign.phantom(24).write(near / "run_class001.mrc")
    assert "the grid is not that of the map" in run("apply", near / "r.json", "-o", tmp_path / "a.mrc").refused()


def test_the_fixed_map_is_noticed(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    ran = run("apply", result_file, pair.fixed, "-o", tmp_path / "a.mrc")
    advice = "to move it onto the other map, add --inverse."
    assert ran.err == f"botalign: warning: {pair.fixed}: this is the fixed map of {result_file}; {advice}\n"
    assert run("apply", result_file, pair.fixed, "-o", tmp_path / "b.mrc", "--inverse").err == ""


def test_a_mask_stays_within_its_range(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    moving = botalign.read(pair.moving)
    inside = moving.data > botalign.contour_level(moving)
    for name, high in (("one", 1), ("byte", 255)):
        moving.with_data(high * inside.astype(np.float32)).write(tmp_path / f"{name}.mrc")
        assert run("apply", result_file, tmp_path / f"{name}.mrc", "-o", tmp_path / f"{name}_moved.mrc").code == 0
        data = botalign.read(tmp_path / f"{name}_moved.mrc").data
        assert (data.min(), data.max()) == (0, high)
    moved = botalign.Alignment.read(result_file).apply(moving)
    assert moved.data.min() < 0  # a map is not cut


LIST = """data_optics

loop_
_rlnOpticsGroup
_rlnImagePixelSize
_rlnImageSize
1 3.3 42

data_particles

loop_
_rlnImageName
_rlnOpticsGroup
_rlnAngleRot
_rlnAngleTilt
_rlnAnglePsi
_rlnOriginXAngst
_rlnOriginYAngst
000001@a.mrcs 01 10 20 30 1.5 -2
000002@a.mrcs 01 -40 80 170 0 3
"""


def test_a_mixture_of_files(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.star").write_text(LIST)
    ran = run("apply", result_file, pair.moving, tmp_path / "p.star", "-o", tmp_path / "out", "--onto", pair.fixed)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(listing(tmp_path / "out")) == ["moving.mrc", "p.star"]
    old, new = (botalign.read_particles(path) for path in (tmp_path / "p.star", tmp_path / "out" / "p.star"))
    result = botalign.Alignment.read(result_file)
    np.testing.assert_allclose(new.poses[0], old.poses[0] @ result.moving_to_fixed[:, :3].T, atol=1e-7)
    assert run("apply", result_file, tmp_path / "p.star", "-o", tmp_path / "q.star", "-q").err == ""
    # The default box is that of the fixed map; the list is written like the other files.
    assert (tmp_path / "q.star").read_bytes() == (tmp_path / "out" / "p.star").read_bytes()
    assert "has the extension" not in run("apply", result_file, tmp_path / "p.star", "-o", tmp_path / "q.mrc").refused()
    ran = run("apply", result_file, tmp_path / "p.star", "-o", tmp_path / "r.star")
    assert ran.err == (
        f"botalign: the new poses belong to the box of fixed.mrc; maps for them are written with --onto {pair.fixed}.\n"
    )


def test_particles_and_a_mirror(run: Run, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.star").write_text(LIST)
    content = json.loads(result_file.read_text())
    matrix = np.array(content["moving_to_fixed"])
    matrix[:, :3] = matrix[:, :3] @ MIRROR
    (tmp_path / "m.json").write_text(json.dumps(content | {"moving_to_fixed": matrix.tolist(), "mirrored": True}))
    command = ("apply", tmp_path / "m.json", tmp_path / "p.star", "-o", tmp_path / "q.star", "-q")
    assert "but the particles keep their hand; --mirror gives them the poses" in run(*command).refused()
    assert not (tmp_path / "q.star").exists()
    assert run(*command, "--mirror").code == 0


def test_one_list_without_poses_stops_all(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.star").write_text("data_\n\nloop_\n_rlnImageName\n1@a.mrcs\n")
    refused = run("apply", result_file, pair.moving, tmp_path / "p.star", "-o", tmp_path / "out").refused()
    assert "no column _rlnAngleRot, _rlnAngleTilt, _rlnAnglePsi" in refused
    assert list(listing(tmp_path)) == ["p.star"]


@pytest.mark.parametrize("fault", ["mirror", "poses"])
def test_an_error_is_the_only_line(
    run: Run, pair: Pair, result_file: Path, tmp_path: Path, data_folder: Path, fault: str
) -> None:
    # Of a map with another box, and beside the fixed map, both of which are warned of.
    listed, result = data_folder / "lists" / "cryosparc_P12_J24_001_particles.cs", result_file
    if fault == "mirror":
        content = json.loads(result_file.read_text())
        content["moving_to_fixed"] = (np.diag([1, 1, -1]) @ np.array(content["moving_to_fixed"])).tolist()
        content["mirrored"] = True
        result = tmp_path / "r.json"
        result.write_text(json.dumps(content))
    else:
        given = np.load(listed)
        names = [name for name in given.dtype.names if not name.startswith("alignments3D")]
        listed = tmp_path / "no_poses.cs"
        with listed.open("wb") as file:
            np.save(file, np.array(given[names].tolist(), dtype=[(name, given.dtype[name]) for name in names]))
    said = run("apply", result, pair.fixed, listed, "-o", tmp_path / "out").refused()  # one line
    assert ("--mirror gives them" if fault == "mirror" else "no field alignments3D/pose") in said
    assert not (tmp_path / "out").exists()


def test_another_candidate(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    content = json.loads(result_file.read_text())
    other = np.array(content["moving_to_fixed"])
    other[:, 3] += [7, 0, 0]
    first = content["candidates"][0]
    content["candidates"] = [first, first | {"moving_to_fixed": other.tolist(), "as_good": True}]
    (tmp_path / "r.json").write_text(json.dumps(content))
    command = ("apply", tmp_path / "r.json", pair.moving)
    assert run(*command, "-o", tmp_path / "a.mrc", "--candidate", "1").code == 0
    moved = botalign.read(tmp_path / "a.mrc")
    assert moved.labels[-1].endswith(" moving.mrc by r.json, candidate 1")
    expected = botalign.resample(botalign.read(pair.moving), other, moved.grid)
    np.testing.assert_allclose(moved.data, expected.data)
    refused = run(*command, "-o", tmp_path / "b.mrc", "--candidate", "2").refused()
    assert "--candidate: got 2, but the result has 1 other candidate; 0 is the result itself." in refused
    assert run(*command, "-o", tmp_path / "out", "--all-places").code == 0
    assert sorted(listing(tmp_path / "out")) == ["moving_place_1.mrc", "moving_place_2.mrc"]
    np.testing.assert_allclose(botalign.read(tmp_path / "out" / "moving_place_2.mrc").data, expected.data)
    assert "--all-places cannot be combined" in run(*command, "-o", "x", "--all-places", "--candidate", "1").refused()
    (tmp_path / "p.star").write_text(LIST)
    refused = run("apply", tmp_path / "r.json", tmp_path / "p.star", "-o", tmp_path / "x", "--all-places").refused()
    assert "each particle has one pose; use --candidate instead of --all-places." in refused
    printed = run("export", tmp_path / "r.json", "--to", "matrix", "--candidate", "1", "-q").out
    np.testing.assert_allclose(np.array([line.split() for line in printed.splitlines()], dtype=float), other, atol=1e-9)


def test_a_candidate_that_fits_worse_gives_a_warning(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    content = json.loads(result_file.read_text())
    first = content["candidates"][0] | {"correlation": 0.9}
    mirrored = (np.diag([1, 1, -1]) @ np.array(content["moving_to_fixed"])).tolist()
    worse = first | {"as_good": False, "correlation": 0.5}
    content["candidates"] = [first, worse | {"moving_to_fixed": mirrored, "mirrored": not first["mirrored"]}, worse]
    (tmp_path / "r.json").write_text(json.dumps(content))
    for candidate, verb in ((1, "mirrors and fits"), (2, "fits")):
        values = "correlation about the mean 0.5000, not 0.9000"
        expected = f"candidate {candidate} {verb} worse than the result ({values})."
        for command in (("apply", pair.moving, "-o", tmp_path / f"{candidate}.mrc"), ("export", "--to", "matrix")):
            printed = run(command[0], tmp_path / "r.json", *command[1:], "--candidate", str(candidate))
            assert printed.code == 0
            assert f"botalign: warning: {tmp_path / 'r.json'}: {expected}" in printed.err


def test_a_result_with_the_other_hand_gives_a_warning(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    content = json.loads(result_file.read_text())
    content["hand"]["decision"] = "as given" if content["mirrored"] else "mirrored"
    (tmp_path / "r.json").write_text(json.dumps(content | {"verdict": "ambiguous"}))
    printed = run("apply", tmp_path / "r.json", pair.moving, "-o", tmp_path / "a.mrc")
    assert printed.code == 0
    assert "the maps match with the other hand only, so what is written is probably in the wrong place." in printed.err


def test_a_result_without_a_match_gives_a_warning(run: Run, pair: Pair, result_file: Path, tmp_path: Path) -> None:
    content = json.loads(result_file.read_text())
    result, out = tmp_path / "r.json", tmp_path / "out"
    result.write_text(json.dumps(content | {"verdict": "no match"}))
    expected = f"botalign: warning: {result}: the maps do not match, so what is written is probably in the wrong place."
    for options in ((), ("--all-places", "--overwrite")):
        ran = run("apply", result, pair.moving, "-o", f"{out}/", "--quiet", *options)
        assert (ran.code, ran.err) == (0, f"{expected}\n")
    ran = run("export", result, "--to", "matrix", "--quiet")
    assert (ran.code, ran.out) == (0, run("export", result_file, "--to", "matrix", "--quiet").out)
    assert ran.err == f"{expected.replace('what is written', 'what this transform moves')}\n"


def test_exports(run: Run, result_file: Path) -> None:
    result = botalign.Alignment.read(result_file)
    assert tuple(_USE) == EXPORTS
    for to in EXPORTS:
        ran = run("export", result_file, "--to", to, "--inverse")
        assert (ran.code, ran.out) == (0, result.export(to, inverse=True) + "\n")
        assert ran.err.startswith("botalign: ")
    assert run("export", result_file, "--to", "pyem", "-q").out == result.export("pyem") + "\n"
    assert (
        "rotates maps in cubic boxes only; apply the result to the map instead."
        in run("export", result_file, "--to", "relion").refused()
    )
    assert run("export", result_file, "--to", "chimerax", "--model", "#1.2", "-q").out.startswith(
        "view matrix models #1.2,"
    )
    assert "--to: got 'eman', expected one of chimerax, pyem," in run("export", result_file, "--to", "eman").refused()
    rows = [line.split() for line in result.export("euler").splitlines()]
    angles, shift = np.array(rows, dtype=float)
    # Euler angles of points are those of RELION, of coordinates, with the signs and the order reversed.
    rotation = relion_rotations([-angles[::-1]])[0]
    assert geodesic_degrees(rotation, result.moving_to_fixed[:, :3]) < 1e-6
    np.testing.assert_allclose(shift, result.moving_to_fixed[:, 3], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        (
            "p.star",
            "q.cs",
            "q.cs: -o writes p.star, a particle list of RELION, which cannot be written as a particle list of "
            "cryoSPARC; use .star.",
        ),
        (
            "p.csg",
            "q.cs",
            "p.csg: got the names of the files of a cryoSPARC group, expected a particle list; give the .cs file.",
        ),
        ("missing.star", "q.star", "missing.star: no such file; check the name."),
    ],
)
def test_lists_that_cannot_be_used(
    run: Run, pair: Pair, result_file: Path, tmp_path: Path, name: str, output: str, message: str
) -> None:
    (tmp_path / "p.star").write_text(LIST)
    (tmp_path / "p.csg").write_text("")
    assert message in run("apply", result_file, tmp_path / name, "-o", tmp_path / output).refused()
    assert sorted(listing(tmp_path)) == ["p.csg", "p.star"]
    assert (
        "q.star: -o writes moving.mrc, a density map, which cannot be written as a particle list of RELION; use one of"
        in run("apply", result_file, pair.moving, "-o", tmp_path / "q.star").refused()
    )
    refused = run("apply", tmp_path / "p.star", result_file, "-o", tmp_path / "q.star").refused()
    assert "p.star: got a particle list, expected a result file as the first argument" in refused
