"""``botalign score``: the similarity of two maps, or of a map and a model, without alignment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import botalign
from botalign.cli.messages import print_note
from botalign.cli.options import Json, Overwrite
from botalign.cli.staging import Staging
from botalign.errors import InputError, Setting
from botalign.files import json_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from botalign import Comparison, DensityMap, Model, Scores
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
    mask: Annotated[
        Path | None, typer.Option(metavar="M.mrc", help="Compare only what is inside this mask, for two maps.")
    ] = None,
    partial: Annotated[
        bool | None,
        typer.Option(
            "--partial/--whole",
            help="Whether one map shows a part of the other; they are then compared inside it. By default decided from "
            "their volumes.",
            show_default=False,
        ),
    ] = None,
    fsc: Annotated[
        Path | None,
        typer.Option(
            metavar="F.csv",
            help="Write the Fourier shell correlation: .csv, .xml for EMDB, or .star as RELION's postprocess.star.",
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="F.png", help="Draw both maps and the Fourier shell correlation (.png, .pdf or .svg)."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> int:
    """Compare two maps, or a map and an atomic model, without moving them.

    The order of the maps matters slightly: the correlations are over the voxels of B above its contour level, and the
    Fourier shell correlation is computed on the grid of A, inside a soft sphere about its molecule. If one map shows a
    part of the other, all of these are inside the part. A is the fixed map of `botalign align`, B the moving map.

    An atomic model, A or B, needs --resolution. The map is then compared with the simulated map of the model, inside
    the mask of the model.
    """
    from botalign.cli import inputs, outputs, running
    from botalign.cli.outputs import Output
    from botalign.cli.score_tables import json_fields, model_table, scores_table
    from botalign.models import holds_model

    requirements = [Requirement.parse(text) for text in require or ()]
    written = (
        None if fsc is None else Output(fsc, "--fsc", outputs.CURVES),
        None if figure is None else Output(figure, "--figure", outputs.FIGURES),
    )
    if figure is not None:
        running.require_matplotlib()
    outputs.check(written, inputs=[first, second, *([] if mask is None else [mask])], overwrite=overwrite)
    chains = inputs.chains_of(chain, second, first)
    a, b = (inputs.load(path, chains) for path in (first, second))
    found: Comparison | ModelFit
    if isinstance(a, botalign.DensityMap) and isinstance(b, botalign.DensityMap):
        if resolution is not None:
            raise InputError(Setting("resolution"), ": only an atomic model needs it; omit it.")
        inside = None if mask is None else botalign.read(mask)
        found = botalign.score(
            a, b, contour_level_first=contour_level_a, contour_level_second=contour_level_b, mask_first=inside,
            mask_second=inside, partial=partial,
        )  # fmt: skip
        table = scores_table(str(first), str(second), found)
    else:
        _refuse_maps_only(mask=mask, partial=partial)
        found = _fit(a, b, resolution, (contour_level_a, contour_level_b))
        model = a if isinstance(a, botalign.Model) else b
        assert isinstance(model, botalign.Model)
        table = model_table(str(second if holds_model(first) else first), model, found, resolution)
    scores: Scores | ModelFit = found.scores if isinstance(found, botalign.Comparison) else found
    fields = [name for name in _SCORES if hasattr(scores, _SCORES[name][0])]
    for each in requirements:
        if each.name not in fields:
            raise InputError(Setting("require"), f": {each.name} is not a score here; use one of {', '.join(fields)}.")
    with Staging(overwrite=overwrite) as staging:
        if fsc is not None:
            found.curves.write(staging.path(fsc))
        if figure is not None:
            drawn = _draw(a, b, found, resolution)
            with staging.file(figure) as temporary:
                drawn.savefig(temporary)
    if json:
        print(json_text({"first": str(first), "second": str(second)} | json_fields(found)))
    else:
        print(table)
        files = [str(path) for path in (fsc, figure) if path is not None]
        if files:
            print(f"{'written':24}{', '.join(files)}")
    failures = [each for each in (requirement.failure(scores) for requirement in requirements) if each is not None]
    for failure in failures:
        print_note(failure)
    return 1 if failures else 0


def _refuse_maps_only(*, mask: Path | None, partial: bool | None) -> None:
    """Refuse options that are for two maps only."""
    for name, value in (("mask", None if mask is None else ...), ("partial", partial)):
        if value is not None:
            raise InputError(Setting(name, value), ": a model is compared inside its own mask; omit it.")


def _draw(
    first: DensityMap | Model, second: DensityMap | Model, found: Comparison | ModelFit, resolution: float | None
) -> Figure:
    """Draw two maps, simulated where a model was given, and their Fourier shell correlation."""
    from botalign.figures import comparison_figure

    scores = found.scores if isinstance(found, botalign.Comparison) else found
    facts = [
        f"correlation {scores.correlation:z.4f}", f"about the mean {scores.correlation_about_mean:z.4f}",
        f"FSC inside {found.curves.mask}",
    ]  # fmt: skip
    maps = [
        botalign.simulate(each, resolution) if isinstance(each, botalign.Model) else each  # type: ignore[arg-type]
        for each in (first, second)
    ]
    return comparison_figure(found.curves, *maps, facts=facts)


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
