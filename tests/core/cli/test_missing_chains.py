"""Every command that places models reports chains that the map does not show."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import botalign

from ..globules import globule_in
from .conftest import Run

pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")

AT = ("--resolution", 10, "--threads", 2)
ADVICE = "for chain B; move it in the model, or leave it out"


@dataclass(frozen=True)
class Files:
    """The map of a complex, its model, and a model with chain B at a wrong place."""

    density: Path
    right: Path
    wrong: Path


def write_model(path: Path, chains: dict[str, np.ndarray]) -> botalign.Model:
    lines, number = [], 0
    for name, points in chains.items():
        for residue, (x, y, z) in enumerate(points, start=1):
            number += 1
            lines.append(
                f"ATOM  {number:5}  CA  ALA {name}{residue:4}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  \n"
            )
    path.write_text("".join(lines))
    return botalign.read_model(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("chains")
    rng, chains = np.random.default_rng(2), {}
    for name, centre in (("A", (0, 0, 0)), ("B", (44, 0, 4)), ("C", (6, 42, 0))):
        chains[name] = globule_in(rng.uniform(14, 24, 3), rng, 200) + centre
    model = write_model(folder / "right.pdb", chains)
    botalign.simulate(model, 10.0, voxel_size_angstrom=3.0).write(folder / "map.mrc")
    write_model(folder / "wrong.pdb", chains | {"B": chains["B"] + [10, 50, 20]})
    return Files(folder / "map.mrc", folder / "right.pdb", folder / "wrong.pdb")


def test_align(run: Run, files: Files, tmp_path: Path) -> None:
    near = (*AT, "--hand", "keep")
    shown = run("align", files.density, files.wrong, *near).out
    assert "low density  the map has " in shown
    assert ADVICE in " ".join(shown.split())
    assert ADVICE not in run("align", files.density, files.right, *near).out
    as_json = run("align", files.density, files.wrong, *near, "--json", "--quiet")
    fits = json.loads(as_json.out)["chain_fits"]
    assert [(fit["name"], fit["is_missing"]) for fit in fits] == [("A", False), ("B", True), ("C", False)]
    assert ADVICE in as_json.err
    table = tmp_path / "t.csv"
    several = run("align", files.density, files.right, files.wrong, *near, "--table", table, "--quiet")
    notes = [line for line in several.err.splitlines() if "chain" in line]
    assert len(notes) == 1
    assert notes[0].startswith(f"botalign: warning: {files.wrong}: the map has ")
    assert notes[0].endswith(f"{ADVICE}.")
    with table.open(newline="") as file:
        assert [row["missing_chains"] for row in csv.DictReader(file)] == ["", "B"]


def test_rank(run: Run, files: Files) -> None:
    ran = run("rank", files.density, files.right, files.wrong, *AT, "--json")
    entries = {entry["name"]: entry for entry in json.loads(ran.out)["entries"]}
    assert entries[str(files.right)]["warnings"] == []
    assert [fit["is_missing"] for fit in entries[str(files.wrong)]["chain_fits"]] == [False, True, False]
    (text,) = entries[str(files.wrong)]["warnings"]
    assert text.endswith(f"{ADVICE}.")
    assert f"botalign: warning: {files.wrong}: {text}" in ran.err.splitlines()


def test_assemble(run: Run, files: Files) -> None:
    ran = run("assemble", files.density, files.wrong, "--resolution", 10)
    assert "low density  wrong.pdb: the map has " in ran.out.replace(str(files.wrong), "wrong.pdb")
    assert "warning" not in ran.err  # the summary has it
    as_json = run("assemble", files.density, files.wrong, "--resolution", 10, "--json")
    (warning,) = [line for line in as_json.err.splitlines() if "warning" in line]
    assert warning.endswith(f"{ADVICE}.")
    (placed,) = json.loads(as_json.out)["placed"]
    assert [fit["name"] for fit in placed["chain_fits"]] == ["A", "B", "C"]


def test_score(run: Run, files: Files) -> None:
    at = ("--resolution", 10)
    shown = run("score", files.density, files.wrong, *at).out
    assert ADVICE in " ".join(shown.split())
    assert "low density" not in run("score", files.density, files.right, *at).out
    fits = json.loads(run("score", files.density, files.wrong, *at, "--json").out)["chain_fits"]
    assert [fit["is_missing"] for fit in fits] == [False, True, False]
