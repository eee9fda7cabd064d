"""The command ``botalign assemble``: place several parts in the map of a complex, together."""

import botalign as core

from .assembly_task import AssembleTask, AssemblyJob
from .choice import moving_inputs, one_map
from .inputs import MapInput
from .json_values import as_json, specs
from .options import spelled
from .syntax import ASSEMBLE, label, usage_error


def botalign_assemble(
    session, parts=None, *, to=None, resolution=None, counts=None, to_level=None, wait=True, return_json=False
):
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
    job = AssemblyJob(whole, _parts(parts, whole, resolution), counts, options)
    task = AssembleTask(session, job)
    done = task.launch(blocking=wait or bool(session.in_script) or not session.ui.is_gui)
    if done is None:
        return task
    return as_json(done.assembly.to_dict() | {"models": specs(done.models)}) if return_json else done.assembly


def _parts(objects, whole, resolution):
    """Return what is placed, sorted by number."""
    if objects is None:
        raise usage_error("The parts are missing", ASSEMBLE)
    try:
        chosen = moving_inputs(objects, whole, resolution)
    except core.InputError as error:
        raise usage_error(spelled(error), ASSEMBLE) from None
    ignored = [] if resolution is not None else objects.atoms.unique_structures
    if len(ignored):
        raise usage_error(f"{label(ignored[0])} is an atomic model: give the resolution of the map", ASSEMBLE)
    for each in chosen:
        if not each.is_whole:
            raise usage_error(
                f"{each.name} is a part of a model, and whole models are placed; split the model first",
                f"split #{each.model.id_string}; botalign assemble #{each.model.id_string} to {whole.spec} resolution "
                f"{resolution:g}",
            )
    return chosen
