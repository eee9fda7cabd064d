"""Parts of invented complexes, placed together from random poses."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import botalign
from botalign.complexes import assembly_rounds
from botalign.complexes.assembler import Chosen
from botalign.complexes.found_places import FoundPlaces
from botalign.geometry import apply_transform
from botalign.progress import exhaust, map_steps

from .conftest import RESOLUTION, InventedComplex, globule, invented_at, pose, rmsd, together


@pytest.fixture(scope="module")
def assembled(invented: InventedComplex) -> botalign.Assembly:
    """All parts, one copy more than there is of the second, and a part that is not there."""
    return botalign.assemble(
        invented.whole, [*invented.parts, globule(9, "wrong")], resolution=RESOLUTION, counts=[1, 3, 1, 1]
    )


@pytest.fixture(scope="module")
def without_third(invented: InventedComplex) -> botalign.Assembly:
    return botalign.assemble(invented.whole, invented.parts[:2], resolution=RESOLUTION, counts=[1, 2], threads=1)


def test_each_part_is_placed_within_an_angstrom(invented: InventedComplex, assembled: botalign.Assembly) -> None:
    assert [(each.part, each.copy) for each in assembled.placed] == [(0, 1), (1, 1), (1, 2), (2, 1)]
    assert {each.verdict for each in assembled.placed} == {"certain"}
    for part, places in enumerate(invented.places):
        found = [each.moving_to_fixed for each in assembled.placed if each.part == part]
        for place in places:
            assert min(rmsd(invented.parts[part], each, place) for each in found) < 1
    assert assembled.score > 0.85
    assert assembled.gap == 0
    assert max(each.overlap for each in assembled.placed) < 1 / 3


def test_the_right_voxel_size_is_not_reported(assembled: botalign.Assembly) -> None:
    assert assembled.scale is not None
    assert not assembled.scale.is_wrong
    assert assembled.scale_text is None
    assert "scale" not in assembled.to_text()


@pytest.mark.slow
def test_a_wrong_voxel_size_is_reported_once() -> None:
    centres = np.array([[0.0, 0.0, 0.0], [48.0, 4.0, 0.0], [2.0, 46.0, 8.0]])
    parts = [globule(seed, str(seed), atoms=400) for seed in (4, 5, 6)]
    placed = [part.moved(pose(seed, centre)) for seed, (part, centre) in enumerate(zip(parts, centres, strict=True))]
    whole = botalign.simulate(together(*placed), 8.0, voxel_size_angstrom=2.0)
    wrong = replace(whole, grid=whole.grid.scaled(1 / 1.03, whole.grid.centre_angstrom))
    found = botalign.assemble(wrong, parts, resolution=8.0)
    assert [each.verdict for each in found.placed] == 3 * ["certain"]
    assert found.scale is not None
    assert found.scale.value == pytest.approx(1.03, abs=3 * found.scale.standard_error)
    assert found.scale.value == pytest.approx(1.03, rel=0.005)
    assert found.to_text().count("the voxel size of the map is off by") == 1
    assert f"try {found.scale.value * 2 / 1.03:.4g} A instead of 1.942 A" in found.to_text()
    assert found.to_dict()["scale"]["value"] == found.scale.value


def test_what_is_not_there_is_not_placed(assembled: botalign.Assembly) -> None:
    assert [(each.name, each.copies) for each in assembled.unplaced] == [("second", 1), ("wrong", 1)]
    assert all(each.probability >= 1e-3 and not each.taken_by for each in assembled.unplaced)
    assert assembled.missing == 2
    assert "not placed   1 of 3 copies of second: no match;" in assembled.to_text()
    assert "as well as its best other place" in assembled.unplaced[0].reason
    assert "             wrong: no match" in assembled.to_text()
    assert assembled.to_text().count("not placed") == 1
    assert [each.title for each in assembled.unplaced] == ["1 of 3 copies of second", "wrong"]
    assert "as well as its best place" in assembled.unplaced[1].reason
    assert "4 of 6 placed" in assembled.to_text()


def test_nothing_is_unexplained_where_all_parts_are_placed(assembled: botalign.Assembly) -> None:
    assert assembled.regions == ()
    assert assembled.unexplained_fraction == 0


def test_the_density_of_a_part_that_is_left_out_is_unexplained(
    invented: InventedComplex, without_third: botalign.Assembly
) -> None:
    (region,) = without_third.regions
    third = invented.parts[2]
    centre = apply_transform(invented.places[2][0], third.points).mean(axis=0)
    assert np.linalg.norm(np.array(region.centre_angstrom) - centre) < 3
    assert 0.1 < region.fraction < 0.4
    alone = botalign.simulate(third.moved(invented.places[2][0]), RESOLUTION, grid=invented.whole.grid)
    assert np.corrcoef(alone.data.ravel(), without_third.rest.data.ravel())[0, 1] > 0.95


def test_the_result_does_not_depend_on_the_workers(
    invented: InventedComplex, without_third: botalign.Assembly, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    steps = botalign.assemble_steps(
        invented.whole, invented.parts[:2], botalign.AssemblyOptions(RESOLUTION),
        botalign.Execution(threads=2, work=work), counts=[1, 2],
    )  # fmt: skip
    for step in steps:
        if step.done == 1:
            break
    steps.close()
    assert len(list(work.glob("round_1_part_*"))) >= 1  # resumed by the next call
    again = botalign.assemble(invented.whole, invented.parts[:2], resolution=RESOLUTION, counts=[1, 2], work=work)
    for one, other in zip(without_third.placed, again.placed, strict=True):
        assert np.array_equal(one.moving_to_fixed, other.moving_to_fixed)
        assert (one.correlation, one.probability) == (other.correlation, other.probability)
    with pytest.raises(botalign.InputError, match="other numbers of copies"):
        botalign.assemble(invented.whole, invented.parts[:2], resolution=RESOLUTION, counts=[1, 1], work=work)


def assert_forward(records: list[botalign.Progress]) -> None:
    """Check that neither the fraction that is done nor the round ever goes back."""
    fractions, rounds = [record.fraction for record in records], [record.iteration for record in records]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1
    assert rounds == sorted(rounds)
    assert rounds[0] == 1


def test_a_map_of_the_wrong_hand_is_noticed(invented: InventedComplex) -> None:
    wrong = invented.whole.with_data(invented.whole.data[::-1])
    parts, records = [globule(8, "small", 60), *invented.parts[:2]], []
    steps = botalign.assemble_steps(wrong, parts, botalign.AssemblyOptions(RESOLUTION))
    found = exhaust(map_steps(steps, records.append))
    assert_forward(records)
    assert (records[-1].stage, records[-1].iteration) == ("search mirrored", 1)
    assert (records[0].label, records[-1].label) == ("searching parts", "mirror image")
    assert found.placed == ()
    volumes = {part.name: part.points.std(axis=0).prod() for part in invented.parts[:2]}
    assert found.matches_mirrored == max(volumes, key=lambda name: volumes[name])
    text = " ".join(found.to_text().split())
    assert f"may have the wrong hand, because the mirror image of {found.matches_mirrored} fits into it" in text
    assert found.to_dict()["matches_mirrored"] == found.matches_mirrored


def test_the_hand_of_a_map_without_the_parts_is_not_doubted(
    invented: InventedComplex, assembled: botalign.Assembly
) -> None:
    absent = botalign.assemble(invented.whole, [globule(9, "wrong")], resolution=RESOLUTION)
    for found in (absent, assembled):
        assert found.matches_mirrored is None
        assert "hand" not in found.to_text()


def test_progress_never_goes_back(invented: InventedComplex) -> None:
    records: list[botalign.Progress] = []
    steps = botalign.assemble_steps(invented.whole, invented.parts, botalign.AssemblyOptions(RESOLUTION))
    exhaust(map_steps(steps, records.append))
    assert_forward(records)
    assert records[-1].stage == "refine together"


def test_the_label_of_the_progress_has_the_round() -> None:
    first, second = (
        assembly_rounds.AssemblyProgress("search together", 1, 2, iteration=number).label for number in (1, 2)
    )
    assert (first, second) == ("arrangement", "arrangement, round 2")


def test_maps_are_placed_too(invented: InventedComplex) -> None:
    first = botalign.simulate(invented.parts[0], RESOLUTION, voxel_size_angstrom=3.0)
    found = botalign.assemble(invented.whole, [first])
    (placed,) = found.placed
    assert rmsd(invented.parts[0], placed.moving_to_fixed, invented.places[0][0]) < 1
    assert found.unexplained_fraction > 0.5
    with pytest.raises(botalign.InputError, match="no placed model"):
        found.write("complex.cif")


def test_parts_that_fit_the_same_places_are_reported(invented: InventedComplex) -> None:
    """Two models of one molecule that differ a little; there are two places of it in one map, and one in another."""
    model, second = invented.parts[:2]
    rng = np.random.default_rng(0)
    twin = replace(model, points=model.points + rng.normal(0, 0.3, model.points.shape), name="twin")
    places = [pose(1), pose(2, (40.0, 0.0, 0.0))]
    pair = botalign.simulate(together(*(model.moved(each) for each in places)), RESOLUTION, voxel_size_angstrom=4.0)
    both = botalign.assemble(pair, [model, twin], resolution=RESOLUTION)
    assert len(both.placed) == 2
    assert both.interchangeable == (("first", "twin"),)
    assert "first and twin cannot be distinguished" in both.to_text()
    other = second.moved(pose(3, (40.0, 0.0, 0.0)))
    single = botalign.simulate(together(model.moved(places[0]), other), RESOLUTION, voxel_size_angstrom=4.0)
    one = botalign.assemble(single, [twin, model], resolution=RESOLUTION)
    (placed,), (missing,) = one.placed, one.unplaced
    assert {placed.name, missing.name} == {"first", "twin"}
    assert missing.taken_by == (placed.name,)
    assert f"{missing.name}: {placed.name} was placed where it fits" in one.to_text()


def test_input_that_cannot_be_used(invented: InventedComplex) -> None:
    whole, parts = invented.whole, invented.parts
    copy = replace(parts[0].moved(pose(5)), name="copy")
    large = replace(parts[0], points=3 * parts[0].points, name="large")
    for match, given, options in (
        ("parts: got none", [], {}),
        ("parts: got the number 1", [1], {}),
        ("resolution is missing", parts, {}),
        ("copy: the same molecule as first", [*parts, copy], {"resolution": RESOLUTION}),
        (r"large: \d+\.?\d* times the volume", [parts[0], large], {"resolution": RESOLUTION}),
        ("counts: got 1 number, expected 3, one for each part", parts, {"resolution": RESOLUTION, "counts": [2]}),
        ("counts: got 0, expected a whole number", parts, {"resolution": RESOLUTION, "counts": [1, 0, 1]}),
        ("contour_level", parts, {"resolution": RESOLUTION, "contour_level": np.nan}),
    ):
        with pytest.raises(botalign.InputError, match=match):
            botalign.assemble(whole, given, **options)
    with pytest.raises(botalign.InputError, match="whole: got an object of type Model"):
        botalign.assemble(parts[0], parts)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"parts": 0}, "parts: got an object of type Model, expected a sequence of maps (botalign.read) and atomic"),
        ({"parts": "a.pdb"}, "parts: got the path 'a.pdb', expected a sequence of maps"),
        ({"parts": ["a.pdb"]}, "parts: got the path 'a.pdb', expected maps (botalign.read) and atomic models"),
        ({"parts": None}, "parts: got None, expected a sequence of maps"),
        ({"counts": 2}, "counts: got the number 2, expected a sequence of whole numbers from 1 to 500, one for each"),
        ({"counts": {"first": 2}}, "counts: got an object of type dict, expected a sequence of whole numbers"),
        ({"counts": np.array(2)}, "counts: got an array of shape (), expected a sequence of whole numbers"),
        ({"options": {"resolution": 10}}, "options: got an object of type dict, expected botalign.Assembly"),
        ({"options": botalign.RankOptions()}, "options: got an object of type RankOptions, expected botalign.Assembly"),
        ({"execution": 2}, "execution: got the number 2, expected botalign.Execution(...)."),
    ],
)  # fmt: skip
def test_arguments_of_a_wrong_kind(invented: InventedComplex, given: dict[str, Any], expected: str) -> None:
    usual = {"parts": list(invented.parts), "options": botalign.AssemblyOptions(RESOLUTION)}
    arguments = usual | given | ({"parts": invented.parts[0]} if given.get("parts") == 0 else {})
    with pytest.raises(botalign.InputError, match=re.escape(expected)):
        next(botalign.assemble_steps(invented.whole, **arguments))


def test_the_work_folder_of_another_assembly_is_refused(invented: InventedComplex, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(botalign.InputError, match="not a BOTalign work folder"):
        botalign.assemble(invented.whole, invented.parts, resolution=RESOLUTION, work=tmp_path)


def test_an_arrangement_is_certain_where_no_part_is_certain_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(assembly_rounds, "_certain_alone", lambda *_: [])
    blurred, records = invented_at(20.0), []
    parts, options = [*blurred.parts, globule(9, "wrong")], botalign.AssemblyOptions(20.0)

    def assembled() -> botalign.Assembly:
        execution = botalign.Execution(threads=1, work=tmp_path / "work")
        steps = botalign.assemble_steps(blurred.whole, parts, options, execution, counts=[1, 2, 1, 1])
        return exhaust(map_steps(steps, records.append))

    found = assembled()
    assert_forward(records)
    assert "search together" in {record.stage for record in records}
    assert [(each.part, each.copy) for each in found.placed] == [(0, 1), (1, 1), (1, 2), (2, 1)]
    for each in found.placed:
        assert (
            min(rmsd(blurred.parts[each.part], each.moving_to_fixed, place) for place in blurred.places[each.part]) < 1
        )
    assert [each.name for each in found.unplaced] == ["wrong"]
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.npz")}
    assert all("part_" in name for name in before)
    again = assembled()  # from the searches in the work folder
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*.npz")} == before
    assert again.to_dict() | {"seconds": 0} == found.to_dict() | {"seconds": 0}


def test_a_map_that_is_too_large_for_arrangements_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly_rounds, "_certain_alone", lambda *_: [])
    blurred = invented_at(20.0)
    monkeypatch.setattr(assembly_rounds, "LARGEST_BYTES", 2 * blurred.whole.data.nbytes)
    found = botalign.assemble(blurred.whole, blurred.parts, resolution=20.0, threads=1)
    assert not found.placed
    assert all(
        each.reason.endswith("the map is too large to judge parts together, so crop or bin it")
        for each in found.unplaced
    )
    assert found.to_dict()["unplaced"][0]["too_large"]


def test_a_part_alone_has_no_arrangement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly_rounds, "_certain_alone", lambda *_: [])
    blurred = invented_at(20.0)
    found = botalign.assemble(blurred.whole, blurred.parts[:1], resolution=20.0, threads=1)
    assert not found.placed


def _with_probability(probability: float) -> Chosen:
    nothing = np.eye(3, 4)
    return Chosen(0, cast("FoundPlaces", None), nothing, nothing, 0.5, probability)


def test_the_less_certain_parts_of_an_arrangement_are_corrected_more_weakly() -> None:
    parts = [_with_probability(probability) for probability in (0.3, 1e-4, 2e-4, 1e-9)]
    corrected = [each.probability for each in assembly_rounds._corrected(parts, 4)]
    assert corrected == pytest.approx([4e-9, 3e-4, 4e-4, 0.3])
    # Two more parts were tested, but have no place in the joint choice.
    corrected = [each.probability for each in assembly_rounds._corrected(parts, 6)]
    assert corrected == pytest.approx([6e-9, 5e-4, 8e-4, 0.9])
