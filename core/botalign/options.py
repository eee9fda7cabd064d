"""Options, each declared once: the validation and every front end are derived from the declaration.

A dataclass declares the options of a function. The annotation of each field is ``Annotated[type, Option(...)]``; its
name, type and default are those of the option.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from botalign.arguments import kind_of
from botalign.errors import InputError, Setting

Options = TypeVar("Options")

#: Largest integer that every program reads from a file.
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Option:
    """Help, choices, bounds and unit of an option. Name, type and default are those of the field.

    Attributes
    ----------
    help : str
        One line of help, without a full stop at the end.
    choices : tuple of str
        Allowed values, if they are few.
    words : tuple of str
        Words that are allowed instead of a number.
    low, high : float or None
        Bounds of a number; both are allowed values.
    above : float or None
        Bound of a number that must be larger.
    unit : str
        Unit of a number.
    """

    help: str
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Declaration:
    """An option as a front end sees it.

    Attributes
    ----------
    name : str
        Name of the option in Python.
    type : type
        Type of its value, without None: ``bool``, ``int``, ``float``, ``str``, or a class of the package.
    optional : bool
        Whether None is allowed.
    or_function : bool
        Whether a function is allowed instead.
    default : object
        Default value.
    option : Option
        Help, choices, bounds and unit.
    """

    name: str
    type: Any
    optional: bool
    or_function: bool
    default: Any
    option: Option

    def check(self, value: Any) -> Any:
        """Return a value as a plain Python object.

        Raises
        ------
        InputError
            If the type is wrong, or the value is not one of the choices or out of bounds.
        """
        if (value is None and self.optional) or (self.or_function and callable(value)):
            return value
        if self.option.choices:
            if not isinstance(value, str) or value not in self.option.choices:
                one_of = "one of " if len(self.option.choices) > 1 else ""
                raise self.error(value, one_of + ", ".join(self.option.choices))
            return value
        if isinstance(value, str) and value in self.option.words:
            return value
        if self.type is bool:
            if type(value).__name__ not in ("bool", "bool_"):  # numpy's too, without importing it
                raise self.error(value, "True or False")
            return bool(value)
        if self.type is int:
            return int(self._number(value, whole=True))
        if self.type is float:
            return float(self._number(value, whole=False))
        if self.type is str and not isinstance(value, str):
            raise self.error(value, "text")
        return value

    def error(self, value: Any, expected: str) -> InputError:
        """Return the error for a value, given what was expected."""
        found = "ndarray" if type(value).__name__ == "ndarray" else repr(value)
        if self.type is float and isinstance(value, float):
            found = found.removesuffix(".0")  # as it was typed
        return InputError(Setting(self.name), f": got {found}, expected {expected}.")

    def _number(self, value: Any, *, whole: bool) -> Any:
        is_number = (
            isinstance(value, numbers.Integral if whole else numbers.Real)
            and not isinstance(value, bool)
            and math.isfinite(value)
        )
        low, high, above = self.option.low, self.option.high, self.option.above
        if (
            not is_number
            or (low is not None and value < low)
            or (high is not None and value > high)
            or (above is not None and value <= above)
        ):
            raise self.error(value, self.expected)
        return value

    def parse(self, text: str) -> Any:
        """Return the value that a user typed, of the right type; :meth:`check` checks it.

        Raises
        ------
        InputError
            If the text is not a number, but the option is.
        """
        if self.type not in (int, float) or text in self.option.words:
            return text
        try:
            return self.type(text)
        except ValueError:
            raise self.error(text, self.expected) from None

    @property
    def expected(self) -> str:
        """The numbers that are allowed, for a message."""
        kind = "a whole number" if self.type is int else "a number"
        low, high = self.option.low, self.option.high
        preposition = "" if low is None else " of" if high is None else " from"
        words = "".join(f"{word} or " for word in self.option.words)
        return f"{words}{kind}{preposition} {self.range}".rstrip()

    @property
    def range(self) -> str:
        """The bounds of a number with its unit, for example ``8 to 128 voxels``; empty if there are none."""
        low, high, above = (_plain(bound) for bound in (self.option.low, self.option.high, self.option.above))
        unit = f" {self.option.unit}" if self.option.unit else ""
        if low:
            return f"{low} to {high}{unit}" if high else f"at least {low}{unit}"
        if above:
            return f"above {above} and at most {high}{unit}" if high else f"above {above}{unit}"
        return f"at most {high}{unit}" if high else ""


def _plain(bound: float | None) -> str:
    if bound == LARGEST:
        return "2**63 - 1"
    return "" if bound is None else f"{bound:d}" if isinstance(bound, int) else f"{bound:g}"


def declarations(kind: type[Any]) -> dict[str, Declaration]:
    """Return the options that a dataclass declares.

    Parameters
    ----------
    kind : type
        A dataclass of options, such as :class:`botalign.AlignmentOptions`.

    Returns
    -------
    dict of Declaration
        The declarations by name, in order.

    Examples
    --------
    >>> import botalign
    >>> declared = botalign.declarations(botalign.AlignmentOptions)
    >>> declared["size"].default, declared["size"].option.unit
    (32, 'voxels')
    """
    cached: Any = _declarations  # mypy takes a class for unhashable
    found: dict[str, Declaration] = cached(kind)
    return found


@cache
def _declarations(kind: type[Any]) -> dict[str, Declaration]:
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for field in fields(kind):
        if get_origin(hints[field.name]) is not Annotated:
            continue
        hint, option = get_args(hints[field.name])[:2]
        types = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        first = next(each for each in types if each is not NoneType)
        or_function = any(get_origin(each) is Callable for each in types)
        default = None if field.default is MISSING else field.default
        found[field.name] = Declaration(field.name, first, NoneType in types, or_function, default, option)
    return found


def check_options(options: Any) -> None:
    """Check all options of an instance, in ``__post_init__``, and make their values plain Python objects.

    Raises
    ------
    InputError
        For the first option that cannot be used.
    """
    for name, declaration in declarations(type(options)).items():
        object.__setattr__(options, name, declaration.check(getattr(options, name)))


def changed(options: Any, *names: str) -> list[Setting]:
    """Return the options among `names` that do not have their default value."""
    found = declarations(type(options))
    return [Setting(name, getattr(options, name)) for name in names if getattr(options, name) != found[name].default]


def refuse_together(setting: Setting, reason: str, *others: Setting | None) -> None:
    """Refuse an option that another option would leave without effect.

    Raises
    ------
    InputError
        If one of the other options was given.
    """
    for other in others:
        if other is not None:
            raise InputError(other, " cannot be combined with ", setting, f": {reason}. Leave out one of the two.")


def expect_options(options: object, kind: type[Any], name: str) -> None:
    """Refuse options of another kind, such as a dictionary.

    Raises
    ------
    InputError
        If `options` is not an instance of the dataclass `kind`; the message names the argument and the class.
    """
    if not isinstance(options, kind):
        raise InputError(Setting(name), f": got {kind_of(options)}, expected botalign.{kind.__name__}(...).")


def options_from(kind: type[Options], arguments: Mapping[str, Any]) -> Options:
    """Return the options that are among the arguments of a function.

    Raises
    ------
    InputError
        As the dataclass does.
    """
    return kind(**{field.name: arguments[field.name] for field in fields(kind)})  # type: ignore[arg-type]


def whole_number(name: str, value: object, low: int, high: int | None = None, *, note: str = "") -> int:
    """Check an argument that is a whole number, and return it as a Python integer.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        Its value: a Python or numpy integer.
    low, high : int, int or None
        Smallest and largest allowed value; None for no upper bound.
    note : str
        Text for the error message, after the bounds.

    Raises
    ------
    InputError
        If it is not a whole number, or out of bounds.
    """
    option = Option("", low=low, high=high, unit=note)
    return int(Declaration(name, int, False, False, None, option).check(value))
