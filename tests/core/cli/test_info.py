import json
from pathlib import Path

import numpy as np
import pytest

import botalign

from .conftest import Pair, Run


def test_the_facts(run: Run, pair: Pair) -> None:
    ran = run("info", pair.moving)
    assert (ran.code, ran.err) == (0, "")
    assert "voxels         42 x 40 x 38" in ran.out
    assert "voxel size     3.3 x 3.3 x 3.3 A" in ran.out
    assert "origin         (-66, -64, -60) A (field origin)" in ran.out
    assert "axis order     1, 2, 3" in ran.out
    level = botalign.contour_level(botalign.read(pair.moving))
    assert f"contour level  {level:.4g} suggested" in ran.out


def test_json(run: Run, pair: Pair) -> None:
    facts = json.loads(run("info", pair.moving, "--json").out)
    density_map = botalign.read(pair.moving)
    assert facts["shape"] == [38, 40, 42]
    assert facts["maximum"] == pytest.approx(density_map.data.max())
    assert facts["contour_level"] == pytest.approx(botalign.contour_level(density_map))


def test_several_maps(run: Run, pair: Pair) -> None:
    ran = run("info", pair.moving, pair.fixed)
    assert (ran.code, ran.err) == (0, "")
    alone = [run("info", path).out for path in (pair.moving, pair.fixed)]
    assert ran.out == "\n".join(alone)
    facts = json.loads(run("info", pair.moving, pair.fixed, "--json").out)
    assert [entry["name"] for entry in facts] == [str(pair.moving), str(pair.fixed)]


def test_one_bad_map_of_several_does_not_hide_the_others(run: Run, pair: Pair, tmp_path: Path) -> None:
    ran = run("info", pair.moving, tmp_path / "nope.mrc", pair.fixed)
    assert ran.code == 2
    assert ran.err == f"botalign: error: {tmp_path / 'nope.mrc'}: no such file; check the name.\n"
    assert ran.out == run("info", pair.moving, pair.fixed).out


def test_a_constant_map_has_no_contour(run: Run, tmp_path: Path) -> None:
    flat = botalign.DensityMap(np.full((8, 8, 8), 2.5, np.float32), botalign.Grid((8, 8, 8)))
    flat.write(tmp_path / "flat.mrc.gz", history="made for a test")
    ran = run("info", tmp_path / "flat.mrc.gz")
    assert ran.code == 0
    assert "contour level  none" in ran.out
    assert "mode 2 (float32), gzip" in ran.out
    assert "label          made for a test" in ran.out


def test_an_error_in_a_header_gives_a_warning_of_one_line(run: Run, pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "off.mrc"
    path.write_bytes(pair.fixed.read_bytes() + b"tail")
    ran = run("info", path)
    assert ran.code == 0
    assert ran.err == f"botalign: warning: {path}: 4 bytes too long, the surplus ignored.\n"
