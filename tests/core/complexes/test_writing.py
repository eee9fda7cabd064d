"""Files of placed parts."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.complexes.writing import TableRow, write_table

pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")

LINE = "ATOM      1  CA  ALA {}   1       1.000   2.000   3.000  1.00 20.00           C  \n"
SHIFT = np.array([[1.0, 0, 0, 10], [0, 1, 0, 0], [0, 0, 1, 0]])


@pytest.fixture
def models(tmp_path: Path) -> list[botalign.Model]:
    found = []
    for name in "AB":
        path = tmp_path / f"{name}.pdb"
        path.write_text(LINE.format(name))
        found.append(botalign.read_model(path))
    return found


@pytest.mark.parametrize("name", ["complex.cif", "complex.cif.gz"])
def test_placed_models_are_written_as_one(tmp_path: Path, models: list[botalign.Model], name: str) -> None:
    first, second = models
    names = botalign.write_complex(tmp_path / name, [first, second.moved(SHIFT), first], [np.eye(3, 4), SHIFT, SHIFT])
    assert names == [{"A": "A"}, {"B": "B"}, {"A": "C"}]
    complex_ = botalign.read_model(tmp_path / name)
    assert complex_.chains == ("A", "B", "C")
    assert complex_.points.tolist() == [[1, 2, 3], [21, 2, 3], [11, 2, 3]]


def test_a_model_from_arrays_cannot_be_written(tmp_path: Path) -> None:
    model = botalign.Model(np.zeros((1, 3)), np.ones(1), name="carbon")
    with pytest.raises(botalign.InputError, match="carbon: the model was not read from a file"):
        botalign.write_complex(tmp_path / "complex.cif", [model], [np.eye(3, 4)])
    assert not list(tmp_path.iterdir())


def test_models_and_transforms_of_a_complex_are_counted(tmp_path: Path, models: list[botalign.Model]) -> None:
    for given, found in (([], "0 models and 1 transform"), (models, "2 models and 1 transform")):
        with pytest.raises(botalign.InputError, match=f"transforms: got {found}, expected at least one model"):
            botalign.write_complex(tmp_path / "complex.cif", given, [np.eye(3, 4)])
    one: Any = models[0]
    with pytest.raises(botalign.InputError, match="models: got an object of type Model, expected a sequence of atomic"):
        botalign.write_complex(tmp_path / "complex.cif", one, [np.eye(3, 4)])
    nothing: Any = None
    with pytest.raises(botalign.InputError, match="transforms: got None, expected a sequence of transforms"):
        botalign.write_complex(tmp_path / "complex.cif", models, nothing)
    with pytest.raises(botalign.InputError, match=r"models: got the path 'a\.pdb', expected a Model"):
        botalign.write_complex(tmp_path / "complex.cif", ["a.pdb"], [np.eye(3, 4)])  # type: ignore[list-item]
    assert not (tmp_path / "complex.cif").exists()


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (np.diag([1.0, 1.0, -1.0, 1.0])[:3], "contains a mirror"),
        (2 * np.eye(3, 4), "a matrix that is not rigid"),
        (np.eye(4), r"an array of shape \(4, 4\)"),
    ],
)
def test_a_complex_is_never_mirrored_or_scaled(
    tmp_path: Path, models: list[botalign.Model], transform: np.ndarray, message: str
) -> None:
    with pytest.raises(botalign.InputError, match=message):
        botalign.write_complex(tmp_path / "complex.cif", models, [np.eye(3, 4), transform])
    assert not (tmp_path / "complex.cif").exists()


def test_only_mmcif_holds_a_complex(tmp_path: Path, models: list[botalign.Model]) -> None:
    with pytest.raises(botalign.InputError, match=r"unknown extension; use one of \.cif"):
        botalign.write_complex(tmp_path / "complex.pdb", models, [np.eye(3, 4)] * 2)
    assert not (tmp_path / "complex.pdb").exists()


def test_the_table_has_a_row_for_each_part(tmp_path: Path) -> None:
    rows = [TableRow("a.pdb", 1, "certain", SHIFT, 1e-6, 0.9, {"A": "C", "B": "D"}), TableRow("b.pdb", 0, "no match")]
    write_table(tmp_path / "placed.csv", rows)
    with (tmp_path / "placed.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["part"], first["copy"], first["verdict"], first["chains"]) == ("a.pdb", "1", "certain", "A:C B:D")
    assert (float(first["probability"]), float(first["correlation"])) == (1e-6, 0.9)
    assert [float(first[f"m{i}{j}"]) for i in (1, 2, 3) for j in (1, 2, 3, 4)] == SHIFT.ravel().tolist()
    assert second["verdict"] == "no match"
    assert second["m11"] == second["probability"] == ""
    with pytest.raises(botalign.InputError, match="the file exists"):
        write_table(tmp_path / "placed.csv", rows)
