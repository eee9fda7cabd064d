import json
import math

import pytest

import botalign

from .conftest import Pair, Run


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
    scores = botalign.score(botalign.read(pair.fixed), botalign.read(pair.moving)).scores
    ran = run("score", pair.fixed, pair.moving)
    assert (ran.code, ran.err) == (0, "")
    rows = [line.rsplit("  ", 1) for line in ran.out.splitlines()]
    table = {name.strip(): value for name, value in rows}
    assert table["correlation"] == f"{scores.correlation:.4f}"
    assert table["correlation about mean"] == f"{scores.correlation_about_mean:.4f}"
    assert table["FSC 0.5"] == f"{scores.fsc_resolution_angstrom:.2f} A"
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
    monkeypatch.setattr(botalign, "score", lambda *_, **__: botalign.Comparison(scores, comparison.shells))
    for limit in ("correlation=-1", "fsc_resolution=1e9", "wemd=1e9"):
        assert run("score", pair.fixed, pair.fixed, "--require", limit).code == 1
    assert json.loads(run("score", pair.fixed, pair.fixed, "--json").out)["fsc_resolution_angstrom"] is None


@pytest.mark.parametrize(
    "text", ["correlation", "correlation=", "correlation=high", "correlation=nan", "height=3", "=1"]
)
def test_an_invalid_requirement(run: Run, pair: Pair, text: str) -> None:
    assert "NAME=VALUE" in run("score", pair.fixed, pair.moving, "--require", text).refused()
