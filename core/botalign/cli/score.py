"""``botalign score``: how alike two maps are where they lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from botalign.cli.messages import print_note
from botalign.cli.options import Json

if TYPE_CHECKING:
    from botalign import Scores

#: What can be required: the score's name in a result file, and whether more of it is better.
_SCORES = {
    "correlation": ("correlation", True),
    "correlation_about_mean": ("correlation_about_mean", True),
    "fsc_resolution": ("fsc_resolution_angstrom", False),
    "wemd": ("wemd_angstrom", False),
}


@dataclass(frozen=True)
class Requirement:
    """A limit that a score must keep.

    Attributes
    ----------
    name : str
        The score's name on the command line.
    limit : float
        The least correlation, or the most of a score of which less is better.
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
            raise typer.BadParameter(
                f"got {text!r}, expected NAME=VALUE, a number for one of {', '.join(_SCORES)}",
                param_hint="'--require'",
            )
        return cls(name, limit)

    def complaint(self, scores: Scores) -> str | None:
        """Return what is wrong, if the limit isn't kept."""
        field, more_is_better = _SCORES[self.name]
        value: float = getattr(scores, field)
        # Written so that a score which is no number fails.
        if value >= self.limit if more_is_better else value <= self.limit:
            return None
        return f"{self.name} is {value:.6g}, required at {'least' if more_is_better else 'most'} {self.limit:g}."


def score(
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="A map; the Fourier shell correlation is taken on its voxels.", show_default=False
        ),
    ],
    second: Annotated[
        Path,
        typer.Argument(
            metavar="B", help="Another; the correlations count its voxels above its contour level.", show_default=False
        ),
    ],
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Exit with 1 if correlation or correlation_about_mean is below VALUE, or fsc_resolution or wemd (both "
            "in angstrom) above it. May be repeated.",
        ),
    ] = None,
    contour_level_a: Annotated[float | None, typer.Option(metavar="X", help="Contour level of A.")] = None,
    contour_level_b: Annotated[float | None, typer.Option(metavar="X", help="Contour level of B.")] = None,
    json: Json = False,
) -> int:
    """Compare two maps where they are, without moving anything.

    The order matters a little: the correlations count the voxels of B above its contour level, and the Fourier shell
    correlation is taken on the voxels of A, inside a ball about A's molecule. B is what `botalign align` calls MOVING.
    """
    requirements = [Requirement.parse(text) for text in require or ()]
    import botalign
    from botalign.cli.tables import json_text, scores_table

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
    complaints = [c for c in (requirement.complaint(scores) for requirement in requirements) if c is not None]
    for complaint in complaints:
        print_note(complaint)
    return 1 if complaints else 0
