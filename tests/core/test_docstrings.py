"""Docstrings of the public names: complete by numpydoc's rules, and with examples that run."""

import dataclasses
import doctest
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import botalign

#: Checks of numpydoc that are not applied: the summary starts on the line of the quotes (GL01); a longer description
#: (ES01) and references to other functions (SA01) are optional. Examples (EX01) are tested below.
OPTIONAL = {"GL01", "ES01", "SA01", "EX01"}
#: A method needs no Parameters (PR01) or Returns (RT01) if one line describes it. Fields are tested below.
OPTIONAL_IN_CLASSES = OPTIONAL | {"PR01", "RT01"}

#: Public names whose docstrings are incomplete. To be emptied; then remove it.
INCOMPLETE = {
    "Classification.annotate",
    "Grid.axis_angstrom",
    "align_steps",
    "classify",
    "classify_steps",
    "correlation_about_mean",
    "distance_steps",
    "holds_images",
    "landscape",
    "landscape_steps",
    "phantom_family",
    "projections",
    "read_header",
    "read_images",
    "read_latents",
    "read_subset",
    "wemd",
}
#: Public functions without an Examples section. To be emptied; then remove it.
WITHOUT_EXAMPLES = {
    "classify",
    "classify_steps",
    "contour_level",
    "correlation",
    "correlation_about_mean",
    "difference",
    "diffusion_map",
    "distance_steps",
    "distances",
    "fourier_shell_correlation",
    "holds_images",
    "landscape",
    "landscape_steps",
    "phantom",
    "phantom_family",
    "potential",
    "projections",
    "read",
    "read_distances",
    "read_embedding",
    "read_header",
    "read_images",
    "read_latents",
    "read_stack",
    "read_subset",
    "resample",
    "score",
    "wavelet_transform",
    "wemd",
}


def public_names() -> Iterator[str]:
    """Yield public functions and classes, and the public methods and properties of these classes."""
    for name in botalign.__all__:
        value = getattr(botalign, name)
        if callable(value):
            yield name
        if inspect.isclass(value):
            for member, method in vars(value).items():
                described = inspect.isroutine(method) or isinstance(method, property)
                if described and not member.startswith("_"):
                    yield f"{name}.{member}"


NAMES = list(public_names())
FUNCTIONS = [name for name in NAMES if inspect.isfunction(getattr(botalign, name, None))]
# The fields of options are described by their declarations.
RECORDS = [
    name for name in NAMES if dataclasses.is_dataclass(getattr(botalign, name, None)) and not name.endswith("Options")
]


def marked(names: list[str], exceptions: set[str]) -> list[object]:
    return [pytest.param(name, marks=[pytest.mark.xfail] if name in exceptions else []) for name in names]


def sections(value: object) -> NumpyDocString:
    return NumpyDocString(inspect.getdoc(value) or "")


@pytest.mark.parametrize("name", marked(NAMES, INCOMPLETE))
def test_a_docstring_is_complete(name: str) -> None:
    top, _, member = name.partition(".")
    value = getattr(botalign, top)
    optional = OPTIONAL_IN_CLASSES if inspect.isclass(value) else OPTIONAL
    found = validate(".".join(filter(None, [value.__module__, top, member])))
    assert [error for error in found["errors"] if error[0] not in optional] == []


@pytest.mark.parametrize("name", RECORDS)
def test_the_fields_of_a_dataclass_are_documented(name: str) -> None:
    value = getattr(botalign, name)
    described = sections(value)
    names = {
        part.strip() for each in described["Attributes"] + described["Parameters"] for part in each.name.split(",")
    }
    assert {field.name for field in dataclasses.fields(value) if not field.name.startswith("_")} <= names


@pytest.mark.parametrize("name", marked(FUNCTIONS, WITHOUT_EXAMPLES))
def test_a_function_has_an_example(name: str) -> None:
    assert sections(getattr(botalign, name))["Examples"]


def examples() -> dict[str, doctest.DocTest]:
    """Return the examples in docstrings of public names, by name."""
    finder = doctest.DocTestFinder()
    found = (
        test
        for name in botalign.__all__
        if callable(value := getattr(botalign, name))
        for test in finder.find(value, name, import_module(value.__module__), globs={})
    )
    return {test.name: test for test in found if test.examples}


EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_says(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(EXAMPLES[name], out=report.append)
    assert not report, "".join(report)
