"""The panel's rows of options, in Qt but without ChimeraX: their fields and the words of the command."""

import pytest

from .standins import UserError, Volume


@pytest.fixture
def options(load):
    return load("options")


@pytest.fixture
def rows(load, widgets, options):
    from qtpy.QtWidgets import QFormLayout, QWidget

    area = QWidget()
    yield load("rows").OptionRows(None, QFormLayout(area), list(options.DECLARED))
    area.deleteLater()


def test_at_first_they_have_the_defaults(rows):
    assert rows.words() == []


def test_each_row_changes_its_option(rows, options):
    fields = rows.fields
    for name in ("hand", "loss", "local_degrees"):
        fields[name].setCurrentIndex(1)
    for name in ("size", "seed"):
        fields[name].setValue(fields[name].value() + 1)
    fields["evaluations"].setText("201")
    for name in ("refine", "rotate", "shift"):
        fields[name].setChecked(False)
    fields["partial"].setCurrentIndex(1)
    fields["mask_moving"].value, fields["mask_fixed"].value = Volume("a", (3,)), Volume("b", (4, 1))
    fields["contour_level_moving"].setText("0.2")
    fields["contour_level_fixed"].setText(" 1e-3 ")
    words = dict(word.split() for word in rows.words())
    assert words == {
        "hand": "auto", "loss": "l2", "search": "local", "size": "33", "evaluations": "201", "seed": "1",
        "refine": "false", "rotate": "false", "shift": "false", "partial": "true", "mask": "#3", "toMask": "#4.1",
        "level": "0.2", "toLevel": "0.001",
    }  # fmt: skip
    assert set(words) == {options.typed(name) for name in options.DECLARED}


def test_a_local_search_has_an_angle(rows, options):
    choice, degrees = rows.fields["local_degrees"], rows.degrees
    assert degrees.isHidden()
    degrees.setValue(15)
    assert rows.words() == []
    choice.setCurrentIndex(1)
    assert not degrees.isHidden()
    assert rows.words() == ["search 15"]
    degrees.setValue(options.words("local_degrees")["local"])
    assert rows.words() == ["search local"]
    assert degrees.maximum() == options.DECLARED["local_degrees"].option.high


def test_ranges_choices_and_tooltips_are_the_declared_ones(rows, options):
    size, declared = rows.fields["size"], options.DECLARED["size"].option
    assert (size.minimum(), size.maximum(), size.suffix()) == (declared.low, declared.high, " voxels")
    assert size.toolTip() == f"{declared.help} (keyword size)"
    assert rows.fields["contour_level_fixed"].toolTip().endswith("(keyword toLevel)")
    assert rows.fields["contour_level_fixed"].placeholderText() == "auto"
    assert rows.fields["refine"].text() == options.DECLARED["refine"].option.help
    assert rows.fields["partial"].currentText() == "auto: decided from the volumes"
    for name in ("hand", "loss", "local_degrees"):
        field = rows.fields[name]
        assert [field.itemData(i) for i in range(field.count())] == list(options.words(name))
        assert all(": " in field.itemText(i) for i in range(field.count())), "a choice is not explained"


def test_every_label_is_that_of_an_option(load, widgets, options):
    assert set(load("rows").LABELS) <= set(options.DECLARED)


def test_a_large_number_is_written_in_full(rows):
    rows.fields["seed"].setValue(2**31 - 1)
    assert rows.words() == ["seed 2147483647"]


def test_a_mask_is_never_chosen_automatically_and_gone_when_it_is_closed(rows):
    for name in ("mask_moving", "mask_fixed"):
        menu = rows.fields[name]
        assert menu.text() == "no mask"
        assert menu.options == {"class_filter": Volume, "autoselect": None, "no_value_menu_text": "no mask"}
    rows.fields["mask_fixed"].value = mask = Volume("mask", (3,))
    assert rows.words() == ["toMask #3"]
    mask.deleted = True
    assert rows.words() == []


def test_a_level_that_is_not_a_number_is_refused(rows):
    rows.fields["contour_level_moving"].setText("auto")
    assert rows.words() == []
    rows.fields["contour_level_fixed"].setText("low")
    with pytest.raises(UserError, match="toLevel: got 'low', expected a number or auto"):
        rows.words()
