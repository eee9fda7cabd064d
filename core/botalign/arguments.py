"""Arguments of functions: what is refused in the same words wherever it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from botalign.errors import InputError

Options = TypeVar("Options")


def whole_number(
    name: str, value: object, low: int, high: int | None = None, *, unit: str = "", advice: str = ""
) -> int:
    """Return a whole number, of Python's kind or numpy's, as one of Python's: JSON takes none of numpy's.

    Parameters
    ----------
    name : str
        What messages call it.
    value : object
        What was given.
    low, high : int, int or None
        The least and the largest that will do; None if any larger one does.
    unit, advice : str
        What messages say after the number, and in the end.

    Raises
    ------
    InputError
        If it is something else, or out of range.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):  # type: ignore[operator]
        expected = f" from {low} on" if high is None else f" from {low} to {high}"
        raise InputError(f"{name}: got {value!r}{unit}, expected a whole number{expected}{advice}.")
    return int(value)  # type: ignore[call-overload, no-any-return]


def options_from(kind: type[Options], given: Mapping[str, Any], caller: str) -> Options:
    """Return a dataclass of options made of those that were given to a function.

    Raises
    ------
    TypeError
        If one of them is none of its fields.
    InputError
        As the dataclass does.
    """
    unknown = sorted(given.keys() - {field.name for field in fields(kind)})  # type: ignore[arg-type]
    if unknown:
        raise TypeError(f"{caller}() got unexpected options: {', '.join(unknown)}")
    return kind(**given)
