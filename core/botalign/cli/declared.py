"""Options of a command that are made from the declarations of the library."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_args

import typer

import botalign
from botalign.cli.spelling import opposite_name, option_name
from botalign.options import Declaration, declarations

Options = TypeVar("Options")

#: Placeholders for the values of options, where the type alone is not enough.
_METAVARS = {"scheduler": "tcp://HOST:PORT"}


@dataclass(frozen=True)
class Given(Generic[Options]):
    """The options of a command that were given.

    Attributes
    ----------
    kind : type
        Class that declares the options.
    values : mapping
        Values of the options, by name; paths for those that are read from files.
    """

    kind: type[Options]
    values: Mapping[str, Any]

    @property
    def files(self) -> list[Path]:
        """The files that the options name."""
        values = (value if isinstance(value, tuple) else (value,) for value in self.values.values())
        return [path for each in values for path in each if isinstance(path, Path)]

    def read(self) -> Options:
        """Read the files, check the options, and return them.

        Raises
        ------
        InputError
            If a file cannot be read, or an option cannot be used.
        """
        found = declarations(self.kind)
        return self.kind(**{name: _read(found[name].type, value) for name, value in self.values.items()})


def with_options(kind: type[Any], into: str = "options") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that replaces a parameter of a command by the options that a class declares.

    The command gets them as :class:`Given`.
    """
    declared = declarations(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def run(**arguments: Any) -> Any:
            given = {name: value for name in declared if (value := arguments.pop(name)) is not None}
            for name, value in given.items():
                if isinstance(value, str):
                    given[name] = declared[name].check(declared[name].parse(value))
            return command(**arguments, **{into: Given(kind, given)})

        signature = inspect.signature(command, eval_str=True)
        parameters = list(signature.parameters.values())
        place = list(signature.parameters).index(into)
        parameters[place : place + 1] = map(_parameter, declared.values())
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return run

    return decorate


def _parameter(declared: Declaration) -> inspect.Parameter:
    """Return the parameter from which typer makes the option; its value is None if the option is not given."""
    option, name, default = declared.option, option_name(declared.name), declared.default
    kind: Any = str
    plain = option.unit.upper() or {int: "N", float: "X"}.get(declared.type, "NAME")
    metavar: str | None = _METAVARS.get(declared.name, "|".join([plain, *option.words]))
    if option.choices:
        metavar = f"[{'|'.join(option.choices)}]"
    elif declared.type is bool:
        kind, metavar = bool, None
    elif get_args(declared.type):  # half maps
        kind, metavar = tuple[Path, Path], "A.mrc B.mrc"
    elif declared.type not in (int, float, str):
        kind, metavar = Path, "R.json" if declared.type is botalign.Alignment else "M.mrc"
    facts = [declared.range] if declared.range else []
    if default is True or (declared.type is bool and declared.optional):
        facts += [f"default: {name}"] if default else []
        name = f"{name}/{opposite_name(declared.name)}"
    elif default is not None and default is not False:
        facts.append(f"default: {default}")
    text = f"{option.help}." + (f" [{'; '.join(facts)}]" if facts else "")
    annotation = Annotated[kind | None, typer.Option(name, metavar=metavar, help=text, show_default=False)]
    return inspect.Parameter(declared.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _read(kind: Any, value: Any) -> Any:
    """Return what is in the files of an option, or its value if that is not a file."""
    if isinstance(value, tuple):
        return tuple(map(botalign.read, value))
    if isinstance(value, Path):
        return botalign.Alignment.read(value) if kind is botalign.Alignment else botalign.read(value)
    return value
