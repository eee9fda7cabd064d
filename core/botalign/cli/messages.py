"""What is said on stderr, each thing in one line."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

#: What the library and the parser say, and how the command line says it.
_WORDS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r" \((overwrite|invert)=True\)", ""),
        (r"^(size|evaluations|loss|hand|preset|seed|threads|floor|steps|weighting)(?=: got )", r"--\1"),
        (r"^(dimensions|bandwidth|alpha|time|colours)(?=: (?:got|at) )", r"--\1"),
        (r"^(classes|metric|levels|rotations|shift|iterations|diameter)(?=: got )", r"--\1"),
        (r"^(landmarks|wavelet)(?=: got )", r"--\1"),
        (r"\brefine=False\b", "--no-refine"),
        (r"\bpartial=True\b", "--partial"),
        (r"\b(loss|preset|size|evaluations)='?(\w+)'?(?= can't be given|: )", r"--\1 \2"),
        (r"\bhalf_maps_fixed and half_maps_moving\b", "--half-maps-fixed and --half-maps-moving"),
        (r"\bover_rotations\b", "--over-rotations"),
        (r"\b(take|or) (metric|density|scale) (?=\w)", r"\1 --\2 "),
        (r"^level_(fixed|moving)(?=: got )", r"--level-\1"),
        (r"^local_degrees(?=: got )", "--local"),
        (r"(a result|the result file) of an alignment", r"\1 of `botalign align --result`"),
        (r"^held_out(?=: got )", "--held-out"),
        (r"^voxel_size_angstrom(?=: got )", "--voxel-size"),
        (r"(?<=: )Value error, ", ""),
        (r" is not one of ('[^',]*')$", r" is not \1"),
        (r"(?<![\d.,])1 voxels are NaN or infinite; replace them", "1 voxel is NaN or infinite; replace it"),
        (
            r"(?<![\d.,])1 pixels are NaN or infinite, (in .*?); replace them",
            r"1 pixel is NaN or infinite, \1; replace it",
        ),
        (r"(?<![\d.,])1 voxels lie", "1 voxel lies"),
        (r"(?<![\d.,])1 bytes", "1 byte"),
    )
)


def print_error(message: str) -> None:
    """Print an error."""
    _print_line(f"botalign: error: {reworded(message)}")


def print_warning(message: str) -> None:
    """Print a warning."""
    _print_line(f"botalign: warning: {reworded(message)}")


def print_note(message: str) -> None:
    """Print something that is good to know."""
    _print_line(f"botalign: {message}")


def reworded(message: str) -> str:
    """Return what the library or the parser says in the words of the command line: options, and 1 of a thing."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message


@contextmanager
def shown_warnings() -> Iterator[None]:
    """Print the warnings that are meant for users in one line each, without the code they come from.

    Each is printed once: that a map is read twice is nobody's concern.
    """
    said: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if str(message) not in said:
            said.add(str(message))
            print_warning(str(message))

    with warnings.catch_warnings():
        warnings.filterwarnings("always", category=UserWarning)
        warnings.showwarning = show
        yield


def _print_line(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr)
