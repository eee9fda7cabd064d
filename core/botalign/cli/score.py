"""``botalign score``: the similarity of two maps, without alignment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.messages import print_note
from botalign.cli.options import Json
from botalign.cli.tables import scores_table
from botalign.errors import InputError, Setting
from botalign.files import json_text

if TYPE_CHECKING:
    from botalign import Scores

#: Scores that can be required: the name in a result file, and whether higher is better.
_SCORES = {
    "correlation": ("correlation", True),
    "correlation_about_mean": ("correlation_about_mean", True),
    "fsc_resolution": ("fsc_resolution_angstrom", False),
    "wemd": ("wemd_angstrom", False),
}


@dataclass(frozen=True)
class Requirement:
    """A limit for a score.

    Attributes
    ----------
    name : str
        Name of the score on the command line.
    limit : float
        Lowest allowed value of a correlation, highest allowed value of a score that is better when lower.
    """

    name: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read ``name=value``."""
        name, _, value = text.partition("=")
        try:
            limit = float(value)
        except ValueError:
            limit = math.nan
        if name not in _SCORES or math.isnan(limit):
            raise InputError(
                Setting("require"), f": got {text!r}, expected NAME=VALUE, a number for one of {', '.join(_SCORES)}."
            )
        return cls(name, limit)

    def failure(self, scores: Scores) -> str | None:
        """Return a message if the score is outside the limit."""
        field, higher_is_better = _SCORES[self.name]
        value: float = getattr(scores, field)
        # A score that is not a number fails.
        if value >= self.limit if higher_is_better else value <= self.limit:
            return None
        return f"{self.name} is {value:.6g}, required at {'least' if higher_is_better else 'most'} {self.limit:g}."


def score(
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A",
            help="The first map; the Fourier shell correlation is computed on its grid.",
            show_default=False,
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(
            metavar="B",
            help="The second map; the correlations are over its voxels above its contour level.",
            show_default=False,
        ),
    ],
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Exit with code 1 if correlation or correlation_about_mean is below VALUE, or fsc_resolution or wemd "
            "(both in angstrom) is above it. May be repeated.",
        ),
    ] = None,
    contour_level_a: Annotated[float | None, typer.Option(metavar="X", help="Contour level of A.")] = None,
    contour_level_b: Annotated[float | None, typer.Option(metavar="X", help="Contour level of B.")] = None,
    json: Json = False,
) -> int:
    """Compare two maps without moving them.

    The order of the maps matters slightly: the correlations are over the voxels of B above its contour level, and the
    Fourier shell correlation is computed on the grid of A, inside a sphere about its molecule. A is the fixed map of
    `botalign align`, B the moving map.
    """
    requirements = [Requirement.parse(text) for text in require or ()]
    comparison = botalign.score(
        botalign.read(first),
        botalign.read(second),
        contour_level_first=contour_level_a,
        contour_level_second=contour_level_b,
    )
    scores = comparison.scores
    if json:
        values = {field: getattr(scores, field) for field, _ in _SCORES.values()}
        print(json_text({"first": str(first), "second": str(second), **values}))
    else:
        print(scores_table(str(first), str(second), comparison))
    failures = [each for each in (requirement.failure(scores) for requirement in requirements) if each is not None]
    for failure in failures:
        print_note(failure)
    return 1 if failures else 0
