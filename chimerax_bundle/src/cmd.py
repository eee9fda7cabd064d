"""The commands: their syntax, and the check of their options."""

from functools import wraps
from pathlib import Path

import botalign as core

from .apply import botalign_apply
from .assemble import botalign_assemble
from .choice import check_copies, companions, moving_inputs, one_map, reference
from .fits_command import botalign_fits, numbers_argument
from .follow import restore_all
from .job import SUFFICIENT, Job, check_file
from .json_values import alignments_as_json
from .options import is_mask, keywords, option_values, spelled, typed
from .orient import botalign_orient
from .pair import Pair
from .potential import botalign_potential
from .score import botalign_score
from .syntax import usage_error


def botalign(
    session, moving=None, *, to=None, in_map=None, onto=None, resolution=None, copies=None, move_whole_molecules=True,
    move=None, envelope=True, result=None, force=False, require=None, wait=True, return_json=False, **options,
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
    copies : int or "auto", optional
        Place so many copies of a single moving map or model, a part of the reference; ``"auto"`` counts them.
    move_whole_molecules : bool, optional
        Move whole structures; otherwise only the specified atoms.
    move : list of Model, optional
        Models that move along with a single moving map.
    envelope : bool, optional
        Compute the reported correlations from the grid points above the lowest level only.
    result : str, optional
        Result file to write.
    force : bool, optional
        Move also what has the verdict "no match".
    require : str, optional
        Verdict without which nothing is moved and the command fails: ``"match"`` or ``"certain"``.
    wait : bool, optional
        Wait for the alignment. It always does in a script and without a GUI.
    return_json : bool, optional
        Return the results as JSON instead, as ChimeraX's REST server requests.
    **options
        Options of :func:`botalign.align`, spelled as in the command: ``to_level="auto"``, ``search="local"``. Masks are
        lists of Model.

    Returns
    -------
    list of botalign.Alignment, JSONResult or AlignTask
        The results; if the command does not wait, the running task.
    """
    from .task import AlignTask

    references = [each for each in (to, in_map, onto) if each is not None]
    if len(references) > 1:
        raise usage_error("to, inMap and onto mean the same, expected one of them")
    fixed = reference(references[0] if references else None, resolution)
    chosen = moving_inputs(moving, fixed, resolution, moves_atoms=not move_whole_molecules)
    example = f"botalign {chosen[0].spec} to {fixed.spec}"
    values = option_values(options)
    masks = {name: values.pop(name) for name in tuple(values) if is_mask(name)}
    try:
        options = core.AlignmentOptions(**values, resolution=resolution, copies=copies)
    except core.InputError as error:
        given = "" if resolution is None or error.option == "resolution" else f" resolution {resolution:g}"
        raise usage_error(spelled(error), f"{example}{given} {_correct(error)}") from None
    if options.hand == "auto" and not all(each.is_map for each in chosen):
        atomic = next(each for each in chosen if not each.is_map)
        raise usage_error(
            f"{atomic.name} is an atomic model, which is never mirrored", f"{example} resolution 8 hand check"
        )
    if force and require is not None:
        raise usage_error(f"force true cannot be combined with require {require}", example)
    if copies is not None:
        check_copies(chosen, fixed, move, moving.spec)
    along = companions(move, chosen, fixed, hand=options.hand)
    if result is not None:
        check_file(result, example)
    position = chosen[0].model.scene_position.inverse()
    job = Job(
        fixed=fixed,
        pairs=[Pair(each, fixed) for each in chosen],
        options=options,
        masks={name: one_map(models, typed(name)) for name, models in masks.items() if models is not None},
        along=[(model, position * model.scene_position) for model in along],
        result=None if result is None else Path(result),
        force=force,
        require=require,
        envelope=envelope,
    )
    task = AlignTask(session, job)
    # What follows in a script or a command line needs the models at their new positions.
    outcomes = task.launch(blocking=wait or bool(session.in_script) or not session.ui.is_gui)
    if outcomes is None:
        return task
    return alignments_as_json(outcomes) if return_json else [outcome.alignment for outcome in outcomes]


def _correct(error):
    """Return the option that an error is about with a value that is allowed."""
    values = {"size": 32, "evaluations": 200, "seed": 0, "resolution": 8, "copies": "auto", "local_degrees": "local"}
    return f"{typed(error.option)} {values[error.option]}" if error.option in values else ""


def _in_own_poses(function):
    """Return a command that first moves the models back that show the best pose of a search."""

    @wraps(function)
    def command(session, *args, **options):
        restore_all(session)
        return function(session, *args, **options)

    return command


def register(name, logger):
    """Register one of the commands."""
    from chimerax.core.commands import (
        BoolArg,
        CmdDesc,
        EnumOf,
        FloatArg,
        IntArg,
        IntsArg,
        ModelsArg,
        ObjectsArg,
        OpenFileNameArg,
        Or,
        PositiveFloatArg,
        SaveFileNameArg,
        StringArg,
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
                ("copies", Or(EnumOf(("auto",)), IntArg)),
                *keywords(),
                ("move_whole_molecules", BoolArg),
                ("move", ModelsArg),
                ("envelope", BoolArg),
                ("result", SaveFileNameArg),
                ("force", BoolArg),
                ("require", EnumOf(tuple(SUFFICIENT))),
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
            optional=[("moving", ObjectsArg)],
            keyword=[
                ("to", ObjectsArg),
                ("resolution", PositiveFloatArg),
                ("envelope", BoolArg),
                ("fsc", SaveFileNameArg),
            ],
            synopsis="Compare maps or atomic models in their current poses",
        )
    elif name == "botalign fits":
        function = botalign_fits
        description = CmdDesc(
            optional=[("numbers", numbers_argument())],
            keyword=[("of", ModelsArg), ("copy", BoolArg), ("result", SaveFileNameArg)],
            synopsis="List the fits of an alignment, move the model to one, or place copies",
        )
    elif name == "botalign orient":
        function = botalign_orient
        description = CmdDesc(
            optional=[("volume", ModelsArg)],
            keyword=[
                ("symmetry", StringArg),
                ("setting", StringArg),
                ("move", ModelsArg),
                ("result", SaveFileNameArg),
                ("operations", SaveFileNameArg),
                ("symmetrised", SaveFileNameArg),
            ],
            synopsis="Align the symmetry axes of a map with the axes of the scene",
        )
    elif name == "botalign assemble":
        function = botalign_assemble
        description = CmdDesc(
            optional=[("parts", ObjectsArg)],
            keyword=[
                ("to", ModelsArg),
                ("resolution", PositiveFloatArg),
                ("counts", IntsArg),
                ("to_level", level),
                ("result", SaveFileNameArg),
                ("require", EnumOf(tuple(SUFFICIENT))),
                ("wait", BoolArg),
            ],
            synopsis="Place several parts in the map of a complex, together",
        )
    else:
        function = botalign_apply
        description = CmdDesc(
            optional=[("models", ModelsArg)],
            keyword=[("file", OpenFileNameArg), ("to", ModelsArg), ("inverse", BoolArg)],
            synopsis="Move models by the transform in the result file of an alignment",
        )
    register(name, description, _in_own_poses(function), logger=logger)
