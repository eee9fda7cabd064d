"""Fields of options, which are derived from the declarations of botalign."""

from typing import Any

import pytest
from magicgui.widgets import LineEdit

import botalign
from napari_botalign.classes_widget import _OMITTED as NO_CLASS_FIELD
from napari_botalign.form import _OMITTED as NO_ALIGNMENT_FIELD
from napari_botalign.option_fields import OptionFields
from napari_botalign.option_labels import CHOICES, EMPTY, LABELS, spelled

KINDS: dict[type, tuple[str, ...]] = {
    botalign.AlignmentOptions: NO_ALIGNMENT_FIELD,
    botalign.ClassifyOptions: NO_CLASS_FIELD,
    botalign.LoadOptions: (),
}


@pytest.fixture(autouse=True)
def application(screen: None, request: pytest.FixtureRequest) -> None:
    """Qt's application, on the screen."""
    request.getfixturevalue("qapp")


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> Any:
    """A class that declares options."""
    return request.param


def test_every_declared_option_has_a_field_with_its_default(kind: Any) -> None:
    fields = OptionFields(kind, omit=KINDS[kind])
    declared = botalign.declarations(kind)
    assert fields.widgets.keys() | set(KINDS[kind]) == declared.keys()
    assert fields.values() == {name: declared[name].default for name in fields.widgets}


def test_ranges_choices_and_tooltips_are_the_declared_ones(kind: Any) -> None:
    declared = botalign.declarations(kind)
    for name, widget in OptionFields(kind, omit=KINDS[kind]).widgets.items():
        option = declared[name].option
        assert widget.tooltip.startswith(option.help)
        if option.choices:
            assert [choice for choice in widget.choices if choice is not None] == list(option.choices)
            assert set(CHOICES[name]) >= set(option.choices), "a choice has no text"
        elif hasattr(widget, "min"):
            assert (widget.min, widget.max) == (option.low, min(option.high, 2**31 - 1))
        elif isinstance(widget, LineEdit):
            assert declared[name].optional
            assert widget.native.placeholderText()


def test_every_text_is_that_of_an_option() -> None:
    declared = {name for kind in KINDS for name in botalign.declarations(kind)}
    assert LABELS.keys() | CHOICES.keys() | EMPTY.keys() <= declared


@pytest.mark.parametrize(("text", "value"), [("", None), (" 12.5 ", 12.5), ("1e-3", 1e-3), ("far", "far")])
def test_an_optional_number_is_text(text: str, value: Any) -> None:
    fields = OptionFields(botalign.AlignmentOptions, omit=NO_ALIGNMENT_FIELD)
    fields.widgets["local_degrees"].value = text
    assert fields.values()["local_degrees"] == value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 4}, "'box size': got 4, expected a whole number from 8 to 128 voxels."),
        ({"local_degrees": "far"}, "'search within': got 'far', expected a number above 0 and at most 180 degrees."),
        ({"partial": True, "loss": "l2"}, "loss = L2, for noisy maps cannot be combined with 'one is part of "),
        (
            {"preset": "paper", "loss": "core"},
            "loss = common part, for two conformations cannot be combined with method",
        ),
    ],
)
def test_errors_use_the_labels_of_the_form(options: dict[str, Any], message: str) -> None:
    with pytest.raises(botalign.InputError) as caught:
        botalign.AlignmentOptions(**options)
    assert spelled(caught.value).startswith(message)
