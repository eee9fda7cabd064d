"""``botalign assemble``."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.cli.part_arguments import PartArgument
from botalign.geometry import apply_transform, random_rotations

from ..globules import globule_in
from .conftest import Run

pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")

RESOLUTION = 10.0


@dataclass(frozen=True)
class Files:
    """A map of two molecules, their files, the second one also as a map, and a part that is not there."""

    whole: Path
    first: Path
    second: Path
    second_map: Path
    wrong: Path
    places: list[np.ndarray]


def write_globule(path: Path, seed: int) -> botalign.Model:
    """Write an invented model of 200 carbon atoms inside an ellipsoid."""
    rng = np.random.default_rng(seed)
    points = globule_in(rng.uniform(13, 25, 3), rng, 200)
    lines = [
        f"ATOM  {i:5}  CA  ALA A{i:4}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  "
        for i, (x, y, z) in enumerate(points, start=1)
    ]
    path.write_text("\n".join(lines) + "\n")
    return botalign.read_model(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("complex")
    models = [write_globule(folder / f"{name}.pdb", seed) for seed, name in enumerate(("first", "second", "wrong"))]
    rotations = random_rotations(2, np.random.default_rng(3))
    places = [np.column_stack([rotations[0], (9, -5, 2)]), np.column_stack([rotations[1], (47, 3, -6)])]
    placed = [model.moved(place) for model, place in zip(models, places, strict=False)]
    both = botalign.Model(
        np.concatenate([each.points for each in placed]), np.concatenate([each.weights for each in placed])
    )
    botalign.simulate(both, RESOLUTION, voxel_size_angstrom=4.0).write(folder / "whole.mrc")
    botalign.simulate(models[1], RESOLUTION).write(folder / "second.mrc")
    names = ("whole.mrc", "first.pdb", "second.pdb", "second.mrc", "wrong.pdb")
    return Files(*(folder / name for name in names), places)


def test_models_are_written_as_one(run: Run, files: Files, tmp_path: Path) -> None:
    target, table, rest = (tmp_path / name for name in ("complex.cif", "places.csv", "rest.mrc"))
    ran = run(
        "assemble", files.whole, files.first, files.second, files.wrong, "--resolution", RESOLUTION, "-o", target,
        "--table", table, "--unexplained", rest,
    )  # fmt: skip
    assert ran.code == 1
    assert ran.err.count("\n") == 1
    assert ran.err == f"botalign: warning: not placed: {files.wrong}.\n"
    assert ran.out.startswith(f"parts        2 of 3 placed in {files.whole}\n")
    assert f"written      {target}, {table}, {rest}" in ran.out
    listed = " ".join(ran.out.split())
    assert f"chains {files.first}: A; {files.second}: B not placed" in listed
    found = botalign.read_model(target)
    assert found.chains == ("A", "B")
    expected = [
        apply_transform(place, botalign.read_model(path).points)
        for path, place in zip((files.first, files.second), files.places, strict=True)
    ]
    apart = np.linalg.norm(found.points - np.concatenate(expected), axis=1)
    assert np.sqrt((apart**2).mean()) < 1
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["part"], row["verdict"], row["chains"]) for row in rows] == [
        (str(files.first), "certain", "A:A"), (str(files.second), "certain", "A:B"), (str(files.wrong), "no match", ""),
    ]  # fmt: skip
    assert botalign.read(rest).grid == botalign.read(files.whole).grid
    assert not (tmp_path / "complex.cif.partial").exists()


def test_a_complex_without_parts_is_not_written(run: Run, files: Files, tmp_path: Path) -> None:
    target = tmp_path / "complex.cif"
    ran = run("assemble", files.whole, files.wrong, "--resolution", RESOLUTION, "-o", target)
    assert ran.code == 1
    assert f"not written  {target}, because no model was placed\n" in ran.out
    assert "joint" not in ran.out
    assert list(tmp_path.iterdir()) == []


def test_a_map_of_the_wrong_hand_is_noticed(run: Run, files: Files, tmp_path: Path) -> None:
    flipped = tmp_path / "map.mrc"
    whole = botalign.read(files.whole)
    whole.with_data(whole.data[::-1]).write(flipped)
    ran = run("assemble", flipped, files.first, "--resolution", RESOLUTION)
    assert ran.code == 1
    text = f"{flipped} may have the wrong hand, because the mirror image of {files.first} fits into it"
    assert f"hand {text}" in " ".join(ran.out.split())
    advice = f"run `botalign flip {flipped} -o map_flipped.mrc`, and use map_flipped.mrc instead."
    assert f"{text}; {advice}" in ran.err


def test_maps_and_models_are_written_to_a_folder(run: Run, files: Files, tmp_path: Path) -> None:
    folder = tmp_path / "placed"
    ran = run("assemble", files.whole, files.first, files.second_map, "--resolution", "10", "-o", folder, "--json")
    assert (ran.code, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content["format"] == "botalign-assembly"
    assert [each["verdict"] for each in content["placed"]] == ["certain", "certain"]
    assert [each["chains"] for each in content["placed"]] == [{"A": "A"}, {}]
    assert sorted(path.name for path in folder.iterdir()) == ["complex.cif", "places.csv", "second.mrc"]
    placed = botalign.read(folder / "second.mrc")
    model = botalign.read_model(files.second).moved(files.places[1])
    truth = botalign.simulate(model, RESOLUTION, grid=botalign.read(files.whole).grid)
    assert placed.grid == truth.grid
    assert np.corrcoef(placed.data.ravel(), truth.data.ravel())[0, 1] > 0.98


def test_an_interrupted_command_resumes(
    run: Run, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "complex.cif"
    typed = ("assemble", files.whole, files.first, files.second, "--resolution", "10", "-o", target, "--threads", "1")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("botalign.complexes.assembler.refine_together", interrupt)
        ran = run(*typed)
    assert ran.code == 130
    assert f"finished searches are kept in {target}.partial" in ran.err
    kept = sorted(path.name for path in Path(f"{target}.partial").glob("*.npz"))
    assert kept == ["round_1_part_0000.npz", "round_1_part_0001.npz"]
    with monkeypatch.context() as patched:
        patched.setattr("botalign.complexes.assembler.places_block", interrupt)  # no search is repeated
        assert run(*typed).code == 0
    assert target.exists()
    assert not Path(f"{target}.partial").exists()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("{first}", "{first}"), "{first}: given 2 times; for 2 copies of it, write {first}@2."),
        (("{first}@3", "{first}"), "{first}: given 2 times; for 4 copies of it, write {first}@4."),
        (("{first}@0",), "{first}: got '0' after the @, expected the number of copies, from 1 to 500, such as @2."),
        (("{first}@many",), "{first}: got 'many' after the @, expected the number of copies, from 1"),
        (("{first}@501",), "{first}: got '501' after the @, expected the number of copies, from 1 to 500"),
        (("{first}:",), "{first}: got '' after the colon, expected names of chains, such as :A,B."),
        (("{first}:A,@2",), "{first}: got 'A,' after the colon, expected names of chains, such as :A,B."),
        (("{first}:Z@2",), "{first}: no chain Z; it has A."),
        (("{first}:A", "{first}:A"), "{first}:A: given 2 times; for 2 copies of it, write {first}:A@2."),
        (
            ("{first}", "{first}:A"),
            "{first}:A: chain A is also in {first}; give each chain in one part only, and several copies of it as "
            "{first}:A@2.",
        ),
        (("{pair}:B,A", "{second}", "{pair}:B"), "{pair}:B: chain B is also in {pair}:B,A; give each chain in one"),
        (("{pair}:B,A@2", "{pair}"), "{pair}: chain B is also in {pair}:B,A; give each chain in one part only"),
        (("missing.pdb",), "missing.pdb: no such file; check the name."),
        (("{first}", "missing.pbd", "-o", "{folder}/c.cif"), "missing.pbd: no such file; check the name."),
        (("{first}", "{second_map}", "-o", "{folder}/c.cif"), "-o needs a folder for the placed maps"),
        (
            ("{first}", "-o", "{folder}/c.pdb"),
            "c.pdb: -o writes several models as one, in mmCIF format; use the extension .cif, or give a folder, such",
        ),
        (
            ("{first}", "-o", "{folder}/c.txt"),
            "c.txt: -o writes several models as one, in mmCIF format; use the extension .cif, or give a folder, such "
            "as placed/.",
        ),
        (
            ("{second_map}", "-o", "{folder}/c.txt"),
            "c.txt: got a file name, but -o needs a folder for the placed maps; give one, such as placed/.",
        ),
        (("{first}", "{folder}/copy.pdb"), "copy.pdb: the same molecule as {first}, so the two cannot be"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    run: Run, files: Files, tmp_path: Path, typed: tuple[str, ...], expected: str
) -> None:
    other_name = files.first.read_text().replace("ALA A", "ALA B")
    (tmp_path / "copy.pdb").write_text(other_name)
    (tmp_path / "pair.pdb").write_text(files.second.read_text() + other_name)
    names = vars(files) | {"folder": tmp_path, "pair": tmp_path / "pair.pdb"}
    ran = run("assemble", files.whole, *(each.format(**names) for each in typed), "--resolution", "10")
    assert expected.format(**names) in ran.refused()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.pdb", "pair.pdb"]


def test_the_resolution_is_needed_for_models(run: Run, files: Files, tmp_path: Path) -> None:
    error = run("assemble", files.whole, files.first, "-o", tmp_path / "c.cif").refused()
    assert "--resolution is missing" in error
    assert not list(tmp_path.iterdir())


def test_the_whole_is_a_map(run: Run, files: Files) -> None:
    error = run("assemble", files.first, files.second, "--resolution", "10").refused()
    assert f"{files.first}: got an atomic model, expected the map of the complex" in error


def test_no_parts(run: Run, files: Files) -> None:
    assert "PART[:A,B][@N]: missing argument" in run("assemble", files.whole).refused()


def test_a_number_of_copies_follows_the_last_at_sign(tmp_path: Path) -> None:
    named = tmp_path / "a@3"
    named.touch()
    assert PartArgument.parsed("b@x.cif@2") == PartArgument(Path("b@x.cif"), 2)
    assert PartArgument.parsed("b.cif") == PartArgument(Path("b.cif"), 1)
    assert PartArgument.parsed(str(named)) == PartArgument(named, 1)


def test_chains_follow_the_last_colon(tmp_path: Path) -> None:
    named = tmp_path / "a.pdb:A"
    named.touch()
    assert PartArgument.parsed("x.cif:A") == PartArgument(Path("x.cif"), 1, ("A",))
    assert PartArgument.parsed("C:/x.cif.gz:A,B2@3") == PartArgument(Path("C:/x.cif.gz"), 3, ("A", "B2"))
    assert PartArgument.parsed("C:/x.cif") == PartArgument(Path("C:/x.cif"), 1)
    assert PartArgument.parsed("x.mrc:mrc") == PartArgument(Path("x.mrc:mrc"), 1)
    assert PartArgument.parsed(str(named)) == PartArgument(named, 1)
    assert PartArgument.parsed(f"{named}@2") == PartArgument(named, 2)


def test_the_chains_of_a_part_without_a_place_are_suggested(run: Run, files: Files, tmp_path: Path) -> None:
    part = tmp_path / "part.pdb"
    moved = botalign.read_model(files.second).moved(np.column_stack([np.eye(3), (15, 0, 0)]))
    moved.write(tmp_path / "moved.pdb")
    text = (tmp_path / "moved.pdb").read_text().replace("ALA A", "ALA B")
    part.write_text(files.wrong.read_text() + text)
    command = ("assemble", files.whole, part, "--resolution", RESOLUTION)
    ran = run(*command)
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        f"botalign: {part} has 2 chains; if the map shows only some of them, or another arrangement, place them "
        f"separately: write {part}:A {part}:B."
    )
    assert "place them" not in run(*command, "--quiet").err


def test_single_chains_of_a_part_that_is_too_large_are_suggested(run: Run, files: Files, tmp_path: Path) -> None:
    part = tmp_path / "part.pdb"
    atoms = ""
    for chain, path, shift in (("A", files.first, -50.0), ("B", files.second, 0.0), ("C", files.wrong, 50.0)):
        model = botalign.read_model(path).moved(np.column_stack([np.eye(3), (0, shift, 0)]))
        model.write(tmp_path / f"{chain}.pdb")
        lines = (tmp_path / f"{chain}.pdb").read_text().replace("ALA A", f"ALA {chain}").splitlines(keepends=True)
        atoms += "".join(line for line in lines if line.startswith("ATOM"))
    part.write_text(atoms)
    error = run("assemble", files.whole, part, "--resolution", RESOLUTION).refused()
    assert error.startswith(f"botalign: error: {part}: 1.")
    assert error.endswith(
        "is the voxel size of the map right, or are only some of its 3 chains in it? To give single chains, write "
        f"{part}:A {part}:B {part}:C.\n"
    )


def test_chains_of_one_file_are_parts(run: Run, files: Files, tmp_path: Path) -> None:
    both, target = tmp_path / "both.pdb", tmp_path / "complex.cif"
    both.write_text(files.first.read_text() + files.second.read_text().replace("ALA A", "ALA B"))
    ran = run("assemble", files.whole, f"{both}:B", f"{both}:A", "--resolution", RESOLUTION, "-o", target)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()[1:3]] == [f"{both}:B", f"{both}:A"]
    found = botalign.read_model(target)
    assert found.chains == ("B", "A")
    expected = [
        apply_transform(place, botalign.read_model(path).points)
        for path, place in zip((files.second, files.first), files.places[::-1], strict=True)
    ]
    apart = np.linalg.norm(found.points - np.concatenate(expected), axis=1)
    assert np.sqrt((apart**2).mean()) < 1


def test_a_warning_about_a_part_names_its_file_once(run: Run, files: Files, tmp_path: Path) -> None:
    part = tmp_path / "part.pdb"
    part.write_text(files.first.read_text().replace("  1.00 20.00", "  0.00 20.00"))
    ran = run("assemble", files.whole, part, files.second, "--resolution", RESOLUTION, "--processes", 2)
    assert ran.code == 0
    assert ran.err.splitlines()[0] == f"botalign: warning: {part}: all occupancies are 0; every atom counts fully."
    assert ran.err.count("occupancies") == 1
