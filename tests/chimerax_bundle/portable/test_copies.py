"""Copies of a part: which are placed, their table, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from botalign.alignment.copy_records import Copies, Copy

from .standins import Model, Objects, Place, Structure, UserError, Volume


def found(*verdicts, wanted=None):
    """Return an alignment with copies of these verdicts."""
    placed = tuple(
        Copy(
            moving_to_fixed=np.eye(3, 4),
            correlation=0.9 - number / 100,
            probability=2e-5,
            verdict=verdict,
            overlap=0.05,
        )
        for number, verdict in enumerate(verdicts)
    )
    return SimpleNamespace(verdict=verdicts[-1], copies=Copies(placed, wanted, 1 / 3, 0.9, 0.8, None))


@pytest.mark.parametrize(
    ("options", "verdicts", "wanted", "placed"),
    [
        ({}, ("certain", "ambiguous", "no match"), 3, 2),
        ({"force": True}, ("certain", "ambiguous", "no match"), 3, 3),
        ({}, ("certain", "certain"), 3, 2),
        ({}, ("no match",), None, 0),
        ({"require": "certain"}, ("certain", "certain"), 2, 2),
        ({"require": "certain"}, ("certain", "ambiguous"), 2, 0),
        ({"require": "certain"}, ("certain", "certain"), 3, 0),
        ({"require": "match"}, ("certain", "ambiguous"), None, 2),
    ],
)
def test_which_copies_are_placed(load, options, verdicts, wanted, placed):
    job = load("job").Job(fixed=None, pairs=[], options=None, **options)
    alignment = found(*verdicts, wanted=wanted)
    assert job.placed(alignment) == list(alignment.copies.placed[:placed])
    assert job.moves(alignment) == (placed > 0)


def test_the_table_of_copies(load):
    copies = load("part_copies")
    alignment = found("certain", "no match")
    outcome = SimpleNamespace(
        alignment=alignment, name="b (#2)", fixed_name="<a> (#1)",
        placed=list(zip(alignment.copies.placed, (Model("b", (2,)), None), strict=True)),
    )  # fmt: skip
    html = copies.copies_table(outcome)
    assert html.startswith("2 copies: b (#2) in &lt;a&gt; (#1)<br><table")
    assert "<td>1</td><td>b (#2)</td><td>certain</td><td>1 in 50,000</td><td>0.9000</td><td>5.0%</td>" in html
    assert "<td>2</td><td>not placed</td><td>no match</td>" in html


def test_too_few_copies_are_reported(load):
    missing = load("part_copies").missing_copies
    assert missing("b", "a", found("certain", wanted=1).copies) is None
    assert missing("b", "a", found("certain", wanted=None).copies) is None
    assert missing("b", "a", found("certain", wanted=3).copies).startswith("b: 1 of the 3 copies fits into a; ")
    nothing = found("no match", "no match", wanted=2).copies
    assert missing("b", "a", nothing) == "b: no copy matches a; the best 2 places may be due to chance"
    # A copy that fits by chance only is missing.
    assert missing("b", "a", found("certain", "no match", wanted=2).copies).startswith(
        "b: 1 of the 2 copies fits into a; "
    )


def test_only_one_whole_model_is_copied(load):
    choice, inputs = load("choice"), load("inputs")
    fixed, model = inputs.MapInput(Volume("f", (1,))), Structure("m", (2,))
    (whole,) = choice._atoms_inputs(Objects([model]), 8.0)
    chain = SimpleNamespace(model=model, is_map=False, is_whole=False, name="m (#2/A)", spec="#2/A", resolution=8.0)
    choice.check_copies([whole], fixed, None, "#2")
    for chosen, along, reason in (
        ([whole, whole], None, "got 2 moving models, expected one.* Usage: botalign #2 to #1 resolution 8 copies auto"),
        ([whole], [Model("h", (3,))], "move cannot be combined with copies"),
        ([chain], None,
         "got m .#2/A., a part of a model.* Usage: split #2; botalign #2.1 to #1 resolution 8 copies auto"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=reason):
            choice.check_copies(chosen, fixed, along, "#2/A")


def test_copies_are_made_before_the_models_move_and_closed_after_they_are_back(load):
    moves, volume = load("moves"), Volume("a", (1,))
    seen = []
    copies = SimpleNamespace(
        redo=lambda: seen.append(("made", volume.scene_position)),
        undo=lambda: seen.append(("closed", volume.scene_position)),
    )
    session = SimpleNamespace(tasks=SimpleNamespace(list=list))
    action = moves.Moves(session, [(volume, Place(origin=(1, 2, 3)))], copies=[copies])
    action.redo()
    assert volume.scene_position == Place(origin=(1, 2, 3))
    action.undo()
    assert seen == [("made", Place()), ("closed", Place())]
