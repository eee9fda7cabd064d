"""Parts of the panel that need only stand-ins."""

from types import SimpleNamespace

import numpy as np
import pytest

from botalign.geometry import random_rotations

from .standins import Place, Volume


def outcome(**changes):
    measured = [SimpleNamespace(correlation=value) for value in (0.25, 0.75)]
    values = {
        "alignment": SimpleNamespace(verdict="certain"), "moved": True, "before": measured[0], "after": measured[1],
        "fixed_name": "a.mrc (#1)", "placed": [],
    }  # fmt: skip
    return SimpleNamespace(**values | changes)


def test_the_line_about_a_result_begins_with_the_verdict(load):
    outcome_line = load("summary").outcome_line
    assert outcome_line([outcome()]) == "Certain: correlation 0.25 before, 0.75 after"
    unmatched = outcome(alignment=SimpleNamespace(verdict="no match"), moved=False)
    assert outcome_line([unmatched]) == "No match: nothing was moved"
    assert outcome_line([outcome(alignment=SimpleNamespace(verdict=None))]).startswith("Aligned: correlation")
    assert outcome_line([outcome(), unmatched]) == "Aligned 1 of 2 to a.mrc (#1)"


def test_the_line_about_copies_has_their_number(load):
    outcome_line = load("summary").outcome_line
    placed = [(None, Volume("a", (2,))), (None, Volume("b", (3,)))]
    copies = SimpleNamespace(group="C2", symmetry="found", missing=0)
    line = outcome_line([outcome(alignment=SimpleNamespace(verdict="certain", copies=copies), placed=placed)])
    assert line == "Certain: 2 copies placed, C2"
    copies.symmetry, copies.missing = None, 1
    placed.append((None, None))
    line = outcome_line([outcome(alignment=SimpleNamespace(verdict="certain", copies=copies), placed=placed)])
    assert line == "Certain: 2 copies placed, 1 fewer than asked for"


def test_the_line_about_scores(load):
    scores, found = load("summary").scores, SimpleNamespace(fsc_resolution_angstrom=7.5)
    text = "correlation 0.5000, about mean 0.1000"
    assert scores(SimpleNamespace(scores=found), text) == "Correlation 0.5000, about mean 0.1000; FSC 0.5 at 7.5 A"
    assert scores(found, "") == "FSC 0.5 at 7.5 A"


@pytest.fixture
def followed(load):
    """A follower, a pair, a model that moves along, and a transform."""
    fixed, moving, other = (Volume(name, (number,)) for number, name in enumerate("abc", start=1))
    rng = np.random.default_rng(3)
    for model in (fixed, moving, other):
        model.positions = Place(np.column_stack([random_rotations(1, rng)[0], rng.uniform(-9, 9, 3)]))
    ends = [SimpleNamespace(model=model, moves_atoms=False) for model in (fixed, moving)]
    pair = SimpleNamespace(fixed=ends[0], moving=ends[1])
    transform = np.column_stack([random_rotations(1, rng)[0], rng.uniform(-9, 9, 3)])
    return load("follow").Follower(), pair, other, transform


def test_models_follow_and_return(followed):
    follower, pair, other, transform = followed
    fixed, moving = pair.fixed.model, pair.moving.model
    before = moving.positions, other.positions
    offset = moving.scene_position.inverse() * other.scene_position
    follower.show(pair, [(other, offset)], transform)
    np.testing.assert_allclose(moving.positions.matrix, (fixed.positions * Place(transform)).matrix)
    np.testing.assert_allclose(other.positions.matrix, (moving.positions * offset).matrix)
    shown = moving.positions
    follower.show(pair, [(other, offset)], transform)
    assert moving.positions is shown, "it is drawn again without need"
    follower.restore()
    assert (moving.positions, other.positions) == before
    assert moving.positions is before[0], "not the pose with all its instances"


def test_the_models_of_all_running_alignments_return(followed, load):
    follower, pair, _, transform = followed
    before = pair.moving.model.positions
    follower.show(pair, [], transform)
    tasks = [SimpleNamespace(), SimpleNamespace(follower=follower)]
    load("follow").restore_all(SimpleNamespace(tasks=SimpleNamespace(list=lambda: tasks)))
    assert pair.moving.model.positions is before


def test_a_model_that_the_user_moves_is_left_alone(followed):
    follower, pair, _, transform = followed
    follower.show(pair, [], transform)
    pair.moving.model.positions = there = Place()
    transform[:, 3] += 5
    follower.show(pair, [], transform)
    assert pair.moving.model.positions is there
    follower.restore()
    assert pair.moving.model.positions is there


def test_what_cannot_follow_does_not(followed):
    follower, pair, _, transform = followed
    moving, before = pair.moving, pair.moving.model.positions
    follower.show(pair, [], transform * [1, 1, -1, 1])  # mirrored
    moving.moves_atoms = True
    follower.show(pair, [], transform)
    moving.moves_atoms, moving.model.deleted = False, True
    follower.show(pair, [], transform)
    assert moving.model.positions is before


def test_a_long_message_is_cut_and_can_be_read(load, widgets):
    line = load("status_line").StatusLine()
    line.resize(200, 20)
    assert line.say("Certain")
    assert line.message.text() == line.message.toolTip() == "Certain"
    text = "moving map: 0 voxels above the contour level 77, expected 8 or more; nothing was moved"
    assert not line.say(text, failed=True)
    assert line.message.text().endswith("…")
    assert line.message.toolTip() == text
    assert "color" in line.message.styleSheet()
    line.show_fraction(0.314)
    assert line.currentWidget() is line.bar
    assert line.bar.value() == 31
    line.say("Certain")
    assert line.currentWidget() is line.message
    assert line.message.styleSheet() == ""
    line.deleteLater()
