"""The options of functions and commands are those that the options classes declare."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import botalign
from botalign.classes.options import ClassifyOptions
from botalign.cli.spelling import option_name
from botalign.latent.options import LandscapeOptions
from botalign.options import declarations
from botalign.pairwise.options import DistanceOptions

from .conftest import Run

KINDS: dict[str, tuple[Callable[..., Any], type[Any]]] = {
    "align": (botalign.align, botalign.AlignmentOptions),
    "distances": (botalign.distances, DistanceOptions),
    "classify": (botalign.classify, ClassifyOptions),
    "landscape": (botalign.landscape, LandscapeOptions),
}
#: Keyword arguments that are not options of the result: where and how it is computed.
EXECUTION = ("processes", "scheduler", "work")


@pytest.mark.parametrize("command", KINDS)
def test_the_signature_of_a_function(command: str) -> None:
    function, kind = KINDS[command]
    declared = declarations(kind)
    parameters = {
        name: each.default
        for name, each in inspect.signature(function).parameters.items()
        if each.kind is inspect.Parameter.KEYWORD_ONLY and name not in EXECUTION
    }
    if "threads" not in declared:
        assert parameters.pop("threads", None) is None
    assert list(parameters.items()) == [(name, each.default) for name, each in declared.items()]


@pytest.mark.parametrize("command", KINDS)
def test_the_help_of_a_command(run: Run, command: str) -> None:
    text = " ".join(run(command, "--help").out.split())
    for name, each in declarations(KINDS[command][1]).items():
        entry = text.split(f" {option_name(name)} ", 1)[1]
        assert each.option.help in text, name
        assert all(choice in entry[:40] for choice in each.option.choices), name
        facts = [each.range] if each.range else []
        if each.default is True:
            facts.append(f"default: {option_name(name)}")
        elif each.default is not None and each.default is not False:
            facts.append(f"default: {each.default}")
        if facts:
            assert f"{each.option.help}. [{'; '.join(facts)}]" in text, name


@pytest.mark.parametrize("command", KINDS)
def test_the_range_of_a_number(command: str) -> None:
    for each in declarations(KINDS[command][1]).values():
        if each.type in (int, float) and (each.option.low is not None or each.option.above is not None):
            with pytest.raises(botalign.InputError) as caught:
                each.check(each.parse("-1"))
            assert caught.value.option == each.name
            assert each.range in str(caught.value)


def test_threads_have_one_default() -> None:
    functions = [
        *(function for function, _ in KINDS.values() if function is not botalign.landscape),
        botalign.resample, botalign.difference, botalign.Alignment.apply, botalign.distance_steps,
        botalign.classify_steps,
    ]  # fmt: skip
    assert {inspect.signature(each).parameters["threads"].default for each in functions} == {None}
