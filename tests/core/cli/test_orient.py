"""``botalign orient``."""

import json
from pathlib import Path

import numpy as np
import pytest

import botalign

from .conftest import Run

LYING = [[0, 0, 1, 6], [0, 1, 0, -4], [-1, 0, 0, 3]]


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ring of five whose axis is along x."""
    path = tmp_path_factory.mktemp("ring") / "ring.mrc"
    botalign.phantom(40, voxel_size_angstrom=4.0, symmetry="C5", transform=LYING).write(path)
    return path


def test_map_result_and_operations_are_written(run: Run, ring: Path, tmp_path: Path) -> None:
    names = ("o.mrc", "r.json", "s.mrc", "g.json")
    target, result, average, operations = (tmp_path / name for name in names)
    typed = ("-o", target, "--result", result, "--symmetrised", average, "--operations", operations)
    ran = run("orient", ring, *typed)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("symmetry     C5\n")
    assert all(str(tmp_path / name) in ran.out for name in names)
    given, oriented = botalign.read(ring), botalign.read(target)
    assert oriented.grid == given.grid
    content = json.loads(operations.read_text())
    assert (content["group"], len(content["operations"])) == ("C5", 5)
    turned = botalign.resample(oriented, content["operations"][1], oriented.grid)
    assert botalign.score(oriented, turned).scores.correlation > 0.999
    assert botalign.score(oriented, botalign.read(average)).scores.correlation > 0.999
    # The result moves whatever belongs to the map.
    moved = tmp_path / "moved.mrc"
    assert run("apply", result, ring, "-o", moved).code == 0
    np.testing.assert_array_equal(botalign.read(moved).data, oriented.data)


def test_operations_as_biomt_records(run: Run, ring: Path, tmp_path: Path) -> None:
    """As gemmi reads them: they map the oriented map onto itself."""
    gemmi = pytest.importorskip("gemmi")
    names = tmp_path / "o.mrc", tmp_path / "g.txt"
    assert run("orient", ring, "-o", names[0], "--operations", names[1]).code == 0
    operators = gemmi.read_pdb_string(names[1].read_text()).assemblies[0].generators[0].operators
    assert len(operators) == 5
    oriented = botalign.read(names[0])
    read = operators[1].transform
    turned = botalign.resample(oriented, np.column_stack([read.mat.tolist(), read.vec.tolist()]), oriented.grid)
    assert botalign.score(oriented, turned).scores.correlation > 0.999


def test_each_order_is_reported(run: Run, ring: Path) -> None:
    assert "\nrotations    C5: agreement 1.0" in run("orient", ring).out


def test_without_symmetry_nothing_is_written(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "m.mrc", tmp_path / "o.mrc"
    botalign.phantom(32, voxel_size_angstrom=4.0).write(source)
    ran = run("orient", source, "-o", target)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("symmetry     C1\n")
    assert ran.out.endswith("written      nothing\n")
    assert not target.exists()


def test_json(run: Run, ring: Path) -> None:
    ran = run("orient", ring, "--json", "--symmetry", "C5")
    content = json.loads(ran.out)
    assert (ran.code, content["symmetry"]["group"], content["requested"]) == (0, "C5", True)
    assert content["is_symmetric"]
    assert len(content["transform"]) == 3


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("--symmetry", "Q3"), "--symmetry: got 'Q3', expected Cn or Dn"),
        (
            ("--symmetry", "I", "--setting", "I9"),
            "--setting: got 'I9' for I, expected one of those of T: T, T222 or I: I2, I1, I3, I4",
        ),
        (("-o", "o.json"), ".mrc"),
    ],
)
def test_bad_input(run: Run, ring: Path, typed: tuple[str, ...], words: str) -> None:
    assert words in run("orient", ring, *typed).refused()
