from pathlib import Path

import pytest

import botalign
from botalign.alignment.scale import Scale
from botalign.ranking.entry import RankedEntry, best_first, by_signature, sidak
from botalign.ranking.items import Item
from botalign.ranking.result import Ranking


def test_the_correction_is_the_probability_of_at_least_one() -> None:
    assert sidak(0.5, 2) == pytest.approx(0.75)
    assert sidak(1e-15, 1000) == pytest.approx(1e-12)
    assert sidak(1e-3, 1) == pytest.approx(1e-3)
    assert sidak(1.0, 5) == 1.0
    assert sidak(0.0, 5) == 0.0
    assert all(sidak(p, n) <= n * p for p in (1e-9, 1e-3, 0.4) for n in (1, 10, 1000))


def test_the_chance_is_the_corrected_probability_as_text() -> None:
    assert RankedEntry("a", "certain", 2e-5, 5e-6, 0.5).chance == "1 in 50,000"
    assert RankedEntry("a", "no match", 0.4, 0.1, 0.5).chance == "40%"
    assert RankedEntry("a", "not aligned").chance is None


def test_the_order_is_by_probability_then_by_score_then_by_similarity() -> None:
    entries = [
        RankedEntry("far", "not aligned", similarity=0.2),
        RankedEntry("near", "not aligned", similarity=0.6),
        RankedEntry("weak", "no match", 1.0, 1.0, 0.2),
        RankedEntry("strong", "no match", 1.0, 1.0, 0.3),
        RankedEntry("good", "certain", 1e-5, 1e-6, 0.5),
        RankedEntry("best", "certain", 1e-8, 1e-9, 0.4),
    ]
    names = [each.name for each in best_first(entries)]
    assert names == ["best", "good", "strong", "weak", "near", "far"]


def test_options_are_checked() -> None:
    with pytest.raises(botalign.InputError, match=r"resolution: got 0\.5, expected a number"):
        botalign.RankOptions(resolution=0.5)
    assert set(botalign.RankOptions().as_parameters()) == set(botalign.declarations(botalign.RankOptions))


@pytest.mark.parametrize(
    ("name", "message", "reason"),
    [
        ("./maps/a.mrc", f"{Path('maps/a.mrc')}: cannot be read.", "cannot be read."),
        ("./maps/a.mrc", "./maps/a.mrc: cannot be read.", "cannot be read."),
        ("maps/a.mrc", "a.mrc: no density.", "no density."),
        ("maps/a.mrc", "MemoryError: no memory", "MemoryError: no memory"),
        ("maps/a.mrc", "maps/a.mrc.gz: cut off.", "maps/a.mrc.gz: cut off."),
    ],
)
def test_the_reason_of_a_failure_does_not_repeat_the_name(name: str, message: str, reason: str) -> None:
    assert Item.of(name).without_name(message) == reason


def test_few_of_many_entries_are_in_the_text() -> None:
    aligned = [RankedEntry(f"a{n}", "no match", 1.0, 1.0, 0.1) for n in range(23)]
    others = [by_signature(f"b{n}", 0.99, 0.5) for n in range(7)]
    lines = Ranking("map", "maps", (*aligned, *others, by_signature("c", 0.2)), (), 3.0, 31, 1.0).to_text().splitlines()
    assert lines[:2] == [
        "maps         23 aligned, 0 matches",
        "             8 not aligned, because their shapes or sizes differ too much",
    ]
    assert [line.split(":")[0].strip() for line in lines if "the shape of the map" in line] == [
        f"b{n}" for n in range(5)
    ]
    assert "             ... and 2 more, with their reasons in the table" in lines
    assert sum("no match" in line for line in lines) == 20
    assert lines[-1] == "... and 3 more"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("models", "1 not aligned, because its size differs too much"), ("maps", "because its shape or size differs")],
)
def test_without_a_comparison_there_is_no_chance(kind: str, expected: str) -> None:
    lines = Ranking("map", kind, (by_signature("c", 0.2),), (), 3.0, 1, 1.0).to_text().splitlines()
    assert len(lines) == 2
    assert expected in lines[1]


def test_the_scale_of_the_map_is_that_of_the_certain_model_that_determines_it_best() -> None:
    def entry(verdict: str, scale: Scale | None) -> RankedEntry:
        return RankedEntry("a", verdict, 1e-6, 1e-6, 0.9, scale=scale)

    entries = (
        entry("certain", Scale(1.01, 0.009)), entry("certain", Scale(1.03, 0.002)), entry("certain", None),
        entry("ambiguous", Scale(1.05, 0.001)),
    )  # fmt: skip
    ranking = Ranking("map", "models", entries, (), 4.0, 4, 1.0)
    assert ranking.scale == Scale(1.03, 0.002)
    assert "\nscale        1.0300 +- 0.0020;" in ranking.to_text()
    assert "the voxel size of the map is off by 3.0%" in ranking.to_text()
    assert "try 4.12 A instead of 4 A" in ranking.to_text()
    assert ranking.to_dict()["scale"]["value"] == 1.03
    right = Ranking("map", "models", entries[:1], (), 4.0, 1, 1.0)
    assert right.scale_text is None
    assert "voxel size" not in right.to_text()
    assert Ranking("map", "maps", (), (), 4.0, 0, 1.0).scale is None
