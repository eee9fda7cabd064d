"""The command ``botalign apply``: move models by the transform in a result file."""

import botalign as core

from .choice import lineage, one_map, topmost
from .moves import Moves, do
from .options import spelled
from .syntax import APPLY, label, usage_error


def botalign_apply(session, models=None, *, file=None, to=None, inverse=False):
    """Move models by the transform in a result file."""
    from chimerax.geometry import Place

    if not models:
        raise usage_error("No open model was specified", APPLY)
    if file is None:
        raise usage_error("The result file is missing", APPLY)
    fixed = None if to is None else one_map(to, "to", APPLY)
    frame = Place() if fixed is None else fixed.scene_position
    try:
        alignment = core.Alignment.read(file)
    except core.InputError as error:
        raise usage_error(spelled(error), APPLY) from None
    if alignment.is_scaled:
        raise usage_error(
            f"{file} scales the moving map, which a position cannot; correct its voxel size (volume #2 voxelSize), and "
            "align again",
            APPLY,
        )
    position = frame * Place(alignment.matrix(inverse=inverse))
    chosen = [model for model in topmost(models) if model not in (to or ())]
    if not chosen:
        raise usage_error("Nothing to move: only the reference itself was specified", APPLY)
    group = next((model for model in chosen if model in lineage(fixed)), None)
    if group is not None:
        raise usage_error(f"{label(fixed)} is inside {label(group)}, which would move it too", APPLY)
    if alignment.mirrored:
        refused = next((model for model in chosen if not _is_map(model)), None)
        if refused is not None:
            raise usage_error(f"{file} mirrors; {label(refused)} is not a map, so it cannot be mirrored", APPLY)
    moves = do(session, Moves(session, [(model, position) for model in chosen]))
    names = ", ".join(label(model) for model in moves.models.values())
    relative = frame.inverse() * next(iter(moves.models.values())).scene_position
    transform = "the inverse of the transform" if inverse else "the transform"
    session.logger.info(f"Moved {names} by {transform} in {file}\n{relative.description()}")


def _is_map(model):
    from chimerax.map import Volume

    return isinstance(model, Volume)
