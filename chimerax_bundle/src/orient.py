"""The command ``botalign orient``: align the symmetry axes of a map with the axes of the scene."""

import botalign as core

from .choice import one_map
from .json_values import as_json
from .maps import axes, density_map
from .moves import Moves, do
from .options import spelled
from .orient_files import check_files, write_files
from .syntax import ORIENT, label, usage_error


def botalign_orient(
    session, volume=None, *, symmetry="auto", setting=None, move=None, result=None, operations=None, symmetrised=None,
    return_json=False,
):  # fmt: skip
    """Find the point group of a map, and align its axes with the axes of the scene.

    Parameters
    ----------
    session : Session
        The session.
    volume : list of Model
        The map, which is moved if it is symmetric. The centre of its box stays where it is.
    symmetry : str
        Group to look for, such as ``"C4"``; ``"auto"`` finds it.
    setting : str, optional
        Setting of T or I.
    move : list of Model, optional
        Models that move along.
    result : str, optional
        File to write the transform to, by which ``botalign apply`` of the command line moves half maps and particles.
    operations : str, optional
        File to write the operations of the group to, for the oriented map: JSON, or BIOMT records (``.txt``).
    symmetrised : str, optional
        File to write the oriented map to, averaged over the operations.
    return_json : bool, optional
        Return the result as JSON too.

    Returns
    -------
    botalign.Orientation or JSONResult
        The result.
    """
    from chimerax.geometry import Place, translation

    chosen = one_map(volume, "The map", ORIENT)
    if move is not None and not move:
        raise usage_error("move: no such model is open", f"{ORIENT} move #2")
    files = {"result": result, "operations": operations, "symmetrised": symmetrised}
    files = {keyword: path for keyword, path in files.items() if path is not None}
    check_files(files)
    try:
        given = density_map(chosen)
        found = core.orient(given, symmetry=None if symmetry.lower() == "auto" else symmetry, setting=setting)
    except core.InputError as error:
        raise usage_error(spelled(error), f"{ORIENT} symmetry C4") from None
    # The rotation in the text is that from the orientation in the file.
    facts = [line for line in found.to_text().splitlines() if not line.startswith("moved")]
    lines = [f"Symmetry of {label(chosen)}", *(f"  {line}" for line in facts)]
    if found.is_symmetric:
        write_files(session, files, given, found)
        oriented = Place(found.transform) * axes(chosen).inverse()
        # The axes go along those of the scene, and the centre of the group to where that of the box is.
        middle = given.grid.pose_centre_angstrom
        target = translation(chosen.scene_position * (axes(chosen) * middle) - middle) * oriented
        positions = [(chosen, target)]
        offset = chosen.scene_position.inverse()
        positions += [(model, target * offset * model.scene_position) for model in move or () if model is not chosen]
        angle = (target * chosen.scene_position.inverse()).rotation_axis_and_angle()[1]
        lines.append(f"  {'rotated':13}{angle:.2f} degrees in the scene")
        do(session, Moves(session, positions))
    else:
        lines.append("  nothing was moved or written" if files else "  nothing was moved")
    session.logger.info("\n".join(lines))
    session.logger.status(f"{chosen.name}: {found.symmetry.group}, {found.agreement_text}")
    return as_json(found.to_dict()) if return_json else found
