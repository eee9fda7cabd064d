"""The command ``botalign assemble``: place several parts in the map of a complex, together."""

from pathlib import Path

from chimerax.core.errors import UserError

import botalign as core

from .assembly_task import AssembleTask, AssemblyJob
from .choice import maps_among, mixed_group, moving_inputs, one_map, split_command, topmost
from .inputs import MapInput
from .job import check_file
from .json_values import as_json, specs
from .options import spelled
from .syntax import ASSEMBLE, concise, counted, label, usage_error


def botalign_assemble(
    session, parts=None, *, to=None, resolution=None, counts=None, to_level=None, result=None, require=None, wait=True,
    return_json=False,
):  # fmt: skip
    """Place several parts in the map of a complex, together.

    Parameters
    ----------
    session : Session
        The session.
    parts : Objects
        The parts, all different: maps, and with a `resolution` structures. Each is moved to its place.
    to : list of Model
        The map of the complex.
    resolution : float, optional
        Resolution of the map, needed if a part is an atomic model.
    counts : list of int, optional
        How often each part is in the complex, in the order of their numbers; by default once. Of a part that is there
        several times, copies are placed.
    to_level : float or "auto", optional
        Contour level of the map.
    result : str, optional
        Result file to write.
    require : str, optional
        What every part needs; otherwise nothing is moved, and the command fails: ``"match"``, a place, or
        ``"certain"``, one with this verdict.
    wait : bool, optional
        Wait for the result. It always does in a script and without a GUI.
    return_json : bool, optional
        Return the result as JSON instead, as ChimeraX's REST server requests.

    Returns
    -------
    botalign.Assembly, JSONResult or AssembleTask
        The result; if the command does not wait, the running task.
    """
    whole = MapInput(one_map(to, "The map of the complex", ASSEMBLE))
    try:
        options = core.AssemblyOptions(resolution=resolution, contour_level=None if to_level == "auto" else to_level)
    except core.InputError as error:
        raise usage_error(spelled(error), ASSEMBLE) from None
    chosen = _parts(parts, whole, resolution)
    if result is not None:
        check_file(result, ASSEMBLE)
    path = None if result is None else Path(result)
    spec = concise([each.model for each in chosen])
    task = AssembleTask(session, AssemblyJob(whole, chosen, counts, options, spec, path, require))
    done = task.launch(blocking=wait or bool(session.in_script) or not session.ui.is_gui)
    if done is None:
        return task
    return as_json(done.assembly.to_dict() | {"models": specs(done.models)}) if return_json else done.assembly


def _parts(objects, whole, resolution):
    """Return what is placed, sorted by number."""
    if objects is None:
        raise usage_error("The parts are missing", ASSEMBLE)
    only_maps = maps_among(objects.models) and not len(objects.atoms)
    given = "" if only_maps else f" resolution {10 if resolution is None else resolution:g}"
    found = mixed_group(objects.models, whole)
    if found is not None:
        group, members = found
        raise usage_error(
            f"{label(group)} is a group of {counted(len(members), 'model')}; give the members as parts",
            f"botalign assemble {concise(members)} to {whole.spec}{given}",
        )
    try:
        chosen = moving_inputs(objects, whole, resolution, verb="place")
    except core.InputError as error:
        raise usage_error(spelled(error), ASSEMBLE) from None
    except UserError as error:  # it shows another command
        raise usage_error(error.problem, f"botalign assemble #2-4 to {whole.spec}{given}") from None
    ignored = [] if resolution is not None else objects.atoms.unique_structures
    if len(ignored):
        raise usage_error(f"{label(ignored[0])} is an atomic model: give the resolution of the map", ASSEMBLE)
    for each in chosen:
        if not each.is_whole:
            pieces = f"#{each.model.id_string}.1-2"
            raise usage_error(
                f"got {each.name}, a part of a model, expected whole models; split the model first",
                f"{split_command(each, objects.spec)}; botalign assemble {pieces} to {whole.spec}{given}",
            )
    if len(chosen) == 1 and not chosen[0].is_map:
        _refuse_group(chosen[0], whole)
    return chosen


def _refuse_group(part, whole):
    """Refuse a group as the only part: its structures would be placed as one, as ``botalign`` does."""
    members = topmost(part.atoms.unique_structures)
    if len(members) > 1:
        raise usage_error(
            f"{part.name} is a group of {counted(len(members), 'model')}, which would move as one part; give its "
            "members to place each of them",
            f"botalign assemble {concise(members)} to {whole.spec} resolution {part.resolution:g}",
        )
