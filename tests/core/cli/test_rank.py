import csv
import json
import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import botalign
from botalign.columns import short_names
from botalign.progress import Progress
from botalign.ranking.items import Item

from .conftest import Pair, Run, listing

ATOMS = """\
ATOM      1  CA  ALA A   1       1.000   2.000   3.000  1.00 20.00           C
ATOM      2  CA  ALA A   2       4.000   5.000   6.000  1.00 20.00           C
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "a.pdb"
    path.write_text(ATOMS)
    return path


def test_chains_of_models(run: Run, pair: Pair, model: Path, tmp_path: Path) -> None:
    other, table = tmp_path / "other.pdb", tmp_path / "t.csv"
    other.write_text(ATOMS.replace("ALA A   2", "ALA B   2").replace("ALA A   1", "ALA C   1"))
    ran = run(
        "rank", pair.fixed, model, other, "--chain", "A", "--resolution", 10, "--table", table, "--threads", 1
    )  # fmt: skip
    assert ran.code == 1
    assert ran.err == f"botalign: error: {other}: no chain A; it has C, B.\n"
    assert (
        "moving.mrc is not an atomic model; omit it" in run("rank", pair.fixed, pair.moving, "--chain", "A").refused()
    )


def test_the_chains_of_models_that_do_not_match_are_suggested(run: Run, pair: Pair, model: Path) -> None:
    two, both = model.with_name("b.pdb"), model.with_name("c.pdb")
    two.write_text(ATOMS.replace("ALA A   2", "ALA B   2"))
    both.write_text(ATOMS.replace("ALA A   1", "ALA C   1"))

    def notes(*models: Path, quiet: bool = False) -> list[str]:
        given = ("--resolution", 10, "--threads", 1, "--json")
        lines = run("rank", pair.fixed, *models, *given, *(["--quiet"] if quiet else [])).err.splitlines()
        return [line for line in lines if "chains" in line]

    shown = "chains; if the map shows only some of them, or another arrangement, place them separately:"
    assert notes(two) == [f"botalign: {two} has 2 {shown} start with --chain A."]
    assert notes(model, both) == [f"botalign: {both} has 2 {shown} rank it again with --chain C."]
    assert notes(two, both) == [
        f"botalign: 2 models that do not match have several {shown} rank them again with --chain A."
    ]
    assert notes(model) == notes(two, quiet=True) == []


def test_a_map_of_another_size_is_counted_once_and_has_no_rank(run: Run, pair: Pair, tmp_path: Path) -> None:
    other, table = tmp_path / "other.mrc", tmp_path / "t.csv"
    moving = botalign.read(pair.moving)
    replace(moving, grid=moving.grid.scaled(2.0, np.zeros(3))).write(other)
    ran = run("rank", pair.fixed, other, pair.moving, "--table", table, "--threads", 1)
    lines = ran.out.splitlines()
    assert lines[0] == "maps         1 aligned, 1 match"
    assert lines[1].split(",")[0].split() == ["1", "not", "aligned"]
    with table.open(newline="") as file:
        ranks = [(row["rank"], row["verdict"]) for row in csv.DictReader(file)]
    assert ranks == [("1", "certain"), ("", "not aligned")]


def test_a_library_with_a_damaged_map(run: Run, pair: Pair, tmp_path: Path) -> None:
    bad, table, index = tmp_path / "bad.mrc", tmp_path / "t.csv", tmp_path / "i.npz"
    bad.write_bytes(b"bad")
    ran = run("rank", pair.fixed, bad, pair.moving, "--table", table, "--index", index, "--threads", 1)
    assert ran.code == 1
    assert ran.err.startswith(f"botalign: error: {bad}: ")
    assert ran.err.count("\n") == 1
    lines = ran.out.splitlines()
    assert lines[0] == "maps         1 aligned, 1 failed, 1 match"
    assert lines[1] == "chance       that a wrong pose fits as well, corrected for 1 comparison"
    assert lines[3].split() == ["rank", "map", "verdict", "chance", "score", "places"]
    assert lines[4].split()[:3] == ["1", *short_names([str(pair.moving)]), "certain"]
    assert "below 1 in a million" in lines[4]
    assert lines[-1] == f"written      {table}"
    with table.open() as file:
        good, failed = csv.DictReader(file)
    assert (good["rank"], good["verdict"], good["mirrored"], good["reason"]) == ("1", "certain", "False", "")
    assert float(good["m14"]) == pytest.approx(pair.answer[0, 3], abs=0.5)
    assert (failed["name"], failed["verdict"], failed["m14"]) == (str(bad), "failed", "")
    assert failed["reason"] == ran.err.removeprefix(f"botalign: error: {bad}: ").strip()
    assert sorted(listing(tmp_path)) == ["bad.mrc", "i.npz", "t.csv"]


def test_transient_failures_are_retried_by_the_same_command(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, table = tmp_path / "full.mrc", tmp_path / "t.csv"
    shutil.copy(pair.moving, full)
    read: list[str] = []
    load, lacking = Item.load, [str(full)]

    def load_if_possible(item: Item) -> botalign.DensityMap | botalign.Model:
        if item.name in lacking:
            raise MemoryError("no memory")
        read.append(item.name)
        return load(item)

    monkeypatch.setattr(Item, "load", load_if_possible)
    monkeypatch.setattr("botalign.jobs.blocks.PAUSE_SECONDS", 0)
    command = ("rank", pair.fixed, full, pair.moving, "--table", table, "--threads", 1)
    first = run(*command)
    assert (first.code, set(read)) == (1, {str(pair.moving)})
    assert first.err == (
        f"botalign: error: {full}: MemoryError: no memory\n"
        f"botalign: 1 failure is transient; the other results are kept in {table}.partial; "
        "run the same command again to retry it.\n"
    )
    assert [row["verdict"] for row in rows(table)] == ["certain", "failed"]
    incomplete = table.read_text()
    table.write_text("changed since")
    assert "exists" in run(*command).refused()
    assert table.read_text() == "changed since"
    table.unlink()
    assert run(*command).code == 1
    assert table.read_text() == incomplete
    read.clear()
    lacking.clear()
    second = run(*command)
    assert (second.code, second.err, set(read)) == (0, "", {str(full)})
    assert [row["verdict"] for row in rows(table)] == ["certain", "certain"]
    assert sorted(listing(tmp_path)) == ["full.mrc", "t.csv"]


def test_if_no_file_exists_the_command_says_so(run: Run, pair: Pair, tmp_path: Path) -> None:
    ran = run("rank", pair.fixed, tmp_path / "models" / "x.pbd", "--resolution", 8)
    assert ran.code == 2
    assert ran.err == f"botalign: error: {tmp_path / 'models' / 'x.pbd'}: no such file; check the name.\n"


def test_without_a_table_nothing_is_kept_for_the_retry(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(item: Item) -> None:
        raise MemoryError("no memory")

    monkeypatch.setattr(Item, "load", load)
    monkeypatch.setattr("botalign.jobs.blocks.PAUSE_SECONDS", 0)
    ran = run("rank", pair.fixed, pair.moving, pair.fixed.with_name("other.mrc"), "--threads", 1)
    assert ran.code == 1
    assert ran.err.endswith("botalign: 2 failures are transient; run the same command again to retry them.\n")
    assert listing(tmp_path) == {}


def rows(table: Path) -> list[dict[str, str]]:
    with table.open() as file:
        return list(csv.DictReader(file))


def test_bad_input_is_one_line_and_writes_nothing(run: Run, pair: Pair, model: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    written = ("--table", table)
    before = listing(tmp_path)
    missing = run("rank", pair.fixed, model, *written).refused()
    assert "--resolution is missing; an atomic model needs the resolution of the map" in missing
    mixed = run("rank", pair.fixed, model, pair.moving, "--resolution", 10, *written).refused()
    assert "rank models and maps in separate runs" in mixed
    twice = run("rank", pair.fixed, model, model, "--resolution", 10, *written).refused()
    assert f"{model}: given twice" in twice
    assert f"{model}: got an atomic model, expected the map" in run("rank", model, model, *written).refused()
    assert "OTHER: missing argument" in run("rank", pair.fixed).refused()
    assert "--index has no effect, because it is for maps" in run(
        "rank", pair.fixed, model, "--resolution", 10, "--index", tmp_path / "i.npz", *written
    ).refused()  # fmt: skip
    assert "--whole-library has no effect" in run(
        "rank", pair.fixed, model, "--resolution", 10, "--whole-library", *written
    ).refused()  # fmt: skip
    assert "unknown extension; use .csv" in run("rank", pair.fixed, pair.moving, "--table", "t.txt").refused()
    assert "not an index of maps" in run("rank", pair.fixed, pair.moving, "--index", _text(tmp_path)).refused()
    (tmp_path / "text.npz").unlink()
    late = run("rank", tmp_path / "no.mrc", pair.moving, "--index", tmp_path / "no" / "i.npz", *written).refused()
    assert f"the folder {tmp_path / 'no'} does not exist; create it" in late
    assert listing(tmp_path) == before
    table.write_text("kept")
    assert "exists" in run("rank", pair.fixed, pair.moving, *written).refused()
    assert table.read_text() == "kept"


def _text(folder: Path) -> Path:
    path = folder / "text.npz"
    path.write_text("text")
    return path


def test_models_that_fail_are_listed(run: Run, pair: Pair, model: Path, tmp_path: Path) -> None:
    missing, notes = tmp_path / "missing.cif", tmp_path / "notes"
    notes.write_text("notes")
    ran = run(
        "rank", pair.fixed, model, missing, notes, "--resolution", 10, "--table", tmp_path / "t.csv", "--threads", 1
    )  # fmt: skip
    assert ran.code == 1
    assert ran.out.startswith("models       1 aligned, 2 failed, 0 matches\n")  # two atoms fit anywhere
    assert ran.err == (
        f"botalign: error: {missing}: no such file; check the name.\n"
        f"botalign: error: {notes}: not an atomic model in PDB or mmCIF format; give another file.\n"
    )
    assert sorted(listing(tmp_path)) == ["models", "models/a.pdb", "notes", "t.csv"]


def test_the_result_as_json_and_as_text(run: Run, pair: Pair, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mrc"
    bad.write_bytes(b"bad")
    ran = run("rank", pair.fixed, pair.moving, bad, "--seed", 3, "--json", "--threads", 1)
    assert ran.code == 1
    assert (ran.err.startswith(f"botalign: error: {bad}: "), ran.err.count("\n")) == (True, 1)
    found = json.loads(ran.out)
    assert (found["format"], found["version"], found["kind"], found["compared"]) == ("botalign-ranking", 1, "maps", 1)
    (entry,), (failure,) = found["entries"], found["failures"]
    assert (entry["rank"], entry["name"], entry["verdict"]) == (1, str(pair.moving), "certain")
    assert (entry["mirrored"], entry["reason"], entry["warnings"]) == (False, None, [])
    assert np.array(entry["moving_to_fixed"])[:, 3] == pytest.approx(pair.answer[:, 3], abs=0.5)
    assert failure["name"] == str(bad)
    assert failure["reason"] in ran.err
    assert found["parameters"]["seed"] == 3
    assert found["versions"]["botalign"] == botalign.__version__
    others = [str(pair.moving), str(bad)]
    again = botalign.rank(botalign.read(pair.fixed), others, seed=3, threads=1)
    assert json.loads(again.to_json()) | {"seconds": 0} == found | {"seconds": 0}
    assert run("rank", pair.fixed, *others, "--seed", 3, "--threads", 1).out == f"{again.to_text()}\n"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["certain", "ambiguous", "certain", "no match"], "3 matches (2 certain, 1 ambiguous)"),
        (["ambiguous", "no match"], "1 match (0 certain, 1 ambiguous)"),
        (["certain", "no match"], "1 match"),
        (["no match"], "0 matches"),
    ],
)
def test_ambiguous_matches_are_counted(
    run: Run, pair: Pair, model: Path, monkeypatch: pytest.MonkeyPatch, verdicts: list[str], expected: str
) -> None:
    entries = tuple(botalign.RankedEntry(str(n), each, 0.1, 0.1, 0.5) for n, each in enumerate(verdicts))
    ranking = botalign.Ranking("map", "models", entries, (), 3.0, len(entries), 1.0)

    def steps(*_: object, **__: object) -> Generator[Progress, None, botalign.Ranking]:
        yield Progress("models", 1, 1)
        return ranking

    monkeypatch.setattr(botalign, "rank_steps", steps)
    ran = run("rank", pair.fixed, model, "--resolution", 10)
    assert ran.out.splitlines()[0] == f"models       {len(entries)} aligned, {expected}"
    models = "1 model" if len(entries) == 1 else f"{len(entries)} models"
    assert repr(ranking).startswith(f"<Ranking: {models} in map, ")
    assert len(ranking.matches) == sum(each != "no match" for each in verdicts)


def test_a_map_of_the_wrong_hand_is_named_once_with_what_to_do(
    run: Run, pair: Pair, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = botalign.RankedEntry("a.pdb", "no match", 1.0, 1.0, 0.5, chains=("A", "B"))
    ranking = botalign.Ranking(str(pair.fixed), "models", (several,), (), 3.0, 1, 1.0, matches_mirrored="a.pdb")

    def steps(*_: object, **__: object) -> Generator[Progress, None, botalign.Ranking]:
        yield Progress("mirrored", 1, 1)
        return ranking

    monkeypatch.setattr(botalign, "rank_steps", steps)
    ran = run("rank", pair.fixed, model, "--resolution", 10, "--json")
    why = f"{pair.fixed} may have the wrong hand, because the mirror image of a.pdb fits into it"
    advice = f"run `botalign flip {pair.fixed} -o fixed_flipped.mrc`, and use fixed_flipped.mrc instead"
    assert ran.err == f"botalign: {why}; {advice}.\n"
    assert run("rank", pair.fixed, model, "--resolution", 10, "--json", "--quiet").err == ""


@pytest.mark.parametrize("stage", ["models", "signatures"])
@pytest.mark.parametrize("finished", [0, 1])
def test_an_interruption_keeps_what_is_finished(
    run: Run, pair: Pair, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: int, stage: str
) -> None:
    def steps(*_: object, **__: object) -> Generator[Progress, None, None]:
        yield Progress(stage, finished, 3)
        raise KeyboardInterrupt

    monkeypatch.setattr(botalign, "rank_steps", steps)
    table = tmp_path / "t.csv"
    ran = run("rank", pair.fixed, model, "--resolution", 10, "--table", table)
    assert (ran.code, ran.out) == (130, "")
    kept = f"; finished results are kept in {table}.partial; run the same command again to resume."
    assert ran.err == f"botalign: interrupted{kept if finished else ', nothing was written.'}\n"
    assert Path(f"{table}.partial").exists() == bool(finished)


def test_warnings_about_each_file_are_printed_once(run: Run, pair: Pair, tmp_path: Path) -> None:
    sizeless, table, index = tmp_path / "sizeless.mrc", tmp_path / "t.csv", tmp_path / "i.npz"
    content = bytearray(pair.fixed.read_bytes())
    content[40:52] = bytes(12)
    sizeless.write_bytes(content)
    command = ("rank", pair.fixed, pair.moving, sizeless, "--index", index, "--threads", 2)
    for ran in (run(*command, "--table", table), run(*command)):
        assert ran.code == 0
        assert ran.err.splitlines()[0] == f"botalign: warning: {sizeless}: no voxel size, assumed 1 A."
        assert ran.err.count("no voxel size") == 1
        assert f"{sizeless}: the shape of the map, but 0.286 times its size;" in ran.out
    assert rows(table)[1]["warnings"] == "no voxel size, assumed 1 A."
