"""Work on one of many items whose failure does not stop the others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from botalign.cancellation import CancelledWork
from botalign.errors import InputError

Parameters = ParamSpec("Parameters")
Arrays = dict[str, NDArray[Any]]

FAILURE = "failure"


def or_failure(function: Callable[Parameters, Arrays]) -> Callable[Parameters, Arrays]:
    """Return a function that returns the reason, as its only array, if the given function fails.

    Errors of numerical libraries count too: one damaged file among thousands must not stop a run of hours.
    """

    @functools.wraps(function)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Arrays:
        try:
            return function(*arguments, **options)
        except CancelledWork:
            raise
        except InputError as error:
            return _failure(str(error))
        except Exception as error:
            return _failure(f"{type(error).__name__}: {error}")

    return call


def reason_of(arrays: Arrays) -> str | None:
    """Return why an item failed; None if it did not."""
    return str(arrays[FAILURE]) if FAILURE in arrays else None


def _failure(reason: str) -> Arrays:
    return {FAILURE: np.array(" ".join(reason.split()))}
