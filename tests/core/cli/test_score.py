import json
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import botalign

from .conftest import Pair, Run, listing


def test_a_map_with_itself(run: Run, pair: Pair) -> None:
    ran = run("score", pair.fixed, pair.fixed, "--json")
    scores = json.loads(ran.out)
    assert ran.code == 0
    assert scores["first"] == scores["second"] == str(pair.fixed)
    assert scores["correlation"] == pytest.approx(1, abs=1e-4)
    assert scores["correlation_about_mean"] == pytest.approx(1, abs=1e-4)
    assert scores["wemd_angstrom"] == pytest.approx(0, abs=1e-3)
    assert scores["fsc_resolution_angstrom"] < 8


def test_the_table_shows_what_the_function_returns(run: Run, pair: Pair) -> None:
    comparison = botalign.score(botalign.read(pair.fixed), botalign.read(pair.moving))
    scores = comparison.scores
    ran = run("score", pair.fixed, pair.moving)
    assert (ran.code, ran.err) == (0, "")
    rows = [line.rsplit("  ", 1) for line in ran.out.splitlines()]
    table = {name.strip(): value for name, value in rows}
    assert table["correlation"] == f"{scores.correlation:.4f}"
    assert table["correlation about mean"] == f"{scores.correlation_about_mean:.4f}"
    for threshold in (0.5, 0.143):
        found = comparison.curves.resolutions(threshold)
        texts = (f"{found[name]:.2f} A {name}" for name in ("masked", "unmasked"))
        assert table[f"FSC {threshold:g}"] == ", ".join(texts)
    assert table["FSC mask"] == "a soft sphere about the molecule of fixed.mrc"
    assert table["WEMD"] == f"{scores.wemd_angstrom:.4g} A"


def test_levels(run: Run, pair: Pair) -> None:
    plain = json.loads(run("score", pair.fixed, pair.moving, "--json").out)
    given = json.loads(
        run("score", pair.fixed, pair.moving, "--json", "--contour-level-a", "1", "--contour-level-b", "1.5").out
    )
    assert plain != given


def test_requirements_that_are_met(run: Run, pair: Pair) -> None:
    limits = ("correlation=0.99", "correlation_about_mean=0.99", "fsc_resolution=12", "wemd=1")
    typed = [part for limit in limits for part in ("--require", limit)]
    ran = run("score", pair.fixed, pair.fixed, *typed)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("limit", ["correlation=0.99", "correlation_about_mean=0.99", "fsc_resolution=8", "wemd=1e-3"])
def test_a_requirement_that_is_not_met(run: Run, pair: Pair, limit: str) -> None:
    ran = run("score", pair.fixed, pair.moving, "--require", limit, "--require", "correlation=-1")
    assert ran.code == 1
    assert ran.err.startswith(f"botalign: {limit.partition('=')[0]} is ")
    assert ran.err.count("\n") == 1
    assert "correlation" in ran.out


def test_scores_without_a_value_meet_nothing(run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = botalign.score(botalign.read(pair.fixed), botalign.read(pair.fixed))
    scores = botalign.Scores(math.nan, math.nan, math.inf, math.nan)
    monkeypatch.setattr(botalign, "score", lambda *_, **__: botalign.Comparison(scores, comparison.curves))
    for limit in ("correlation=-1", "fsc_resolution=1e9", "wemd=1e9"):
        assert run("score", pair.fixed, pair.fixed, "--require", limit).code == 1
    assert json.loads(run("score", pair.fixed, pair.fixed, "--json").out)["fsc_resolution_angstrom"] is None


@pytest.mark.parametrize(
    "text", ["correlation", "correlation=", "correlation=high", "correlation=nan", "height=3", "=1"]
)
def test_an_invalid_requirement(run: Run, pair: Pair, text: str) -> None:
    assert "NAME=VALUE" in run("score", pair.fixed, pair.moving, "--require", text).refused()


def test_curves_and_figure(run: Run, pair: Pair, tmp_path: Path) -> None:
    curve, figure = tmp_path / "f.xml", tmp_path / "f.png"
    ran = run("score", pair.fixed, pair.moving, "--fsc", curve, "--figure", figure)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].split() == ["written", f"{curve},", str(figure)]
    masked = botalign.score(botalign.read(pair.fixed), botalign.read(pair.moving)).shells
    values = [float(str(y.text)) for y in ElementTree.parse(curve).iter("y")]
    np.testing.assert_allclose(values, masked.correlation, atol=1e-5)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert sorted(listing(tmp_path)) == ["f.png", "f.xml"]


def test_a_mask_for_both_maps(run: Run, pair: Pair, tmp_path: Path) -> None:
    fixed = botalign.read(pair.fixed)
    mask = fixed.with_data((fixed.data > fixed.data.mean()).astype(np.float32))
    mask.write(tmp_path / "mask.mrc")
    found = json.loads(run("score", pair.fixed, pair.moving, "--mask", tmp_path / "mask.mrc", "--json").out)
    plain = json.loads(run("score", pair.fixed, pair.moving, "--json").out)
    assert found["fsc_mask"] == "mask.mrc"
    assert found["fsc"]["0.5"]["masked"] != plain["fsc"]["0.5"]["masked"]
    assert found["fsc"]["0.5"]["unmasked"] == plain["fsc"]["0.5"]["unmasked"]
    assert found["part"] is None


def test_a_part_is_called_so(run: Run, pair: Pair, tmp_path: Path) -> None:
    fixed = botalign.read(pair.fixed)
    part = fixed.with_data(np.where(fixed.grid.axis_angstrom(2) > 10, fixed.data, 0))
    part.write(tmp_path / "part.mrc")
    ran = run("score", pair.fixed, tmp_path / "part.mrc")
    line = next(line for line in ran.out.splitlines() if line.startswith("part "))
    assert f"{tmp_path / 'part.mrc'}, " in line
    assert f"% of the volume of {pair.fixed}; the correlations and the FSC are computed inside it" in line
    assert "(whole maps)" in ran.out
    assert "unmasked" not in ran.out
    assert "part  " not in run("score", pair.fixed, tmp_path / "part.mrc", "--whole").out
    found = json.loads(run("score", tmp_path / "part.mrc", pair.fixed, "--json").out)
    assert found["part"]["role"] == "first"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--fsc f.txt", "f.txt: unknown extension; use one of .csv, .xml, .star"),
        ("--figure f.xml", "f.xml: unknown extension"),
        ("--fsc taken.csv", "taken.csv: the file exists"),
        ("--fsc nowhere/f.csv", "does not exist"),
        ("--fsc a.csv --mask nope.mrc", "nope.mrc"),
        ("--fsc a.csv --mask taken.csv", "taken.csv"),
        ("--fsc a.csv --contour-level-a 1e9", "contour level"),
        ("--fsc a.csv --require height=3", "NAME=VALUE"),
        ("--fsc a.csv --require mean_density=3", "mean_density is not a score here"),
    ],
)
def test_nothing_is_written_after_an_error(
    run: Run, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken.csv").write_text("mine")
    assert reason in run("score", pair.fixed, pair.moving, *options.split()).refused()
    assert listing(tmp_path) == {"taken.csv": b"mine"}


def test_an_existing_curve_is_overwritten_on_request(run: Run, pair: Pair, tmp_path: Path) -> None:
    target = tmp_path / "f.csv"
    target.write_text("mine")
    assert run("score", pair.fixed, pair.moving, "--fsc", target, "--overwrite").code == 0
    assert target.read_text().startswith("shell,")
