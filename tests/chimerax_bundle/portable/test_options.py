"""The options of the command, which are derived from the declarations of botalign."""

import pytest

import botalign


@pytest.fixture
def options(load):
    return load("options")


@pytest.fixture
def keywords(load, recorder):
    load("cmd").register("botalign", None)
    return recorder.commands["botalign"]["keyword"]


def test_every_declared_option_is_a_keyword_or_omitted(options, keywords):
    declared = botalign.declarations(botalign.AlignmentOptions)
    assert {options.KEYWORDS.get(name, name) for name in declared.keys() - options.OMITTED} <= set(keywords)
    assert {*options.OMITTED, *options.WORDS} <= set(declared)
    assert set(options.KEYWORDS) - set(declared) == {
        "contour_level", "contour_level_first", "contour_level_second",
    }  # fmt: skip


def test_values_and_choices_are_the_declared_ones(keywords):
    declared = botalign.declarations(botalign.AlignmentOptions)
    assert keywords["hand"] == declared["hand"].option.choices
    assert keywords["loss"] == declared["loss"].option.choices
    assert keywords["size"] == ("IntArg", "a whole number from 8 to 128 voxels")
    assert keywords["level"] == keywords["to_level"] == (("auto",), ("FloatArg", "a number"))
    assert keywords["search"][0] == ("global", "local")
    assert keywords["search"][1][0] == "FloatArg"
    assert (keywords["refine"], keywords["mask"], keywords["to_mask"]) == ("BoolArg", "ModelsArg", "ModelsArg")


def test_without_keywords_the_options_are_the_defaults(options):
    values = options.option_values({})
    assert set(values) == set(options.DECLARED)
    default = botalign.AlignmentOptions()
    assert all(getattr(default, name) == value for name, value in values.items())


def test_keywords_become_options(options):
    given = {"to_level": 0.5, "level": "auto", "search": "local", "hand": "auto", "size": 16, "mask": ["map"]}
    values = options.option_values(given)
    assert (values["contour_level_fixed"], values["contour_level_moving"]) == (0.5, None)
    assert (values["local_degrees"], values["hand"], values["size"]) == (30.0, "auto", 16)
    assert values["mask_moving"] == ["map"]
    with pytest.raises(TypeError, match="bogus"):
        botalign.AlignmentOptions(**options.option_values({"bogus": 1}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 4}, "size: got 4, expected a whole number from 8 to 128 voxels."),
        ({"contour_level_fixed": "high"}, "toLevel: got 'high', expected a number."),
        ({"local_degrees": -1.0}, "search: got -1, expected"),
        ({"partial": True, "refine": False}, "refine false cannot be combined with partial true: "),
        ({"rotate": False, "local_degrees": 30.0}, "search local cannot be combined with rotate false"),
        ({"rotate": False, "local_degrees": 15.0}, "search 15.0 cannot be combined with rotate false"),
        ({"partial": True, "loss": "l2"}, "loss l2 cannot be combined with partial true: "),
    ],
)
def test_errors_spell_options_as_the_command_does(options, given, message):
    with pytest.raises(botalign.InputError) as caught:
        botalign.AlignmentOptions(**given)
    assert options.spelled(caught.value).startswith(message)
