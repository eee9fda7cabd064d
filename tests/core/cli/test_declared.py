"""The options of functions and commands are those that the options classes declare."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import botalign
from botalign.cli.spelling import option_name
from botalign.options import declarations

from .conftest import Run

KINDS: dict[str, tuple[Callable[..., Any], type[Any]]] = {
    "align": (botalign.align, botalign.AlignmentOptions),
    "distances": (botalign.distances, botalign.DistanceOptions),
    "classify": (botalign.classify, botalign.ClassifyOptions),
    "landscape": (botalign.landscape, botalign.LandscapeOptions),
    "assemble": (botalign.assemble, botalign.AssemblyOptions),
    "rank": (botalign.rank, botalign.RankOptions),
}
EXECUTED = ("distances", "classify", "assemble", "rank")
#: Keywords about the other arguments, which are not options.
ABOUT_ARGUMENTS = {"assemble": ("counts",), "rank": ("chains", "index")}


@pytest.mark.parametrize("command", KINDS)
def test_the_signature_of_a_function(command: str) -> None:
    function, kind = KINDS[command]
    declared = [*fields(kind), *(fields(botalign.Execution) if command in EXECUTED else ())]
    parameters = inspect.signature(function).parameters.values()
    keywords = [(each.name, each.default) for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    others = [(name, None) for name in ABOUT_ARGUMENTS.get(command, ())]
    assert [each for each in keywords if each not in others] == [(each.name, each.default) for each in declared]
    assert all(each in keywords for each in others)


@pytest.mark.parametrize("command", KINDS)
def test_the_help_of_a_command(run: Run, command: str) -> None:
    text = " ".join(run(command, "--help").out.split())
    execution = declarations(botalign.Execution) if command in EXECUTED else {}
    for name, each in (declarations(KINDS[command][1]) | execution).items():
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
        botalign.resample, botalign.difference, botalign.Alignment.apply, botalign.Execution,
    ]  # fmt: skip
    assert {inspect.signature(each).parameters["threads"].default for each in functions} == {None}


def test_the_options_for_loading_images(run: Run) -> None:
    parameters = inspect.signature(botalign.load_images).parameters.values()
    keywords = [(each.name, each.default) for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    assert keywords == [(each.name, each.default) for each in fields(botalign.LoadOptions)]
    text = " ".join(run("classify", "--help").out.split())
    for name, each in declarations(botalign.LoadOptions).items():
        assert f" {option_name(name)}" in text
        assert each.option.help in text
