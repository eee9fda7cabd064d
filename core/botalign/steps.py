"""Generators that do their work step by step and return a result."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any, TypeVar

Step = TypeVar("Step")
Told = TypeVar("Told")
Result = TypeVar("Result")


def exhaust(steps: Generator[Any, None, Result]) -> Result:
    """Take all steps, whatever they yield, and return what the generator returns; interrupted, close it."""
    with closing(steps):
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result


def retold(steps: Generator[Step, None, Result], tell: Callable[[Step], Told]) -> Generator[Told, None, Result]:
    """Take the steps of another generator, and return what it returns; closed midway, close it too.

    Parameters
    ----------
    steps : generator
        The other generator.
    tell : callable
        Makes of what that yields what is yielded here.
    """
    try:
        while True:
            try:
                step = next(steps)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield tell(step)
    finally:
        steps.close()
