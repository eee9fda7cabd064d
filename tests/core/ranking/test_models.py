import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.geometry import apply_transform, matrix_from_rotation_vector
from botalign.progress import exhaust
from botalign.ranking.entry import RankedEntry, sidak

from .conftest import MOTION, RESOLUTION, Assembly


def same(first: RankedEntry, second: RankedEntry) -> bool:
    assert first.moving_to_fixed is not None
    assert second.moving_to_fixed is not None
    return (
        (first.name, first.verdict, first.probability, first.score)
        == (second.name, second.verdict, second.probability, second.score)
    ) and bool((first.moving_to_fixed == second.moving_to_fixed).all())


@pytest.mark.slow
def test_the_models_that_belong_come_first(assembly: Assembly, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdb"
    bad.write_text("nothing\n")
    given = [*assembly.wrong.values(), bad, *assembly.parts.values()]
    ranking = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, threads=2)
    assert {entry.name for entry in ranking.entries[:3]} == set(assembly.parts)
    assert {entry.name for entry in ranking.entries[3:]} == set(assembly.wrong)
    for entry in ranking.entries[:3]:
        assert entry.moving_to_fixed is not None
        points = assembly.parts[entry.name].points
        off = apply_transform(entry.moving_to_fixed, points) - apply_transform(MOTION, points)
        assert np.sqrt((off**2).sum(axis=1).mean()) < 1
    assert all(entry.verdict == "no match" for entry in ranking.entries[3:])
    assert all(entry.corrected_probability > 1e-3 for entry in ranking.entries[3:])
    assert (ranking.kind, ranking.compared) == ("models", 5)
    (failure,) = ranking.failures
    assert (failure.name, failure.reason) == (
        str(bad),
        "not an atomic model in PDB or mmCIF format; give another file.",
    )
    ranking.write(tmp_path / "ranking.csv")
    lines = (tmp_path / "ranking.csv").read_text().splitlines()
    assert lines[0].startswith(
        "rank,name,verdict,corrected_probability,probability,score,places,similarity,mirrored,m11"
    )
    assert len(lines) == 7
    assert lines[-1].startswith(f",{bad},failed,")


@pytest.mark.slow
def test_a_map_of_the_wrong_hand_is_noticed(assembly: Assembly, tmp_path: Path) -> None:
    flipped = replace(assembly.fixed, data=assembly.fixed.data[:, :, ::-1], name="map.mrc")
    given = [assembly.wrong["other beads"], *assembly.parts.values()]
    options = botalign.RankOptions(resolution=RESOLUTION)
    execution = botalign.Execution(threads=2, work=tmp_path / "work")
    ranking = exhaust(botalign.rank_steps(flipped, given, options, execution))
    assert ranking.matches == ()
    assert ranking.matches_mirrored in assembly.parts
    assert ranking.to_dict()["matches_mirrored"] == ranking.matches_mirrored
    text = f"map.mrc may have the wrong hand, because the mirror image of {ranking.matches_mirrored} fits into it"
    assert ranking.wrong_hand_text == text
    assert f"\nhand         {text}\n" in ranking.to_text()
    resumed = botalign.rank_steps(flipped, given, options, execution)
    assert [(step.stage, step.done) for step in resumed] == [("models", 4), ("mirrored", 3)]


@pytest.mark.slow
def test_the_hand_is_tested_only_if_no_model_matches(assembly: Assembly) -> None:
    other, left = assembly.wrong["other beads"], assembly.parts["left"]
    ranking = botalign.rank(assembly.fixed, [other, left], resolution=RESOLUTION, threads=2)
    assert (len(ranking.matches), ranking.matches_mirrored) == (1, None)
    for given in ([other], [replace(left, points=left.points * 50, name="long")]):
        ranking = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, threads=1)
        assert (ranking.matches, ranking.matches_mirrored, ranking.wrong_hand_text) == ((), None, None)
        assert "hand" not in ranking.to_text()


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_workers_or_on_an_interruption(assembly: Assembly, tmp_path: Path) -> None:
    given = [assembly.parts["left"], assembly.wrong["mirror image"], assembly.parts["right"]]
    expected = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, threads=1)
    execution = botalign.Execution(processes=2, work=tmp_path / "work")
    options = botalign.RankOptions(resolution=RESOLUTION)
    steps = botalign.rank_steps(assembly.fixed, given, options, execution)
    while next(steps).done < 1:
        pass
    steps.close()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("model-*.npz")}
    assert kept
    resumed = botalign.rank_steps(assembly.fixed, given, options, execution)
    assert next(resumed).done == len(kept)
    try:
        while True:
            next(resumed)
    except StopIteration as end:
        found = end.value
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert all(same(*pair) for pair in zip(found.entries, expected.entries, strict=True))


@pytest.mark.slow
def test_a_cluster_ranks_as_threads_do(assembly: Assembly, cluster: Any) -> None:
    given = [assembly.wrong["mirror image"], assembly.parts["left"]]
    expected = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, threads=1)
    found = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, scheduler=cluster.scheduler_address)
    assert all(same(*pair) for pair in zip(found.entries, expected.entries, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("turn", [[0.0, 0.0, 0.0], [1.1, -0.4, 2.0]])
def test_small_chains_are_certain_from_any_start(data_folder: Path, turn: list[float]) -> None:
    folder = data_folder / "fits" / "3sfd"
    start = np.column_stack([matrix_from_rotation_vector(turn), [20.0, -5.0, 9.0] if any(turn) else np.zeros(3)])
    chains = [botalign.read_model(folder / f"3sfd.{name}.pdb") for name in "ABCD"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown machine stamp
        fixed = botalign.read(folder / "3sfd_15.mrc")
    ranking = botalign.rank(fixed, [each.moved(start) for each in chains], resolution=15, threads=2)
    assert (len(ranking.entries), ranking.failures) == (4, ())
    names = {each.name: each for each in chains}
    assert {entry.name for entry in ranking.entries} == set(names)
    for entry in ranking.entries:
        assert entry.verdict == "certain"
        assert entry.moving_to_fixed is not None
        points = names[entry.name].points  # in the pose of the complex
        off = apply_transform(entry.moving_to_fixed, apply_transform(start, points)) - points
        assert np.sqrt((off**2).sum(axis=1).mean()) < 3
    # It would be so among 40 models, too.
    assert max(sidak(entry.probability or 0, 40) for entry in ranking.entries) < LARGEST_PROBABILITY


@pytest.mark.slow
def test_models_that_are_larger_than_the_map(assembly: Assembly) -> None:
    left, middle, right = assembly.parts.values()

    def joined(name: str, *parts: botalign.Model) -> botalign.Model:
        points, weights = zip(*((each.points, each.weights) for each in parts), strict=True)
        return botalign.Model(np.concatenate(points), np.concatenate(weights), (), name)

    two = joined("two", left, middle).moved(MOTION)
    fixed = botalign.simulate(two, RESOLUTION, grid=assembly.fixed.grid)
    whole = joined("whole", left, middle, right)
    mirrored = joined("mirror image", replace(whole, points=whole.points * [-1, 1, 1]))
    ranking = botalign.rank(fixed, [mirrored, whole], resolution=RESOLUTION, threads=2)
    assert ranking.failures == ()
    assert [(entry.name, entry.verdict) for entry in ranking.entries] == [
        ("whole", "certain"),
        ("mirror image", "no match"),
    ]
    found = ranking.entries[0].moving_to_fixed
    assert found is not None
    off = apply_transform(found, whole.points) - apply_transform(MOTION, whole.points)
    assert np.sqrt((off**2).sum(axis=1).mean()) < 1


def test_a_model_that_is_longer_than_the_box_is_not_in_the_map(assembly: Assembly, tmp_path: Path) -> None:
    left = assembly.parts["left"]
    long = replace(left, points=left.points * 50, name="long")
    ranking = botalign.rank(assembly.fixed, [long, left], resolution=RESOLUTION, threads=1)
    assert (ranking.compared, ranking.failures) == (2, ())
    found, other = ranking.entries
    assert (found.name, found.verdict) == ("left", "certain")
    assert found.corrected_probability == sidak(found.probability or 0, 2)
    assert (other.name, other.verdict, other.score, other.moving_to_fixed) == ("long", "not aligned", None, None)
    assert re.fullmatch(
        r"the model is over \d+ A long, and the box of .* \d+ A from corner to corner; is the voxel size of the map "
        r"right, or is only a part of the model in it\?",
        other.reason or "",
    )
    lines = ranking.to_text().splitlines()
    assert lines[:2] == [
        "models       1 aligned, 1 match",
        "             1 not aligned, because its size differs too much",
    ]
    assert lines[2].startswith("             long: the model is over ")
    assert [each["rank"] for each in ranking.to_dict()["entries"]] == [1, None]
    ranking.write(tmp_path / "t.csv")
    last = (tmp_path / "t.csv").read_text().splitlines()[-1]
    assert last.startswith(",long,not aligned,")
    assert "from corner to corner" in last


def test_nothing_to_rank(assembly: Assembly, tmp_path: Path) -> None:
    model, fixed = assembly.parts["left"], assembly.fixed
    with pytest.raises(botalign.InputError, match=r"others: got none, expected at least one map or atomic model."):
        botalign.rank(fixed, [])
    with pytest.raises(
        botalign.InputError, match="resolution is missing; an atomic model needs the resolution of the map"
    ):
        botalign.rank(fixed, [model])
    with pytest.raises(botalign.InputError, match="rank models and maps in separate runs"):
        botalign.rank(fixed, [model, fixed], resolution=RESOLUTION)
    with pytest.raises(botalign.InputError, match=r"a\.pdb: given twice; give each file once"):
        botalign.rank(fixed, ["a.pdb", "./a.pdb"], resolution=RESOLUTION)
    with pytest.raises(botalign.InputError, match="index has no effect, because it is for maps; omit it"):
        botalign.rank(fixed, [model], resolution=RESOLUTION, index=tmp_path / "i.npz")
    with pytest.raises(botalign.InputError, match=r"resolution=10.0 has no effect, because it is for atomic models"):
        botalign.rank(fixed, [fixed], resolution=RESOLUTION)
    with pytest.raises(botalign.InputError, match="fixed: got an object of type Model, expected a DensityMap"):
        botalign.rank(model, [model], resolution=RESOLUTION)  # type: ignore[arg-type]
    with pytest.raises(botalign.InputError, match="others: got the number 3, expected maps, atomic models"):
        botalign.rank(fixed, [3])  # type: ignore[list-item]
    with pytest.raises(botalign.InputError, match="chains has no effect, because it is for files of atomic models"):
        botalign.rank(fixed, [fixed], chains="A")
    with pytest.raises(botalign.InputError, match=r"chains has no effect, because it is for files; use read_model"):
        botalign.rank(fixed, [model], chains="A", resolution=RESOLUTION)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"others": None}, "others: got None, expected a sequence of maps, of atomic models, or of their files."),
        ({"others": 5}, "others: got the number 5, expected a sequence of maps"),
        ({"others": {"a": "a.pdb"}}, "others: got an object of type dict, expected a sequence of maps"),
        ({"others": [None]}, "others: got None, expected maps, atomic models, or their files."),
        ({"chains": 5}, "chains: got the number 5, expected a sequence of names of chains"),
        ({"chains": [5]}, "chains: got [5], expected names of chains, such as 'A,B'."),
        ({"chains": ("A", "")}, "chains: got 'A,', expected names of chains, such as 'A,B'."),
        ({"chains": ""}, "chains: got '', expected names of chains, such as 'A,B'."),
        ({"options": {"resolution": 8}}, "options: got an object of type dict, expected botalign.RankOptions(...)."),
        ({"execution": {}}, "execution: got an object of type dict, expected botalign.Execution(...)."),
        (
            {"others": ["a.mrc"], "options": botalign.RankOptions(), "index": 5},
            "index: got the number 5, expected a path.",
        ),
    ],
)
def test_arguments_of_a_wrong_kind(assembly: Assembly, given: dict[str, Any], expected: str) -> None:
    usual = {"others": ["a.pdb"], "options": botalign.RankOptions(resolution=RESOLUTION)}
    with pytest.raises(botalign.InputError, match=re.escape(expected)):
        next(botalign.rank_steps(assembly.fixed, **(usual | given)))


def test_one_file_need_not_be_in_a_list(assembly: Assembly) -> None:
    (failure,) = botalign.rank(assembly.fixed, "missing.pdb", resolution=RESOLUTION, threads=1).failures
    assert (failure.name, failure.reason) == ("missing.pdb", "no such file; check the name.")


def test_some_chains_of_the_files_are_ranked(assembly: Assembly, tmp_path: Path) -> None:
    file = tmp_path / "both.pdb"
    lines = [
        f"ATOM  {i:5}  CA  ALA {chain}{i:4}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 20.00           C  "
        for chain, part in zip("AB", ("left", "right"), strict=True)
        for i, (x, y, z) in enumerate(assembly.parts[part].points, start=1)
    ]
    file.write_text("\n".join(lines))
    (one,) = botalign.rank(assembly.fixed, [file], chains="B", resolution=RESOLUTION, threads=1).entries
    alone = botalign.read_model(file, chains="B")
    (expected,) = botalign.rank(assembly.fixed, [alone], resolution=RESOLUTION, threads=1).entries
    assert (one.score, one.probability) == (expected.score, expected.probability)
    (both,) = botalign.rank(assembly.fixed, [file], resolution=RESOLUTION, threads=1).entries
    assert both.score != one.score


@pytest.mark.slow
def test_a_wrong_voxel_size_of_the_map_is_found(assembly: Assembly) -> None:
    given = [assembly.parts["left"], assembly.parts["right"]]
    right = botalign.rank(assembly.fixed, given, resolution=RESOLUTION, threads=2)
    assert right.scale_text is None
    grid = assembly.fixed.grid
    wrong = replace(assembly.fixed, grid=grid.scaled(1 / 1.04, grid.centre_angstrom))
    ranking = botalign.rank(wrong, given, resolution=RESOLUTION, threads=2)
    assert ranking.scale is not None
    assert ranking.scale.value == pytest.approx(1.04, abs=0.015)
    assert ranking.scale.is_wrong
    assert "A instead of 2.885 A" in str(ranking.scale_text)
