"""The problem of one of many parts or maps in a shared map."""

from __future__ import annotations

from botalign.alignment.checks import check_boxes, check_radii
from botalign.alignment.inputs import maps_of
from botalign.alignment.itself import Itself
from botalign.alignment.options import AlignmentOptions
from botalign.alignment.problem import AlignmentProblem
from botalign.alignment.shared_whole import SharedWhole
from botalign.alignment.survey import survey
from botalign.errors import SizeError
from botalign.maps.density_map import DensityMap
from botalign.models import Model


def problem_in(
    shared: SharedWhole, moving: DensityMap | Model, options: AlignmentOptions, *, hands: tuple[bool, ...] = (False,),
    role: str | None = None, keep_samples: bool = False,
) -> AlignmentProblem:  # fmt: skip
    """Return the problem of aligning a map or a model to a shared map, whose comparison with itself is computed once.

    Parameters
    ----------
    shared : SharedWhole
        The fixed map.
    moving : DensityMap or Model
        The map or the model.
    options : AlignmentOptions
        Options.
    hands : tuple of bool, optional
        The hands to search, that of the start first: whether the moving map is mirrored.
    role : str, optional
        Name of the moving map in messages; see :func:`botalign.alignment.survey.survey`.
    keep_samples : bool, optional
        Whether to keep the samples of the shared map for other parts of the same size class, which are then sampled
        alike; see :class:`botalign.alignment.part_pair.PartPair`.

    Raises
    ------
    InputError
        If the moving map cannot be used, or the two cannot show the same molecule.
    """
    fixed, given = maps_of(shared.density_map, moving, options)
    check_boxes(fixed, given)
    surveyed = survey(given, role=role).normalised()
    check_radii(shared.surveyed, surveyed, fixed.name, given.name)
    kept = shared if keep_samples else None
    models = None, moving if isinstance(moving, Model) else None
    return AlignmentProblem(shared.itself, Itself(surveyed, given.grid), options, hands, (fixed, given), kept, models)


def check_is_part(problem: AlignmentProblem) -> None:
    """Refuse a moving map that is larger than the fixed one, of which it should be a part.

    Raises
    ------
    SizeError
        If it is larger.
    """
    if not problem.part_is_moving:
        fixed, moving, model = problem.fixed, problem.moving, problem.models[1]
        chains = 0 if model is None else len(model.chains)
        some = f", or are only some of its {chains} chains in it" if chains > 1 else ""
        raise SizeError(
            f"{moving.density.name}: {moving.volume_angstrom3 / fixed.volume_angstrom3:.3g} times the volume of "
            f"{fixed.density.name} above the contour level, expected a part of it; is the voxel size of the map right"
            f"{some}?"
        )
