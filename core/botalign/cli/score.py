"""``botalign score``: the similarity of two maps, or of a map and a model, without alignment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.messages import print_note
from botalign.cli.options import Json
from botalign.cli.tables import model_table, scores_table
from botalign.errors import InputError, Setting
from botalign.files import json_text

if TYPE_CHECKING:
    from botalign import DensityMap, Model, Scores
    from botalign.scores import ModelFit

#: Scores that can be required: the name in a result file, and whether higher is better.
_SCORES = {
    "correlation": ("correlation", True),
    "correlation_about_mean": ("correlation_about_mean", True),
    "fsc_resolution": ("fsc_resolution_angstrom", False),
    "wemd": ("wemd_angstrom", False),
    "mean_density": ("mean_density", True),
    "fraction_above_contour": ("fraction_above_contour", True),
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

    def failure(self, scores: Scores | ModelFit) -> str | None:
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
            help="The second map; the correlations are over its voxels above its contour level. Or an atomic model.",
            show_default=False,
        ),
    ],
    resolution: Annotated[
        float | None, typer.Option(metavar="A", help="Resolution of the map, if the other file is an atomic model.")
    ] = None,
    chain: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Use only these chains of the atomic model.")
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Exit with code 1 if correlation or correlation_about_mean is below VALUE, or fsc_resolution or wemd "
            "(both in angstrom) is above it; for a model also if mean_density or fraction_above_contour is below it. "
            "May be repeated.",
        ),
    ] = None,
    contour_level_a: Annotated[float | None, typer.Option(metavar="X", help="Contour level of A.")] = None,
    contour_level_b: Annotated[float | None, typer.Option(metavar="X", help="Contour level of B.")] = None,
    json: Json = False,
) -> int:
    """Compare two maps, or a map and an atomic model, without moving them.

    The order of the maps matters slightly: the correlations are over the voxels of B above its contour level, and the
    Fourier shell correlation is computed on the grid of A, inside a sphere about its molecule. A is the fixed map of
    `botalign align`, B the moving map.

    An atomic model, A or B, needs --resolution. The map is then compared with the simulated map of the model, inside
    the mask of the model.
    """
    from botalign.cli import inputs
    from botalign.models import holds_model

    requirements = [Requirement.parse(text) for text in require or ()]
    chains = inputs.chains_of(chain, second, first)
    a, b = (inputs.load(path, chains) for path in (first, second))
    files = {"first": str(first), "second": str(second)}
    found: Scores | ModelFit
    if isinstance(a, botalign.DensityMap) and isinstance(b, botalign.DensityMap):
        if resolution is not None:
            raise InputError(Setting("resolution"), ": only an atomic model needs it; omit it.")
        comparison = botalign.score(a, b, contour_level_first=contour_level_a, contour_level_second=contour_level_b)
        found, table = comparison.scores, scores_table(str(first), str(second), comparison)
    else:
        levels = (contour_level_a, contour_level_b)
        found = _fit(a, b, resolution, levels)
        model = a if isinstance(a, botalign.Model) else b
        assert isinstance(model, botalign.Model)
        table = model_table(str(second if holds_model(first) else first), model, found, resolution)
    fields = [name for name in _SCORES if hasattr(found, _SCORES[name][0])]
    for each in requirements:
        if each.name not in fields:
            raise InputError(Setting("require"), f": {each.name} is not a score here; use one of {', '.join(fields)}.")
    if json:
        values = {_SCORES[name][0]: getattr(found, _SCORES[name][0]) for name in fields}
        extra = {} if isinstance(found, botalign.Scores) else {"contour_level": found.contour_level}
        print(json_text(files | values | extra))
    else:
        print(table)
    failures = [each for each in (requirement.failure(found) for requirement in requirements) if each is not None]
    for failure in failures:
        print_note(failure)
    return 1 if failures else 0


def _fit(
    first: DensityMap | Model,
    second: DensityMap | Model,
    resolution: float | None,
    levels: tuple[float | None, float | None],
) -> ModelFit:
    """Compare a map and a model."""
    from botalign.scores import model_fit

    maps = [each for each in (first, second) if isinstance(each, botalign.DensityMap)]
    models = [each for each in (first, second) if isinstance(each, botalign.Model)]
    if not maps:
        raise InputError(f"{first.name} and {second.name}: both are atomic models, expected a map; give one.")
    mine, other = levels if maps[0] is first else levels[::-1]
    if other is not None:
        name = Setting(f"contour_level_{'second' if maps[0] is first else 'first'}")
        raise InputError(name, f": {models[0].name} is an atomic model, which has no contour level; omit it.")
    # model_fit refuses a missing resolution, and suggests one.
    return model_fit(maps[0], models[0], resolution, contour_level=mine)  # type: ignore[arg-type]
