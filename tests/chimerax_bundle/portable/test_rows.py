"""The panel's rows of options, in Qt but without ChimeraX: the words that they put into the command."""

import pytest

from .standins import UserError, Volume

#: What the command has and the panel shows elsewhere, or leaves to the command.
ELSEWHERE = {"to", "resolution", "hand", "move", "result"}


@pytest.fixture
def rows(load, widgets):
    from qtpy.QtWidgets import QVBoxLayout, QWidget

    area = QWidget()
    QVBoxLayout(area)
    options = load("options").OptionRows(area)
    parts = load("parts").PartRows(None, area)
    yield options, parts
    area.deleteLater()


def test_untouched_they_leave_the_command_as_it_is(rows):
    assert [part.words() for part in rows] == [[], []]


def everything(options, parts):
    """Change every row, and return the words."""
    options._search.setCurrentIndex(1)
    options._loss.setCurrentIndex(2)
    for field in (options._size, options._evaluations, options._seed):
        field.setValue(field.value() + 1)
    options._refine.setChecked(False)
    parts._partial.setChecked(True)
    parts._mask.value, parts._to_mask.value = Volume("a", (3,)), Volume("b", (4, 1))
    parts._level.setText("0.2")
    parts._to_level.setText(" 1e-3 ")
    return options.words() + parts.words()


def test_each_row_is_an_option_of_the_command_and_no_option_is_forgotten(rows, load, recorder):
    load("cmd").register("botalign", None)
    keywords = recorder.commands["botalign"]["keyword"]
    words = dict(word.split() for word in everything(*rows))
    camel = {"".join([name.split("_")[0], *map(str.title, name.split("_")[1:])]): name for name in keywords}
    assert {camel[word] for word in words} == set(keywords) - ELSEWHERE
    assert (words["mask"], words["toMask"]) == ("#3", "#4.1")
    assert (words["level"], words["toLevel"], words["partial"]) == ("0.2", "0.001", "true")


def test_the_choices_are_the_commands(rows, load, recorder):
    load("cmd").register("botalign", None)
    keywords = recorder.commands["botalign"]["keyword"]
    for name, field in (("search", rows[0]._search), ("loss", rows[0]._loss)):
        offered = [field.itemText(i).partition(":")[0] for i in range(field.count())]
        assert tuple(offered) == keywords[name]


def test_a_mask_is_chosen_by_hand_alone_and_gone_when_it_is_closed(rows):
    _, parts = rows
    for menu in (parts._mask, parts._to_mask):
        assert menu.text() == "no mask"
        assert menu.options == {"class_filter": Volume, "autoselect": None, "no_value_menu_text": "no mask"}
    parts._to_mask.value = mask = Volume("mask", (3,))
    assert parts.words() == ["toMask #3"]
    mask.deleted = True
    assert parts.words() == []


def test_a_level_that_is_no_number_is_refused_in_words(rows):
    _, parts = rows
    parts._level.setText("auto")
    assert parts.words() == []
    parts._to_level.setText("low")
    with pytest.raises(UserError, match="toLevel: got 'low', expected a number or auto"):
        parts.words()
