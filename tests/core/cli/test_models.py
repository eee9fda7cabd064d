"""The commands with atomic models."""

import json
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.alignment.records import Candidate, Part
from botalign.cli import main
from botalign.cli.tables import mirror_advice, pose_warning
from botalign.geometry import compose, inverse, matrix_from_rotation_vector, transform_about
from botalign.simulation.phantoms import phantom_atoms

from .conftest import Pair, Ran, Run, listing

pytest.importorskip("gemmi", reason="gemmi is not installed (pip install gemmi)")

RESOLUTION = 12.0
AT = ("--resolution", str(RESOLUTION))
#: A short search for a part: near its pose, and for one hand.
NEAR = (*AT, "--hand", "keep", "--local", "8", "--threads", "2")


def pdb_text(points: np.ndarray, chains: Sequence[str]) -> str:
    return "".join(
        f"ATOM  {i:5d}  CA  ALA {chain}{i:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  \n"
        for i, ((x, y, z), chain) in enumerate(zip(points, chains, strict=True), start=1)
    )


@dataclass(frozen=True)
class Complex:
    """A complex of chains A and B as a model and as a map, and chain A near its place with what brings it back."""

    model: Path
    density: Path
    chain: Path
    both: Path
    answer: np.ndarray


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Complex:
    folder = tmp_path_factory.mktemp("complex")
    points = phantom_atoms()
    points = points[np.argsort(-points[:, 0])]
    count = int(0.3 * len(points))
    answer = transform_about(matrix_from_rotation_vector([0.03, -0.05, 0.04]), np.zeros(3), np.array([2.0, -1.5, 1.0]))
    (folder / "complex.pdb").write_text(pdb_text(points, "A" * count + "B" * (len(points) - count)))
    model = botalign.read_model(folder / "complex.pdb")
    botalign.simulate(model, RESOLUTION).write(folder / "complex.mrc")
    model.moved(inverse(answer)).write(folder / "both.pdb")
    botalign.phantom(36, voxel_size_angstrom=3.5, noise=0.1).write(folder / "half.mrc")
    botalign.read_model(folder / "both.pdb", chains="A").write(folder / "chain.pdb")
    return Complex(folder / "complex.pdb", folder / "complex.mrc", folder / "chain.pdb", folder / "both.pdb", answer)


def rmsd(path: Path, made: Complex) -> float:
    """Distance of chain A in a file from its place."""
    place = botalign.read_model(made.model, chains="A").points
    return float(np.sqrt(((botalign.read_model(path, chains="A").points - place) ** 2).sum(axis=1).mean()))


def test_a_chain_is_placed_in_a_map(run: Run, made: Complex, tmp_path: Path) -> None:
    placed, result, figure = tmp_path / "placed.cif", tmp_path / "r.json", tmp_path / "f.png"
    before = rmsd(made.chain, made)
    ran = run("align", made.density, made.chain, *NEAR, "-o", placed, "--result", result, "--figure", figure)
    assert ran.code == 0
    assert rmsd(placed, made) < 0.5 < before
    assert placed.read_text().startswith("data_")
    assert f"{made.chain} (chain A) onto {made.density}\n" in ran.out
    assert "\npart         the moving model, noticed by its volume, " in ran.out
    assert "% of the fixed map;\n             correlation of the edges inside it " in ran.out
    note = f"botalign: {made.chain} was taken for a part; if it is the whole molecule, run again with --whole.\n"
    assert ran.err == note
    assert figure.read_bytes().startswith(b"\x89PNG")
    found = botalign.Alignment.read(result)
    assert (found.moving.model, found.moving.chains, found.fixed.model) == (True, ("A",), False)
    assert found.part is not None
    place = botalign.read_model(made.chain).points.mean(axis=0)
    assert np.linalg.norm(np.array(found.part.centre_angstrom) - place) < 3
    # The transform moves the other chain, too.
    assert run("apply", result, made.both, "-o", tmp_path / "both.pdb").code == 0
    assert rmsd(tmp_path / "both.pdb", made) == pytest.approx(rmsd(placed, made), abs=1e-3)
    assert run("apply", result, placed, "-o", tmp_path / "back.pdb", "--inverse").code == 0
    np.testing.assert_allclose(
        botalign.read_model(tmp_path / "back.pdb").points, botalign.read_model(made.chain).points, atol=2e-3
    )


def test_an_ensemble_is_fitted_by_its_first_model_and_moved_as_a_whole(run: Run, made: Complex, tmp_path: Path) -> None:
    atoms = made.both.read_text()
    ensemble, placed, result = tmp_path / "nmr.pdb", tmp_path / "placed.pdb", tmp_path / "r.json"
    ensemble.write_text(f"MODEL        1\n{atoms}ENDMDL\nMODEL        2\n{atoms}ENDMDL\n")
    ran = run("align", made.density, ensemble, *AT, "--local", 10, "-o", placed, "--result", result)
    assert ran.code == 0
    warning = (
        "2 models, of which only the first one is used; a moved copy of the file contains all of them, moved together"
    )
    assert ran.err.count(f"botalign: warning: {ensemble}: {warning}.\n") == ran.err.count("2 models") == 1
    first, second = placed.read_text().split("ENDMDL\n")[:2]
    assert first.splitlines()[1:] == second.splitlines()[1:] != atoms.splitlines()
    assert run("apply", result, ensemble, "-o", tmp_path / "applied.pdb").code == 0
    assert (tmp_path / "applied.pdb").read_bytes() == placed.read_bytes()
    ran = run("rank", made.density, ensemble, *AT)
    assert ran.err.count(f"botalign: warning: {ensemble}: 2 models") == ran.err.count("2 models") == 1


def test_one_chain_of_a_model(run: Run, made: Complex, tmp_path: Path) -> None:
    ran = run("align", made.density, made.both, "--chain", "A", *NEAR, "-o", tmp_path / "placed.pdb")
    assert ran.code == 0
    assert botalign.read_model(tmp_path / "placed.pdb").chains == ("A",)
    assert rmsd(tmp_path / "placed.pdb", made) < 0.5
    for typed in (("--chain", "A,B"), ("--chain", "A", "--chain", "B")):
        scores = run("score", made.density, made.model, *AT, *typed, "--json").out
        assert scores == run("score", made.density, made.model, *AT, "--json").out


def test_chains_of_the_fixed_model(run: Run, made: Complex, tmp_path: Path) -> None:
    chain = botalign.simulate(botalign.read_model(made.chain), RESOLUTION)
    chain.write(tmp_path / "chain.mrc")
    options = ("--chain", "A", "--whole", "--evaluations", "30", "--size", "24", "--hand", "keep")
    ran = run("align", made.model, tmp_path / "chain.mrc", *AT, *options, "--result", tmp_path / "r.json")
    assert (ran.code, ran.err) == (0, "")
    found = botalign.Alignment.read(tmp_path / "r.json")
    assert found.fixed.chains == ("A",)
    assert found.part is None
    assert found.parameters["partial"] is False


def test_a_map_is_aligned_to_a_model(run: Run, made: Complex, tmp_path: Path) -> None:
    """The written map has its own voxel size, in a box that contains all of it."""
    turned = compose(np.column_stack([matrix_from_rotation_vector([0, 0, 0.6]), [30.0, 0, 0]]), made.answer)
    moving = botalign.simulate(botalign.read_model(made.model).moved(inverse(turned)), RESOLUTION)
    moving.write(tmp_path / "moving.mrc")
    quick = ("--whole", "--evaluations", "40", "--size", "24", "--hand", "keep")
    ran = run("align", made.model, tmp_path / "moving.mrc", *AT, *quick, "-o", tmp_path / "out.mrc")
    assert (ran.code, ran.err) == (0, "")
    written = botalign.read(tmp_path / "out.mrc")
    assert written.grid.voxel_size_angstrom == pytest.approx(moving.grid.voxel_size_angstrom)
    assert min(written.grid.size_angstrom[:2] - moving.grid.size_angstrom[:2]) > 5
    assert written.data.sum() == pytest.approx(moving.data.sum(), rel=1e-3)
    scores = json.loads(run("score", tmp_path / "out.mrc", made.model, *AT, "--json").out)
    assert scores["correlation"] > 0.99


def test_a_map_that_is_a_part_is_noticed(run: Run, made: Complex, tmp_path: Path) -> None:
    botalign.simulate(botalign.read_model(made.chain), RESOLUTION).write(tmp_path / "chain.mrc")
    near = ("--hand", "keep", "--local", "8")
    ran = run("align", made.density, tmp_path / "chain.mrc", *near, "-o", tmp_path / "placed.mrc")
    assert ran.code == 0
    assert "\npart         the moving map, noticed by its volume, " in ran.out
    assert "chain.mrc was taken for a part; if it is the whole molecule, run again with --whole.\n" in ran.err
    assert botalign.read(tmp_path / "placed.mrc").grid == botalign.read(made.density).grid
    confirmed = run("align", made.density, tmp_path / "chain.mrc", *near, "--partial", "--json")
    assert json.loads(confirmed.out)["part"]["reason"] == "requested"
    assert "--whole" not in confirmed.err


def test_several_models(run: Run, made: Complex, tmp_path: Path) -> None:
    other = tmp_path / "b.ent.gz"
    botalign.read_model(made.chain).write(other)
    folders = ("-o", tmp_path / "out", "--result", tmp_path / "r", "--table", tmp_path / "t.csv")
    command = ("align", made.density, made.chain, other, *NEAR, *folders)
    assert run(*command).code == 0
    assert sorted(listing(tmp_path / "out")) == ["b.ent.gz", "chain.pdb"]
    assert sorted(listing(tmp_path / "r")) == ["b.json", "chain.json"]
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 3
    before = listing(tmp_path)
    assert run(*command, "--resume").code == 0
    assert {name: data for name, data in listing(tmp_path).items() if name != "t.csv"} == {
        name: data for name, data in before.items() if name != "t.csv"
    }
    (tmp_path / "out" / "b.ent.gz").unlink()
    assert run(*command, "--resume").code == 0
    assert (tmp_path / "out" / "b.ent.gz").exists()


def test_other_chains_are_not_resumed(run: Run, made: Complex, tmp_path: Path) -> None:
    command = ("align", made.density, made.both, *NEAR, "--result", f"{tmp_path}/")
    assert run(*command, "--chain", "A").code == 0
    error = run(*command, "--chain", "B", "--resume").refused()
    assert "both.json: the result was made with a different moving model (chains A of both.pdb, now B); " in error
    (tmp_path / "both.json").rename(tmp_path / "chain.json")
    error = run("align", made.density, made.chain, *NEAR, "--result", f"{tmp_path}/", "--resume").refused()
    assert "chain.json: the result was made with a different moving model (both.pdb, now chain.pdb); " in error


def test_a_warning_names_the_written_file(run: Run, made: Complex, tmp_path: Path) -> None:
    cell = "CRYST1   50.000   60.000   70.000  90.00  90.00  90.00 P 1           1\n"
    (tmp_path / "crystal.pdb").write_text(cell + made.chain.read_text())
    ran = run("align", made.density, tmp_path / "crystal.pdb", *NEAR, "-o", tmp_path / "placed.pdb", "--quiet")
    assert ran.code == 0
    start = f"botalign: warning: {tmp_path / 'placed.pdb'}: left out because they do not apply to the moved model: "
    assert ran.err.startswith(start)
    assert ran.err.count("\n") == 1


def test_the_scores_of_a_model(run: Run, made: Complex) -> None:
    from botalign.scores import model_fit

    fit = model_fit(botalign.read(made.density), botalign.read_model(made.model), RESOLUTION)
    for files in ((made.density, made.model), (made.model, made.density)):
        ran = run("score", *files, *AT)
        assert (ran.code, ran.err) == (0, "")
        table = dict(line.split("  ", 1) for line in ran.out.splitlines())
        table = {name: value.strip() for name, value in table.items()}
        assert table["map"] == str(made.density)
        assert table["model"] == f"{made.model}, {len(phantom_atoms())} atoms, at 12 A"
        assert table["correlation"] == f"{fit.correlation:.4f}"
        assert table["FSC 0.5"] == f"{fit.fsc_resolution_angstrom:.2f} A or finer"
        assert table["mean density at atoms"] == f"{fit.mean_density:.4g}"
        assert table["atoms above contour"].startswith(f"{100 * fit.fraction_above_contour:.1f}% (contour level ")
    scores = json.loads(run("score", made.density, made.model, *AT, "--json", "--contour-level-a", "0.1").out)
    assert scores["second"] == str(made.model)
    assert scores["contour_level"] == 0.1
    assert scores["mean_density"] == fit.mean_density
    assert "wemd_angstrom" not in scores


def test_the_curve_of_a_model(run: Run, made: Complex, tmp_path: Path) -> None:
    from botalign.scores import model_fit

    fit = model_fit(botalign.read(made.density), botalign.read_model(made.model), RESOLUTION)
    curve, figure = tmp_path / "f.csv", tmp_path / "f.png"
    ran = run("score", made.density, made.model, *AT, "--fsc", curve, "--figure", figure)
    assert (ran.code, ran.err) == (0, "")
    header, *rows = (line.split(",") for line in curve.read_text().splitlines())
    assert header[-1] == "fsc_masked"
    np.testing.assert_allclose([float(row[-1]) for row in rows], fit.shells.correlation, rtol=1e-4)
    assert figure.read_bytes().startswith(b"\x89PNG")
    for option in ("--partial", "--whole", "--mask"):
        typed = [option, made.density] if option == "--mask" else [option]
        assert option in run("score", made.density, made.model, *AT, *typed).refused()


def test_requirements_for_a_model(run: Run, made: Complex) -> None:
    met = ("--require", "correlation=0.9", "--require", "fraction_above_contour=0.5", "--require", "mean_density=0")
    assert run("score", made.density, made.model, *AT, *met).code == 0
    ran = run("score", made.density, made.chain, *AT, "--require", "fraction_above_contour=1.1")
    assert ran.code == 1
    assert ran.err.startswith("botalign: fraction_above_contour is ")
    error = run("score", made.density, made.model, *AT, "--require", "wemd=1").refused()
    assert "--require: wemd is not a score here; use one of correlation, " in error
    error = run("score", made.density, made.density, "--require", "mean_density=1").refused()
    assert "--require: mean_density is not a score here; use one of correlation, " in error


def test_info_about_a_model(run: Run, made: Complex) -> None:
    ran = run("info", made.model, made.density)
    assert (ran.code, ran.err) == (0, "")
    assert f"format  PDB\natoms   {len(phantom_atoms())}\nchains  " in ran.out
    facts = json.loads(run("info", made.model, "--json").out)
    assert sorted(facts["chains"]) == ["A", "B"]
    np.testing.assert_allclose(facts["lowest_angstrom"], phantom_atoms().min(axis=0), atol=1e-3)


def test_the_names_of_many_chains_are_wrapped(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = string.ascii_letters + string.digits
    points = np.random.default_rng(0).uniform(-40, 40, (len(names), 3))
    (tmp_path / "many.pdb").write_text(pdb_text(points, names))
    lines = run("info", tmp_path / "many.pdb").out.splitlines()[3:]
    listed = [lines[0].removeprefix("chains  "), *(line.strip() for line in lines[1:] if line.startswith("        "))]
    assert " ".join(listed) == " ".join(names)
    assert max(map(len, lines)) < 80
    assert lines[2].startswith("extent")
    whole = botalign.simulate(botalign.read_model(tmp_path / "many.pdb"), RESOLUTION)
    whole.write(tmp_path / "many.mrc")
    ran = run("assemble", "many.mrc", "many.pdb", *AT, "-q")
    (start,) = (number for number, line in enumerate(ran.out.splitlines()) if line.startswith("chains"))
    first, second = ran.out.splitlines()[start : start + 2]
    assert (len(first) < 80, second[:13].strip(), ran.out.count("\nchains")) == (True, "", 1)


def test_a_model_is_recognised_by_its_content(run: Run, made: Complex, tmp_path: Path) -> None:
    unusual = tmp_path / "complex.pdb1"
    unusual.write_bytes(made.model.read_bytes())
    assert "format  PDB\n" in run("info", unusual).out
    assert "map     " not in run("info", unusual).out
    ran = run("align", made.density, unusual, *NEAR, "--chain", "A", "-o", f"{tmp_path / 'out'}/")
    assert ran.code == 0
    assert sorted(listing(tmp_path / "out")) == ["complex.cif"]
    (tmp_path / "plain.txt").write_text("neither a map nor a model\n" * 100)
    assert "not a map" in run("info", tmp_path / "plain.txt").refused()


def bad_models(made: Complex, folder: Path) -> dict[str, tuple[Path, str]]:
    text = made.chain.read_text()
    contents = {
        "empty": ("", "is empty, expected an atomic model"),
        "no atoms": ("HEADER    NOTHING\nEND\n", "no atoms"),
        "not finite": (text.replace(text[30:38], "     nan", 1), "not finite"),
        "not a number": (text.replace(text[30:38], "   x.yyy", 1), "are not numbers"),
        "text": ("neither\n" * 50, "not an atomic model in PDB or mmCIF format"),
        "large": (pdb_text(np.array([[-900.0, 0, 0], [4000.0, 0, 0]]), "AA"), "box of"),
    }
    found = {}
    for name, (content, reason) in contents.items():
        (folder / f"{name}.pdb").write_text(content)
        found[name] = (folder / f"{name}.pdb", reason)
    found["a map"] = (folder / "map.pdb", "got a density map, expected an atomic model")
    found["a map"][0].write_bytes(made.density.read_bytes())
    found["missing"] = (folder / "nope.cif", "no such file")
    return found


def test_models_that_cannot_be_aligned(run: Run, made: Complex, tmp_path: Path) -> None:
    for kind, (bad, reason) in bad_models(made, tmp_path).items():
        before = listing(tmp_path)
        outputs = ("-o", tmp_path / "out.cif", "--result", tmp_path / "r.json")
        error = run("align", made.density, bad, *AT, *outputs).refused()
        assert reason in error, kind
        assert str(bad) in error, kind
        assert listing(tmp_path) == before, kind


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            "",
            "--resolution is missing; an atomic model needs the resolution of the map, expected a number from 1 to",
        ),
        ("--resolution 0.5", "--resolution: got 0.5, expected a number from 1 to 100 A."),
        ("--resolution 101", "--resolution: got 101, expected a number from 1 to 100 A."),
        ("--resolution x", "--resolution: got 'x', expected a number from 1 to 100 A."),
        ("--resolution 5", "--resolution: got 5 A, expected at least 8 A, two voxels of "),
        ("--resolution 12 --chain C", "no chain C; it has "),
        ("--resolution 12 --hand auto", "--hand auto: a model is never mirrored; test the hand of the map with --hand"),
        ("--resolution 12 --weights w.mrc", "--weights compares two maps, but "),
        ("--resolution 12 --half-maps-fixed {0} {1} --half-maps-moving {0} {1}", "which has no half maps; omit"),
        (
            "--resolution 12 -o out.mrc",
            "out.mrc: -o writes chain.pdb, an atomic model, which cannot be written as a density map; use one of",
        ),
        ("--resolution 12 -o out.txt", "out.txt: unknown extension; use one of .cif, "),
        ("--resolution 12 --partial --loss l2", "--loss l2 cannot be combined with --partial: "),
    ],
)
def test_options_that_cannot_be_used(
    run: Run, made: Complex, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    options = options.format(pair.fixed, made.density.with_name("half.mrc"))
    typed = options.split() if "-o " in options else [*options.split(), "-o", "out.cif"]
    assert reason in run("align", made.density, made.chain, *typed).refused()
    assert listing(tmp_path) == {}


def test_a_resolution_is_suggested(run: Run, made: Complex) -> None:
    suggestion = f"if it is unknown, try 12 A, three voxels of {made.density}."
    for command in (("align", made.density, made.chain), ("score", made.density, made.chain)):
        assert suggestion in run(*command).refused()
    # A single line for many models.
    assert run("align", made.density, made.chain, made.model).refused().count("--resolution") == 1


def test_options_for_maps_only(run: Run, made: Complex, pair: Pair, tmp_path: Path) -> None:
    two = (made.chain, made.model, *AT, "-o", tmp_path / "out", "--common")
    assert (
        f"--common averages the moving maps, but {made.chain} is an atomic"
        in run("align", made.density, *two).refused()
    )
    assert (
        "-o writes moving.mrc, a density map, which" in run("align", made.model, pair.moving, "-o", "a.cif").refused()
    )
    error = run("align", pair.fixed, pair.moving, "--chain", "A").refused()
    assert error == "botalign: error: --chain: none of the inputs is an atomic model; omit it.\n"
    assert "--chain: none of the inputs" in run("score", pair.fixed, pair.moving, "--chain", "A").refused()
    assert "--resolution: only an atomic model" in run("score", pair.fixed, pair.moving, *AT).refused()
    assert "both are atomic models, expected a map" in run("score", made.model, made.chain, *AT).refused()
    error = run("score", made.density, made.model, *AT, "--contour-level-b", "1").refused()
    assert "--contour-level-b: " in error
    assert "has no contour level; omit it" in error
    assert listing(tmp_path) == {}


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ("distances {map} {model} -o D.zarr", "`botalign distances`"),
        ("embed {model} -o out", "`botalign embed`"),
        ("landscape {model} {map} -o out", "`botalign landscape`"),
        ("landscape z.npy {map} --volumes {model} -o out", "--volumes"),
        ("classify {model} -k 2 -o out", "`botalign classify`"),
        ("potential {map} {model} -o p.mrc", "`botalign potential`"),
        ("flip {model} -o f.mrc", "`botalign flip`"),
        ("align {map} {map} --mask-fixed {model}", "--mask-fixed"),
        ("align {map} {map} --half-maps-fixed {map} {model}", "--half-maps-fixed"),
        ("align {map} {map} --start {model}", "--start"),
        ("apply r.json {map} --onto {model} -o out.mrc", "--onto"),
    ],
)
def test_a_model_where_none_is_possible(
    run: Run, made: Complex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run(*typed.format(map=made.density, model=made.model).split()).refused()
    takers = (
        "`botalign align`, `botalign assemble`, `botalign apply`, `botalign rank`, `botalign score`, `botalign info`"
    )
    end = f"{made.model}: got an atomic model, but {what} takes none; these commands do: {takers}.\n"
    assert error == f"botalign: error: {end}"
    assert listing(tmp_path) == {}


@pytest.mark.parametrize(
    "typed",
    [
        "assemble {map} {model} --resolution 12 --unexplained out.pdb",
        "align {map} {map} --loss core --weights out.pdb",
        "orient {map} --symmetrised out.pdb",
        "potential {map} {map} -o out.pdb",
        "flip {map} -o out.pdb",
    ],
)
def test_an_output_with_the_extension_of_a_model_is_a_map(
    run: Run, made: Complex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run(*typed.format(map=made.density, model=made.model).split()).refused()
    option = typed.split()[-2]
    assert f"out.pdb: {option} writes a density map, which cannot be written as an atomic model; use one of" in error
    assert listing(tmp_path) == {}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("align {map} {map} --result out.pdb", "out.pdb: unknown extension; use .json"),
        ("align {map} {map} --figure out.pdb", "out.pdb: unknown extension; use one of .png"),
        ("align {map} {map} --report out.pdb", "out.pdb: unknown extension; use .html"),
        ("orient {map} --result out.pdb", "out.pdb: unknown extension; use .json"),
        ("orient {map} --operations out.pdb", "out.pdb: unknown extension; use one of .json"),
        ("score {map} {map} --fsc out.pdb", "out.pdb: unknown extension; use one of .csv"),
    ],
)
def test_an_output_with_the_extension_of_a_model_is_no_input(
    run: Run, made: Complex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert expected in run(*typed.format(map=made.density).split()).refused()
    assert listing(tmp_path) == {}


def test_a_model_where_the_result_belongs(run: Run, made: Complex) -> None:
    error = run("apply", made.model, made.density, "-o", "out.mrc").refused()
    assert "got an atomic model, expected a result file as the first argument" in error


def test_without_gemmi(run: Run, made: Complex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gemmi", None)
    for command in (("align", made.density, made.chain, *AT, "-o", tmp_path / "a.cif"), ("info", made.chain)):
        assert "pip install 'botalign[models]'" in run(*command).refused()
    assert listing(tmp_path) == {}


def test_flip(run: Run, made: Complex, pair: Pair, tmp_path: Path) -> None:
    ran = run("flip", pair.moving, "-o", tmp_path / "flipped.mrc")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{pair.moving} -> {tmp_path / 'flipped.mrc'}\n"
    given, flipped = botalign.read(pair.moving), botalign.read(tmp_path / "flipped.mrc")
    assert flipped.grid == given.grid
    np.testing.assert_array_equal(flipped.data, given.data[::-1])
    assert flipped.labels[-1].endswith(" moving.mrc, mirrored in z")
    assert run("flip", tmp_path / "flipped.mrc", pair.fixed, "-o", tmp_path / "out", "--quiet").out == ""
    np.testing.assert_array_equal(botalign.read(tmp_path / "out" / "flipped.mrc").data, given.data)
    assert "the file exists" in run("flip", pair.moving, "-o", tmp_path / "flipped.mrc").refused()
    assert "is an input" in run("flip", pair.moving, "-o", pair.moving, "--overwrite").refused()
    assert "no such file" in run("flip", pair.moving, tmp_path / "nope.mrc", "-o", tmp_path / "more").refused()
    assert not (tmp_path / "more").exists()


@pytest.fixture(scope="session")
def flipped(made: Complex) -> Path:
    path = made.density.with_name("flipped.mrc")
    assert main(["flip", str(made.density), "-o", str(path), "--quiet"]) == 0
    return path


def test_a_map_with_the_wrong_hand(run: Run, made: Complex, flipped: Path, tmp_path: Path) -> None:
    quick = (*AT, "--whole", "--size", "24")
    wrong = run("align", flipped, made.both, *quick, "-o", tmp_path / "a.pdb")
    assert "\nhand         mirrored " in wrong.out
    assert "the map has the wrong hand\n" in wrong.out
    assert "the map has the wrong hand, so it must be flipped first\n" in wrong.out
    target = f"{flipped.stem}_flipped.mrc"
    advice = f"run `botalign flip {flipped} -o {target}`, and use {target} instead."
    assert wrong.err == f"botalign: {flipped} has the wrong hand; {advice}\n"
    right = run("align", made.both, flipped, *quick, "--hand", "auto", "-o", tmp_path / "map.mrc")
    assert "certain, the map mirrored because it has the wrong hand\n" in right.out
    assert right.err == ""
    scores = json.loads(run("score", tmp_path / "map.mrc", made.both, *AT, "--json").out)
    assert scores["correlation"] > 0.98
    mirror = tmp_path / "mirror.json"
    mirror.write_text(run("align", made.both, flipped, *quick, "--hand", "auto", "--json").out)
    error = run("apply", mirror, made.chain, "-o", tmp_path / "b.pdb").refused()
    assert f"{made.chain}: the transform contains a mirror, but an atomic model is never mirrored; " in error
    error = run("align", made.density, made.chain, *AT, "--start", mirror, "--quiet").err
    assert "error: --start contains a mirror, but " in error


def result(ran: Ran, tmp_path: Path) -> botalign.Alignment:
    (tmp_path / "from.json").write_text(ran.out)
    return botalign.Alignment.read(tmp_path / "from.json")


def test_places_that_fit_equally_well(run: Run, made: Complex, tmp_path: Path) -> None:
    found = result(run("align", made.density, made.chain, *NEAR, "--json"), tmp_path)
    first = found.candidates[0]

    def at(distance: float, quality: float, *, as_good: bool, mirrored: bool = False) -> Candidate:
        pose = compose(np.column_stack([np.eye(3), [distance, 0, 0]]), first.moving_to_fixed)
        return Candidate(pose, mirrored, 0.5, quality, as_good=as_good)

    equal = [at(30.0 + i, 0.9 - i / 100, as_good=True) for i in range(6)]
    rest = (at(50.0, 0.4, as_good=False), at(9.0, 0.3, as_good=False, mirrored=True))
    several = replace(found, verdict="certain", candidates=(first, *equal, *rest))
    assert several.verdict_text == "certain, one of 7 places that fit equally well"
    assert len(several.alternatives) == 6
    assert several.alternatives[0] == "0.9000 at 30.0 A and 0 degrees from the result, fits as well"
    assert several.alternatives[-1] == "and 2 more (1 fit as well)"
    value = f"correlation of the edges, {first.quality:.4f} for the result:"
    assert f"\nalternatives {value}\n             0.9000 at 30.0 A" in several.to_text()
    assert str(pose_warning(several, "r.json", candidate=7)).endswith(
        f"candidate 7 fits worse than the result (correlation of the edges 0.4000, not {first.quality:.4f})."
    )
    whole = replace(several, part=None)
    assert "\nalternatives correlation about the mean, " in whole.to_text()
    of_core = replace(whole, candidates=tuple(replace(each, share=0.5) for each in several.candidates))
    value = "fraction of the fixed molecule in common, 0.5000 for the result:"
    assert f"\nalternatives {value}\n             0.5000 at 30.0 A" in of_core.to_text()
    assert "\n             0.8900 at 31.0 A" in several.to_text()
    assert all(len(line) <= 80 for line in several.to_text().splitlines()[1:])
    assert replace(several, verdict="no match").alternatives == ()
    assert replace(several, verdict="no match").verdict_text.startswith("no match: no place of the part stands out; ")
    assert "alternatives" not in replace(several, candidates=(first,)).to_text()
    # The place of a fixed part is in the moving map.
    assert several.part is not None
    turned = replace(several, part=Part("fixed", 0.3, "mask", (0.0, 0.0, 0.0)))
    assert turned.alternatives[0].startswith("0.9000 at 30.0 A")
    assert str(turned.part_text).startswith("the fixed map inside its mask, 30% of the moving model; correlation of")


def test_the_hand_of_two_maps_or_two_models_is_not_judged(run: Run, made: Complex, tmp_path: Path) -> None:
    found = result(run("align", made.density, made.chain, *NEAR, "--json"), tmp_path)
    hand = botalign.alignment.HandDecision("mirrored", 0.3, 0.9, -0.6, 0.01)
    wrong = replace(found, hand=hand, verdict="no match")
    assert wrong.map_has_wrong_hand
    assert wrong.verdict_text == "no match: the map has the wrong hand, so it must be flipped first"
    assert str(mirror_advice(wrong)).startswith(f"{made.density} has the wrong hand; run `botalign flip ")
    for role, model in (("moving", False), ("fixed", True)):
        same = replace(wrong, **{role: replace(getattr(wrong, role), model=model)})
        assert not same.map_has_wrong_hand
        assert "wrong hand" not in same.to_text()


def test_a_model_at_all_its_places(run: Run, made: Complex, result_file: Path, tmp_path: Path) -> None:
    content = json.loads(result_file.read_text())
    first = content["candidates"][0] | {"moving_to_fixed": content["moving_to_fixed"], "as_good": False}
    other = np.column_stack([np.diag([-1.0, -1, 1]), [5.0, 0, 0]])
    places = [{"as_good": True}, {"as_good": True, "mirrored": True}, {}]
    content["candidates"] = [first, *(first | {"moving_to_fixed": other.tolist()} | place for place in places)]
    (tmp_path / "r.json").write_text(json.dumps(content))
    assert run("apply", tmp_path / "r.json", made.chain, "-o", tmp_path / "out", "--all-places").code == 0
    assert sorted(listing(tmp_path / "out")) == ["chain_place_1.pdb", "chain_place_2.pdb"]
    chain = botalign.read_model(made.chain)
    placed = botalign.read_model(tmp_path / "out" / "chain_place_2.pdb")
    np.testing.assert_allclose(placed.points, chain.moved(other).points, atol=2e-3)
    run("apply", tmp_path / "r.json", made.chain, "-o", tmp_path / "a.cif", "--candidate", "3")
    np.testing.assert_allclose(botalign.read_model(tmp_path / "a.cif").points, placed.points, atol=2e-3)


def test_chains_after_a_colon_are_for_assemble(run: Run, made: Complex) -> None:
    typed = f"{made.chain}:A"
    expected = f"botalign: error: {typed}: no such file; to use chain A of {made.chain}, use --chain A.\n"
    for command in ("align", "rank"):
        assert run(command, made.density, typed, "--resolution", 10).refused() == expected
