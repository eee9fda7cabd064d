"""The progress bar: any stage, any number of steps, jumps, narrow terminals."""

import re
import sys
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

import botalign
from botalign.cli.long_work import waiting
from botalign.cli.running import _show

pytestmark = pytest.mark.usefixtures("terminal")

LONG = "2/3 a_map_that_someone_refined_and_gave_a_name_far_too_long_for_one_line_of_a_terminal.mrc"


def steps(*points: tuple[str, int, int]) -> Generator[botalign.Progress, None, Any]:
    for stage, done, total in points:
        loss = 3.1234567 if "search" in stage else None
        yield botalign.Progress(stage, done, total, loss=loss, best_loss=loss, moving_to_fixed=np.eye(3, 4))
    return "result"


def shown(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, label: str, *points: tuple[str, int, int]
) -> list[str]:
    """Return what the bar looked like, each time that it was drawn."""
    from rich.progress import Progress

    update = Progress.update

    def drawn_at_once(self: Progress, *arguments: Any, **options: Any) -> None:
        update(self, *arguments, **options)
        self.refresh()

    monkeypatch.setattr(Progress, "update", drawn_at_once)
    assert _show(steps(*points), label) == "result"
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capfd.readouterr().err)
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


def test_any_stage_and_a_jump_ahead(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(
        capfd, monkeypatch, "a[b].mrc", ("search", 40, 400), ("second search, mirrored", 100, 400),
        ("what nobody [knows] yet", 120, 400), ("scores", 400, 400),
    )  # fmt: skip
    stages = [line.partition("━")[0].strip() for line in lines]
    for stage in ("search", "second search, mirrored", "what nobody [knows] yet", "scores"):
        assert f"a[b].mrc: {stage}" in stages
    assert any("scores" in line and "100%" in line for line in lines)


def test_the_bar_does_not_move(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capfd, monkeypatch, "a.mrc", ("search", 40, 400), ("second search, mirrored", 100, 400))
    assert len({line.index("━") for line in lines if "━" in line}) == 1


def test_a_long_name_is_shortened(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capfd, monkeypatch, LONG, ("second search, mirrored", 100, 400))
    assert max(map(len, lines)) <= 80
    last = r"2/3 .*: second search, mirrored ━+.* 25% 0:00:\d\d best loss 3\.123"
    assert any(re.search(last, line) for line in lines)


def test_more_steps_than_expected(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capfd, monkeypatch, "a.mrc", ("search", 10, 10), ("second search", 12, 10), ("refine", 20, 20))
    assert "100%" in lines[-1]


def test_a_text_while_there_is_nothing_to_count(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with waiting("reading the list", quiet=True):
        pass
    assert capfd.readouterr().err == ""
    with waiting("reading the list", quiet=False):
        pass
    assert "reading the list" in capfd.readouterr().err
