"""The commands: their syntax, and the check of their options."""

from pathlib import Path

import botalign as core

from .choice import companions, moving_inputs, one_map, reference, topmost
from .job import Job, check_result
from .maps import density_map, from_local
from .measure import correlation_of
from .moves import Moves
from .options import is_mask, keywords, option_values, spelled, typed
from .pair import Pair
from .potential import botalign_potential
from .report import comparison
from .syntax import APPLY, SCORE, label, usage_error


def botalign(
    session, moving=None, *, to=None, in_map=None, onto=None, resolution=None, move=None, result=None, force=False,
    wait=True, **options,
):  # fmt: skip
    """Align maps or atomic models to a map or an atomic model.

    Parameters
    ----------
    session : Session
        The session.
    moving : Objects
        What moves: maps, each aligned separately; with a `resolution` atoms too.
    to : Objects
        The reference, one map or structure.
    in_map, onto : Objects, optional
        Other words for `to`.
    resolution : float, optional
        Resolution of the maps that are simulated from atoms.
    move : list of Model, optional
        Models that move along with a single moving map.
    result : str, optional
        Result file to write.
    force : bool, optional
        Move also what has the verdict "no match".
    wait : bool, optional
        Wait for the alignment. It always does in a script and without a GUI.
    **options
        Options of :func:`botalign.align`, spelled as in the command: ``to_level="auto"``, ``search="local"``. Masks are
        lists of Model.

    Returns
    -------
    list of botalign.Alignment, or AlignTask
        The results; if the command does not wait, the running task.
    """
    from .task import AlignTask

    references = [each for each in (to, in_map, onto) if each is not None]
    if len(references) > 1:
        raise usage_error("to, inMap and onto mean the same, expected one of them")
    fixed = reference(references[0] if references else None, resolution)
    chosen = moving_inputs(moving, fixed, resolution)
    example = f"botalign {chosen[0].spec} to {fixed.spec}"
    values = option_values(options)
    masks = {name: values.pop(name) for name in tuple(values) if is_mask(name)}
    try:
        options = core.AlignmentOptions(**values, resolution=resolution)
    except core.InputError as error:
        raise usage_error(spelled(error), f"{example} {_correct(error)}") from None
    if options.hand == "auto" and not all(each.is_map for each in chosen):
        atomic = next(each for each in chosen if not each.is_map)
        raise usage_error(
            f"{atomic.name} is an atomic model, which is never mirrored", f"{example} resolution 8 hand check"
        )
    along = companions(move, chosen, fixed, hand=options.hand)
    if result is not None:
        check_result(result, example)
    position = chosen[0].model.scene_position.inverse()
    job = Job(
        fixed=fixed,
        pairs=[Pair(each, fixed) for each in chosen],
        options=options,
        masks={name: one_map(models, typed(name)) for name, models in masks.items() if models is not None},
        along=[(model, position * model.scene_position) for model in along],
        result=None if result is None else Path(result),
        force=force,
    )
    task = AlignTask(session, job)
    # What follows in a script or a command line needs the models at their new positions.
    outcomes = task.launch(blocking=wait or bool(session.in_script) or not session.ui.is_gui)
    return task if outcomes is None else [outcome.alignment for outcome in outcomes]


def _correct(error):
    """Return the option that an error is about with a value that is allowed."""
    values = {"size": 32, "evaluations": 200, "seed": 0, "resolution": 8, "local_degrees": "local"}
    return f"{typed(error.option)} {values[error.option]}" if error.option in values else ""


def botalign_score(session, moving=None, *, to=None):
    """Compare two maps in their current poses.

    Returns
    -------
    botalign.Comparison
        The scores.
    """
    first, second = one_map(moving, "The first map", SCORE), one_map(to, "to", SCORE)
    transform = from_local(second.scene_position.inverse() * first.scene_position, second, first)
    try:
        compared = core.score(density_map(second), density_map(first), transform=transform)
    except core.InputError as error:
        raise usage_error(spelled(error), SCORE) from None
    correlation = correlation_of(first, second)
    session.logger.info(comparison(label(first), label(second), correlation, first.minimum_surface_level, compared))
    return compared


def botalign_apply(session, models=None, *, file=None, to=None, inverse=False):
    """Move models by the transform in a result file."""
    from chimerax.geometry import Place

    if not models:
        raise usage_error("No open model was specified", APPLY)
    if file is None:
        raise usage_error("The result file is missing", APPLY)
    frame = Place() if to is None else one_map(to, "to", APPLY).scene_position
    try:
        alignment = core.Alignment.read(file)
    except core.InputError as error:
        raise usage_error(spelled(error), APPLY) from None
    position = frame * Place(alignment.matrix(inverse=inverse))
    chosen = [model for model in topmost(models) if model not in (to or ())]
    if not chosen:
        raise usage_error("Nothing to move: only the reference itself was specified", APPLY)
    if alignment.mirrored:
        refused = next((model for model in chosen if not _is_map(model)), None)
        if refused is not None:
            raise usage_error(f"{file} mirrors; {label(refused)} is not a map, so it cannot be mirrored", APPLY)
    moves = Moves(session, [(model, position) for model in chosen])
    moves.redo()
    session.undo.register(moves)
    names = ", ".join(label(model) for model in moves.models.values())
    relative = frame.inverse() * next(iter(moves.models.values())).scene_position
    transform = "the inverse of the transform" if inverse else "the transform"
    session.logger.info(f"Moved {names} by {transform} in {file}\n{relative.description()}")


def _is_map(model):
    from chimerax.map import Volume

    return isinstance(model, Volume)


def register(name, logger):
    """Register one of the commands."""
    from chimerax.core.commands import (
        BoolArg,
        CmdDesc,
        EnumOf,
        FloatArg,
        IntArg,
        ModelsArg,
        ObjectsArg,
        OpenFileNameArg,
        Or,
        PositiveFloatArg,
        SaveFileNameArg,
        register,
    )

    level = Or(EnumOf(("auto",)), FloatArg)
    # Required arguments are optional here, so that the error for a missing one shows the syntax.
    if name == "botalign":
        function = botalign
        description = CmdDesc(
            optional=[("moving", ObjectsArg)],
            keyword=[
                ("to", ObjectsArg),
                ("resolution", PositiveFloatArg),
                *keywords(),
                ("move", ModelsArg),
                ("result", SaveFileNameArg),
                ("force", BoolArg),
                ("wait", BoolArg),
                ("in_map", ObjectsArg),
                ("onto", ObjectsArg),
            ],
            hidden=["in_map", "onto"],
            synopsis="Align maps or atomic models to a map or an atomic model, from any starting pose",
        )
    elif name == "botalign potential":
        function = botalign_potential
        description = CmdDesc(
            optional=[("moving", ModelsArg)],
            keyword=[
                ("to", ModelsArg),
                ("level", level),
                ("to_level", level),
                ("size", IntArg),
                ("limit", PositiveFloatArg),
            ],
            synopsis="Colour a map by where its mass would have to move to make it another map",
        )
    elif name == "botalign score":
        function = botalign_score
        description = CmdDesc(
            optional=[("moving", ModelsArg)],
            keyword=[("to", ModelsArg)],
            synopsis="Compare two maps in their current poses",
        )
    else:
        function = botalign_apply
        description = CmdDesc(
            optional=[("models", ModelsArg)],
            keyword=[("file", OpenFileNameArg), ("to", ModelsArg), ("inverse", BoolArg)],
            synopsis="Move models by the transform in the result file of an alignment",
        )
    register(name, description, function, logger=logger)
