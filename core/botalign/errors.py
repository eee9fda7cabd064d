"""The exception that the package raises for input it cannot use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Setting:
    """An option that a message refers to, with or without a value.

    Front ends spell options differently: ``size=8``, ``--size 8``, ``size 8``.

    Attributes
    ----------
    name : str
        Name of the option in Python.
    value : object
        Its value, if the message is about the option with this value; ``...`` if not.
    """

    name: str
    value: Any = ...

    @property
    def has_value(self) -> bool:
        """Whether the message gives a value."""
        return self.value is not ...

    def __str__(self) -> str:
        """Return the spelling of Python."""
        if not self.has_value:
            return self.name
        text = getattr(self.value, "__name__", "function") if callable(self.value) else repr(self.value)
        return f"{self.name}={text}"


class Message(Exception):  # noqa: N818 (the base of a warning, too)
    """An error or a warning whose message refers to options as data.

    Parameters
    ----------
    *parts : str, Setting or Path
        The message, in parts. Options are given as :class:`Setting`, so that each front end can spell them its own way,
        and a file to write as :class:`~pathlib.Path`, because it may have a temporary name.

    Attributes
    ----------
    parts : tuple of str, Setting or Path
        The parts of the message.
    """

    def __init__(self, *parts: str | Setting | Path) -> None:
        super().__init__(*parts)  # what pickle calls the class with, in another process
        self.parts = parts

    def __str__(self) -> str:
        """Return the message as Python users read it."""
        return self.spelled(str)

    @property
    def option(self) -> str | None:
        """Name of the option that the message is about, or None if it is about something else."""
        first = self.parts[0] if self.parts else None
        return first.name if isinstance(first, Setting) else None

    def spelled(self, spell: Callable[[Setting], str]) -> str:
        """Return the message with each option spelled by a function."""
        return "".join(spell(part) if isinstance(part, Setting) else str(part) for part in self.parts)


class InputError(Message, ValueError):
    """Input that cannot be used.

    The message is one line that names the file or the option, what was found, what was expected, and what to do.

    Examples
    --------
    >>> from botalign.errors import InputError, Setting
    >>> error = InputError(Setting("size"), ": got 4, expected a whole number from 8 to 128.")
    >>> str(error)
    'size: got 4, expected a whole number from 8 to 128.'
    >>> error.option
    'size'
    >>> error.spelled(lambda setting: f"--{setting.name}")
    '--size: got 4, expected a whole number from 8 to 128.'
    """


class SizeError(InputError):
    """Two inputs that cannot show the same molecule, because their sizes differ too much; each of them can be used."""


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number and what it counts: ``1 voxel is``, ``2 voxels are``; `several` adds an s by default."""
    return f"{number} {one if number == 1 else several or one + 's'}"
