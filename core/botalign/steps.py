"""Generators that do their work step by step and return a result."""

from collections.abc import Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


def exhaust(steps: Generator[Any, None, Result]) -> Result:
    """Take all steps, whatever they yield, and return what the generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
