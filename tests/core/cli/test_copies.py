"""``botalign align --copies``."""

import csv
import json
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.geometry import apply_transform, compose, inverse, point_group, random_rotations
from botalign.scores import ChainFit

from .conftest import Run

gemmi = pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")


@dataclass(frozen=True)
class Made:
    """A map of four copies of a model, the model, a map of it, and the result of an alignment of both."""

    folder: Path
    with_model: botalign.Alignment
    with_map: botalign.Alignment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("copies")
    rng = np.random.default_rng(21)
    points = rng.normal(size=(60, 3)) * [9.0, 6.0, 4.0]
    points = points[np.abs(points).max(axis=1) < 16] @ random_rotations(1, rng)[0].T
    first = np.column_stack([np.eye(3), [22.0, 5.0, 13.0]])
    poses = [compose(np.column_stack([each, np.zeros(3)]), first) for each in point_group("D2")]
    motion = np.column_stack([random_rotations(1, rng)[0], [4.0, -3.0, 5.0]])
    atoms = enumerate(apply_transform(motion, points), start=1)
    lines = (
        f"ATOM  {i:5d}  CA  ALA A{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  \n"
        for i, (x, y, z) in atoms
    )
    (folder / "part.pdb").write_text("".join(lines))
    part = botalign.read_model(folder / "part.pdb")
    placed = np.concatenate([apply_transform(compose(pose, inverse(motion)), part.points) for pose in poses])
    whole = botalign.simulate(
        botalign.Model(placed, np.tile(part.weights, 4)), 10.0, grid=botalign.Grid.cube(52, 2.5, np.zeros(3))
    )
    density = botalign.simulate(part, 10.0, voxel_size_angstrom=2.5)
    whole.write(folder / "whole.mrc")
    density.write(folder / "density.mrc")
    whole, density = botalign.read(folder / "whole.mrc"), botalign.read(folder / "density.mrc")
    result = botalign.align(whole, part, resolution=10, copies=4, hand="keep", threads=2)
    reference = replace(result.moving, name=density.name, grid=density.grid, model=False, chains=())
    return Made(folder, result, replace(result, moving=reference))


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> Callable[[botalign.Alignment], None]:
    """Return a function that lets the command find a known result at once."""

    def find(result: botalign.Alignment) -> None:
        def steps(*_: object) -> Generator[botalign.Progress, None, botalign.Alignment]:
            yield botalign.Progress("search", 1, 2)
            return result

        monkeypatch.setattr(botalign, "align_steps", steps)

    return find


def test_models_are_written_as_one_file_with_a_table(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    finds(made.with_model)
    folder = tmp_path / "placed"
    given = (made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10, "--copies", 4)
    done = run("align", *given, "-o", f"{folder}/", "--result", tmp_path / "r.json")
    assert done.code == 0, done.err
    assert "copies       4 copies, D2" in done.out
    assert {path.name for path in folder.iterdir()} == {"part_copies.cif", "part_copies.csv"}
    written = botalign.read_model(folder / "part_copies.cif")
    assert len(set(written.chains)) == 4
    copies = made.with_model.copies
    assert copies is not None
    part = botalign.read_model(made.folder / "part.pdb")
    expected = np.concatenate([apply_transform(copy.moving_to_fixed, part.points) for copy in copies.placed])
    np.testing.assert_allclose(written.points, expected, atol=2e-3)
    with (folder / "part_copies.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["copy"] for row in rows] == ["1", "2", "3", "4"]
    assert {row["verdict"] for row in rows} == {"certain"}
    assert [row["chains"] for row in rows] == ["A:A", "A:B", "A:C", "A:D"]
    assert "\nchains       copy 1: A; copy 2: B; copy 3: C; copy 4: D\nwritten " in done.out
    in_file = json.loads((tmp_path / "r.json").read_text())["copies"]["placed"]
    assert [copy["chains"] for copy in in_file] == [{"A": "A"}, {"A": "B"}, {"A": "C"}, {"A": "D"}]
    matrix = [[float(rows[2][f"m{i}{j}"]) for j in range(1, 5)] for i in range(1, 4)]
    np.testing.assert_array_equal(matrix, copies.placed[2].moving_to_fixed)
    assert botalign.Alignment.read(tmp_path / "r.json").to_json() == made.with_model.to_json()


def test_python_writes_the_same_file_as_the_command(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    finds(made.with_model)
    given = (made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10, "--copies", 4)
    assert run("align", *given, "-o", tmp_path / "command.cif").code == 0
    part, copies = botalign.read_model(made.folder / "part.pdb"), made.with_model.copies
    assert copies is not None
    copies.write(tmp_path / "python.cif", part)
    assert (tmp_path / "python.cif").read_bytes() == (tmp_path / "command.cif").read_bytes()
    structure = gemmi.read_structure(str(tmp_path / "python.cif"))
    assert [len(entity.subchains) for entity in structure.entities] == [4]
    with pytest.raises(botalign.InputError, match="the file exists"):
        copies.write(tmp_path / "python.cif", part)
    with pytest.raises(botalign.InputError, match=r"model: got the path 'part\.pdb', expected a Model"):
        copies.write(tmp_path / "other.cif", "part.pdb")  # type: ignore[arg-type]
    assert not (tmp_path / "other.cif").exists()


def test_chains_are_suggested_if_a_model_with_several_does_not_match(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    part, map_ = made.folder / "part.pdb", made.folder / "whole.mrc"
    note = (
        f"botalign: {part} has 2 chains; if the map shows only some of them, or another arrangement, place them "
        "separately: start with --chain X."
    )
    for verdict, chains, expected in (("no match", ("X", "Y"), 1), ("no match", ("X",), 0), ("certain", ("X", "Y"), 0)):
        moving = replace(made.with_model.moving, chains=chains)
        for copies in (made.with_model.copies, None):
            finds(replace(made.with_model, moving=moving, verdict=verdict, copies=copies))
            options = () if copies is None else ("--copies", 4)
            assert run("align", map_, part, "--resolution", 10, *options).err.splitlines().count(note) == expected


def test_the_chains_that_the_map_does_not_show_are_named_with_their_copies(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    copies = made.with_model.copies
    assert copies is not None
    shown, low = (ChainFit("A", 1.0), ChainFit("B", 0.9)), (ChainFit("A", 1.0), ChainFit("B", 0.0))
    placed = tuple(
        replace(each, chain_fits=low if number == 2 else shown) for number, each in enumerate(copies.placed, start=1)
    )
    finds(replace(made.with_model, copies=replace(copies, placed=placed)))
    given = ("align", made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10, "--copies", 4)
    text = "in copy 2, the map has almost no density for chain B; leave it out there"
    done = run(*given, "--table", tmp_path / "t.csv")
    assert f"low density {text}" in " ".join(done.out.split())
    assert done.err == ""  # the summary has it
    with (tmp_path / "t.csv").open(newline="") as file:
        assert [row["missing_chains"] for row in csv.DictReader(file)] == ["", "B", "", ""]
    as_json = run(*given, "--json")
    assert as_json.err == f"botalign: warning: {made.with_model.moving.name}: {text}.\n"
    fits = [copy["chain_fits"] for copy in json.loads(as_json.out)["copies"]["placed"]]
    assert [[fit["is_missing"] for fit in each] for each in fits] == [[False, number == 1] for number in range(4)]


def test_maps_are_written_into_a_folder_on_the_grid_of_the_fixed_one(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    finds(made.with_map)
    given = (made.folder / "whole.mrc", made.folder / "density.mrc", "--copies", "auto", "-o", tmp_path / "placed")
    done = run("align", *given, "--json", "--quiet")
    assert done.code == 0, done.err
    assert json.loads(done.out)["copies"]["placed"][3]["verdict"] == "certain"
    names = {"density_copies.csv", *(f"density_0{number}.mrc" for number in (1, 2, 3, 4))}
    assert {path.name for path in (tmp_path / "placed").iterdir()} == names
    whole = botalign.read(made.folder / "whole.mrc")
    total = sum(botalign.read(tmp_path / "placed" / f"density_0{number}.mrc").data for number in (1, 2, 3, 4))
    assert botalign.read(tmp_path / "placed" / "density_01.mrc").grid == whole.grid
    assert np.corrcoef(total.ravel(), whole.data.ravel())[0, 1] > 0.99
    again = run("align", *given)
    assert "density_01.mrc" in again.refused()
    assert "--overwrite" in again.err


def test_fewer_than_wanted_are_written_with_exit_code_one(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    assert made.with_model.copies is not None
    finds(replace(made.with_model, copies=replace(made.with_model.copies, wanted=6)))
    given = (made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10, "--copies", 6)
    done = run("align", *given, "-o", tmp_path / "complex.cif.gz")
    assert done.code == 1
    assert len(botalign.read_model(tmp_path / "complex.cif.gz").chains) == 4
    assert "4 copies, D2, 2 fewer than asked for" in done.out
    (line,) = [line for line in done.err.splitlines() if "warning" in line]
    assert "4 of the 6 copies fit into" in line


def test_if_no_copy_matches_the_exit_code_is_one(
    made: Made, tmp_path: Path, run: Run, finds: Callable[[botalign.Alignment], None]
) -> None:
    copies = made.with_model.copies
    assert copies is not None
    chance = replace(copies.placed[0], probability=0.5, verdict="no match")
    finds(replace(made.with_model, copies=replace(copies, placed=(chance,), wanted=None, symmetry=None)))
    given = (made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10, "--copies", "auto")
    done = run("align", *given, "--table", tmp_path / "t.csv")
    assert done.code == 1
    (line,) = [line for line in done.err.splitlines() if "warning" in line]
    assert f"no copy matches {made.folder / 'whole.mrc'}; the best place may be due to chance." in line
    lines = [line[13:] for line in done.out.splitlines()]
    assert lines[lines.index("none matches; the best place may be due to chance") :][1:3] == [
        "no match; chance 50% that a wrong place fits as well",
        f"correlation of the edges {chance.correlation:.4f}",
    ]


def test_a_file_that_does_not_exist_is_named_first(made: Made, run: Run) -> None:
    done = run("align", made.folder / "whole.mrc", made.folder / "part.pbd", "--copies", 4, "-o", "placed.cif")
    assert done.refused() == f"botalign: error: {made.folder / 'part.pbd'}: no such file; check the name.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--copies", "0"), "--copies: got 0, expected auto or a whole number from 1 to 500"),
        (("--copies", "all"), "--copies: got 'all', expected auto or a whole number from 1 to 500"),
        (("--copies", "4", "--figure", "f.png"), "--figure cannot be combined with --copies"),
        (("--copies", "4", "--resume"), "--resume cannot be combined with --copies"),
        (("--copies", "4", "--whole"), "--whole cannot be combined with --copies 4"),
        (("--copies", "4", "-o", "placed.pdb"), "placed.pdb: -o writes several models as one, in mmCIF format"),
        (("--copies", "4", "--local", "5"), "--local cannot be combined with --copies 4"),
    ],
)
def test_what_cannot_be_done_is_refused(
    made: Made, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = (made.folder / "whole.mrc", made.folder / "part.pdb", "--resolution", 10)
    assert message in run("align", *given, *options).refused()
    assert not list(tmp_path.iterdir())


def test_several_parts_or_a_file_for_maps_are_refused(
    made: Made, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    whole, density = made.folder / "whole.mrc", made.folder / "density.mrc"
    several = run("align", whole, density, made.folder / "part.pdb", "--resolution", 10, "--copies", 2)
    assert "--copies: got 2 moving maps, expected one; `botalign assemble`" in several.refused()
    one_file = run("align", whole, density, "--copies", 2, "-o", "placed.mrc")
    assert "placed.mrc: got a file name, but -o needs a folder" in one_file.refused()


def test_the_help_shows_the_word_for_counting(run: Run) -> None:
    assert "--copies N|auto" in " ".join(run("align", "--help").out.split())


@pytest.mark.parametrize("number", ["4", "auto"])
def test_maps_of_copies_that_exist_are_refused_before_the_search(
    made: Made, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    def searched(*_: object) -> None:
        raise AssertionError("the search has begun")

    monkeypatch.setattr(botalign, "align_steps", searched)
    (tmp_path / "density_03.mrc").write_bytes(b"kept")
    typed = ["align", made.folder / "whole.mrc", made.folder / "density.mrc", "--copies", number, "-o", f"{tmp_path}/"]
    done = run(*typed)
    assert done.code == 2
    assert "density_03.mrc" in done.err
    assert (tmp_path / "density_03.mrc").read_bytes() == b"kept"


@pytest.mark.parametrize("number", ["4", "auto"])
def test_no_input_is_overwritten_by_a_copy(made: Made, tmp_path: Path, run: Run, number: str) -> None:
    whole, part = tmp_path / "part_02.mrc", tmp_path / "part.mrc"
    whole.write_bytes((made.folder / "whole.mrc").read_bytes())
    part.write_bytes((made.folder / "density.mrc").read_bytes())
    before = whole.read_bytes()
    done = run("align", whole, part, "--copies", number, "-o", f"{tmp_path}/", "--overwrite")
    assert done.code == 2
    assert "part_02.mrc" in done.err
    assert whole.read_bytes() == before
