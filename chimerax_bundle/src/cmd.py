"""The commands: their syntax, and their options checked in one place."""

import os
from pathlib import Path

import botalign as core

from .choice import companions, movers, one_map, topmost
from .job import Job, check_result
from .maps import check_cell, density_map, from_local
from .measure import agreement
from .motion import Motion
from .pair import Pair
from .potential import botalign_potential
from .report import comparison
from .syntax import APPLY, SCORE, named, wrong


def botalign(
    session,
    moving=None,
    *,
    to=None,
    resolution=None,
    search="global",
    hand="check",
    loss="wemd",
    size=32,
    evaluations=200,
    refine=True,
    seed=0,
    level="auto",
    to_level="auto",
    mask=None,
    to_mask=None,
    partial=False,
    move=None,
    result=None,
):
    """Put maps, or an atomic model, onto a map.

    Parameters
    ----------
    session : Session
        The session.
    moving : Objects
        What moves: maps, each by itself, or with a `resolution` atoms too.
    to : list of Model
        The reference, one map.
    resolution : float, optional
        Resolution of the maps that are simulated of atomic models.
    search : {"global", "local"}
        Everywhere, or near the present pose.
    hand, loss, size, evaluations, refine, seed
        As for :func:`botalign.align`.
    level, to_level : float or "auto"
        Contour levels of what moves and of the reference, for the fit; displayed levels don't matter to it.
    mask, to_mask : list of Model, optional
        A map that is 1 in what of the moving map, or of the reference, is to be aligned, and 0 elsewhere. With one of
        them only, what it holds is looked for as a part of the other map.
    partial : bool
        Whether the smaller molecule is to be looked for as a part of the larger one.
    move : list of Model, optional
        What moves along with a single moving map.
    result : str, optional
        File to write the motion to.

    Returns
    -------
    list of botalign.Alignment, or AlignTask
        The results in a script or without a GUI, where the command waits for them; else the running task.
    """
    from .task import AlignTask

    fixed = one_map(to, "to")
    if moving is None:
        raise wrong("Nothing to align was specified", f"botalign #2 to #{fixed.id_string}")
    chosen = movers(moving, fixed, resolution)
    example = f"botalign #{chosen[0].model.id_string} to #{fixed.id_string}"
    if hand == "auto" and not all(mover.is_map for mover in chosen):
        atomic = next(named(mover.model) for mover in chosen if not mover.is_map)
        raise wrong(f"{atomic} is an atomic model, which is never mirrored", f"{example} resolution 8 hand check")
    check_cell(fixed)
    if len(chosen) == 1 and chosen[0].is_map:
        check_cell(chosen[0].model)
    along = companions(move, chosen, fixed, hand=hand)
    options = {
        "loss": loss, "hand": hand, "size": size, "evaluations": evaluations, "refine": refine, "seed": seed,
        "contour_level_moving": None if level == "auto" else level,
        "contour_level_fixed": None if to_level == "auto" else to_level,
        "partial": partial,
        "threads": min(2, os.cpu_count() or 1),  # the two hands side by side
    }  # fmt: skip
    try:
        core.align_steps(None, None, **options).close()  # options are refused at the call, before any map is read
    except core.InputError as error:
        raise wrong(str(error), f"{example} size 32 evaluations 200 seed 0") from None
    if result is not None:
        check_result(result, example)
    place = chosen[0].model.scene_position.inverse()
    job = Job(
        fixed=fixed,
        pairs=[Pair(mover, fixed) for mover in chosen],
        options=options,
        local=search == "local",
        mask=None if mask is None else one_map(mask, "mask"),
        to_mask=None if to_mask is None else one_map(to_mask, "toMask"),
        along=[(model, place * model.scene_position) for model in along],
        result=None if result is None else Path(result),
    )
    task = AlignTask(session, job)
    # A script's next command finds the maps where they belong; a user is not kept waiting.
    outcomes = task.launch(blocking=bool(session.in_script) or not session.ui.is_gui)
    return task if outcomes is None else [outcome.alignment for outcome in outcomes]


def botalign_score(session, moving=None, *, to=None):
    """Tell how well two maps agree where they are.

    Returns
    -------
    botalign.Comparison
        The scores.
    """
    first, second = one_map(moving, "What is scored", SCORE), one_map(to, "to", SCORE)
    placed = from_local(second.scene_position.inverse() * first.scene_position, second, first)
    try:
        compared = core.score(density_map(second), density_map(first), transform=placed)
    except core.InputError as error:
        raise wrong(str(error), SCORE) from None
    measured = agreement(first, second)
    session.logger.info(comparison(named(first), named(second), measured, first.minimum_surface_level, compared))
    return compared


def botalign_apply(session, models=None, *, file=None, to=None, inverse=False):
    """Place models by the result of an alignment."""
    from chimerax.geometry import Place

    if not models:
        raise wrong("No open model was specified to be placed", APPLY)
    if file is None:
        raise wrong("The result file is missing", APPLY)
    frame = Place() if to is None else one_map(to, "to", APPLY).scene_position
    try:
        alignment = core.Alignment.read(file)
    except core.InputError as error:
        raise wrong(str(error), APPLY) from None
    placed = frame * Place(alignment.matrix(inverse=inverse))
    chosen = [model for model in topmost(models) if model not in (to or ())]
    if not chosen:
        raise wrong("Nothing is left to be placed but the reference itself", APPLY)
    if alignment.mirrored:
        refused = next((model for model in chosen if not _is_map(model)), None)
        if refused is not None:
            raise wrong(f"{file} mirrors, and {named(refused)} is no map, so it can't be mirrored", APPLY)
    motion = Motion(session, [(model, placed) for model in chosen])
    motion.redo()
    session.undo.register(motion)
    names = ", ".join(named(model) for model in motion.models.values())
    position = frame.inverse() * next(iter(motion.models.values())).scene_position
    session.logger.info(f"Placed {names} by {'the inverse of ' if inverse else ''}{file}\n{position.description()}")


def _is_map(model):
    from chimerax.map import Volume

    return isinstance(model, Volume)


def register(name, logger):
    """Register one of the commands, by its name."""
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
    # What is needed is optional here, so that what is missing is told by an error that shows the right syntax.
    if name == "botalign":
        function = botalign
        description = CmdDesc(
            optional=[("moving", ObjectsArg)],
            keyword=[
                ("to", ModelsArg),
                ("resolution", PositiveFloatArg),
                ("search", EnumOf(("global", "local"))),
                ("hand", EnumOf(("check", "auto", "keep"))),
                ("loss", EnumOf(("wemd", "l2", "core"))),
                ("size", IntArg),
                ("evaluations", IntArg),
                ("refine", BoolArg),
                ("seed", IntArg),
                ("level", level),
                ("to_level", level),
                ("mask", ModelsArg),
                ("to_mask", ModelsArg),
                ("partial", BoolArg),
                ("move", ModelsArg),
                ("result", SaveFileNameArg),
            ],
            synopsis="Put maps or an atomic model onto a map, from any starting pose",
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
            synopsis="Colour a map by where its mass would have to go to make it another map",
        )
    elif name == "botalign score":
        function = botalign_score
        description = CmdDesc(
            optional=[("moving", ModelsArg)],
            keyword=[("to", ModelsArg)],
            synopsis="Tell how well two maps agree where they are",
        )
    else:
        function = botalign_apply
        description = CmdDesc(
            optional=[("models", ModelsArg)],
            keyword=[("file", OpenFileNameArg), ("to", ModelsArg), ("inverse", BoolArg)],
            synopsis="Place models by the result file of an alignment",
        )
    register(name, description, function, logger=logger)
