"""The models that a command is about: the reference, what is aligned to it, and what moves along."""

from .inputs import AtomsInput, MapInput
from .maps import check_cell, usual_resolution
from .syntax import ALIGN, counted, label, usage_error


def one_map(models, role, example=ALIGN):
    """Return the only map among models.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    maps = maps_among(models or ())
    if len(maps) == 1:
        return maps[0]
    found = ", ".join(label(m) for m in maps or topmost(models or ()))
    if models is None:
        problem = f"{role} is missing, expected one map"
    elif not found:
        problem = f"{role} must be one map, but no such model is open"
    else:
        problem = f"{role} must be one map, got {found}" + ("" if maps else ", which is not a map")
    raise usage_error(problem, example)


def maps_among(models):
    """Return the maps among models, sorted by their numbers."""
    from chimerax.map import Volume

    return sorted((m for m in models if isinstance(m, Volume)), key=lambda m: m.id)


def one_input(objects, role, resolution, example=ALIGN):
    """Return the only map or structure among objects.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    if objects is None:
        raise usage_error(f"{role} is missing, expected one map or structure", example)
    found = [MapInput(m) for m in maps_among(objects.models)] + _atoms_inputs(objects, resolution)
    if len(found) == 1:
        if found[0].is_map:
            check_cell(found[0].model)
        return found[0]
    got = ", ".join(each.name for each in found)
    problem = f"{role} must be one map or structure, got {got}" if got else f"{role}: {_nothing(objects)}"
    raise usage_error(problem, example)


def reference(objects, resolution):
    """Return the reference: a map or a structure.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    if objects is None:
        raise usage_error("The reference is missing")
    return one_input(objects, "to", resolution)


def moving_inputs(objects, fixed, resolution, *, moves_atoms=False, verb="align"):
    """Return what is to be aligned, sorted by number: maps, and atoms if a resolution is given.

    Parameters
    ----------
    objects : chimerax.core.objects.Objects
        What the user specified.
    fixed : MapInput or AtomsInput
        The reference, which is left out.
    resolution : float or None
        Resolution of the maps simulated from atoms. The structures of a group that is specified as a whole are aligned
        as one, unless it contains the reference.
    moves_atoms : bool
        Whether only the specified atoms are moved, not their whole models.
    verb : str
        What is done with it, for errors.

    Raises
    ------
    UserError
        If nothing is left, a resolution is missing or has no effect, the reference would move, or a group with maps is
        specified as a whole.
    """
    if objects is None:
        raise usage_error("Nothing to align was specified", f"botalign #2 to {fixed.spec}")
    _refuse_groups(objects.models, fixed)
    maps = [MapInput(m) for m in maps_among(objects.models) if m is not fixed.model]
    atoms = _atoms_inputs(objects, resolution, fixed=fixed, moves_atoms=moves_atoms)
    if not maps and not atoms:
        itself = fixed.model in objects.models
        raise usage_error(
            f"Nothing to {verb}: {f'{fixed.name} is the reference itself' if itself else _nothing(objects)}",
            f"botalign #2 to {fixed.spec}",
        )
    if resolution is None and (not maps or not fixed.is_map):
        raise _without_resolution(fixed if maps else atoms[0], maps, atoms, fixed)
    if resolution is not None and fixed.is_map and not atoms:
        raise usage_error(
            "resolution is for atomic models, and none was specified", f"botalign {maps[0].spec} to {fixed.spec}"
        )
    chosen = maps if resolution is None else maps + atoms
    for each in chosen:
        if each.model in lineage(fixed.model):
            raise usage_error(f"{fixed.name} is inside {label(each.model)}, which would move it too")
    if len(chosen) == 1 and chosen[0].is_map:
        check_cell(chosen[0].model)
    return sorted(chosen, key=lambda each: each.model.id)


def _without_resolution(model, maps, atoms, fixed):
    """Return the error about a missing resolution; it suggests three voxels of the map, as ``botalign`` does."""
    first = (maps or atoms)[0]
    known = next((each.model for each in (first, fixed) if each.is_map), None)
    suggested = 8.0 if known is None else usual_resolution(known)
    unknown = "" if known is None else f" (if it is unknown, try {suggested:.2g} A, three voxels of {label(known)})"
    return usage_error(
        f"{model.name} is an atomic model, which is compared by its simulated map: give the resolution of the map"
        f"{unknown}",
        f"botalign {first.spec} to {fixed.spec} resolution {suggested:.2g}",
    )


def _nothing(objects):
    """Return why nothing was specified."""
    spec = getattr(objects, "spec", "")
    models = topmost(objects.models)
    if models:
        return f"{label(models[0])} is neither a map nor an atomic model"
    return f"{spec} matches nothing that is open" if spec else "nothing that is open was specified"


def _refuse_groups(models, fixed):
    """Refuse a group with a map and other members: it may be meant to move as one, or each member by itself."""
    found = mixed_group(models, fixed)
    if found is not None:
        group, members = found
        together = f"botalign {members[0].atomspec} to {fixed.spec} move {group.atomspec}"
        raise usage_error(
            f"{label(group)} is a group of {counted(len(members), 'model')}, which can move together, by the alignment "
            "of one of them, or be aligned separately",
            f"{together}, or botalign {''.join(m.atomspec for m in members)} to {fixed.spec}",
        )


def mixed_group(models, fixed):
    """Return the first group among models that has a map and other members, and these members; None if there is none.

    The members of a group that contains the reference are aligned by themselves, because it cannot move as one.
    """
    for group in topmost(models):
        inside = group.all_models()
        members = topmost(m for m in inside if _is_alignable(m))
        if group not in members and fixed.model not in inside and len(members) > 1 and maps_among(members):
            return group, members
    return None


def _is_alignable(model):
    from chimerax.atomic import Structure
    from chimerax.map import Volume

    return isinstance(model, Volume | Structure)


def _atoms_inputs(objects, resolution, *, fixed=None, moves_atoms=False):
    """Return an input for each structure, or for each group of structures that was specified as a whole."""
    structures = [each for each in objects.atoms.unique_structures if fixed is None or each is not fixed.model]
    if not structures:
        return []
    from chimerax.atomic import concatenate

    groups = {}
    for structure in structures:
        outermost = next((m for m in lineage(structure) if m in objects.models), structure)
        inside = outermost.all_models()
        alone = maps_among(inside) or (fixed is not None and fixed.model in inside)
        groups.setdefault(structure if alone else outermost, []).append(structure)
    atoms = dict(objects.atoms.by_structure)
    return [
        AtomsInput(model, concatenate([atoms[s] for s in parts]), resolution, moves_atoms)
        for model, parts in groups.items()
    ]


def check_copies(chosen, fixed, along, spec):
    """Refuse what cannot be copied: several models, a part of one, or models that move along.

    Raises
    ------
    UserError
        If the copies of this cannot be placed.
    """
    first = chosen[0]
    resolution = "" if first.is_map else f" resolution {first.resolution:g}"
    if len(chosen) > 1:
        raise usage_error(
            f"copies: got {len(chosen)} moving models, expected one; botalign assemble places different parts",
            f"botalign {first.spec} to {fixed.spec}{resolution} copies auto",
        )
    if not first.is_whole:
        raise usage_error(
            f"copies: got {first.name}, a part of a model, expected a whole one; split the model first",
            f"{split_command(first, spec)}; botalign #{first.model.id_string}.1 to {fixed.spec}{resolution} copies "
            "auto",
        )
    if along is not None:
        raise usage_error(
            "move cannot be combined with copies", f"botalign {first.spec} to {fixed.spec}{resolution} copies auto"
        )


def split_command(part, spec):
    """Return the command that makes a part of a model, an AtomsInput that was specified so, a model of its own."""
    atoms = f" atoms {spec}" if part.spec == f"#{part.model.id_string}" else ""  # otherwise they are chains
    return f"split #{part.model.id_string}{atoms}"


def companions(models, chosen, fixed, *, hand):
    """Return the models that move along with a single moving map, without those inside another one.

    Raises
    ------
    UserError
        If there are several moving maps, nothing moves along, the reference would move, or a model would have to be
        mirrored.
    """
    if models is None:
        return []
    example = f"botalign {chosen[0].spec} to {fixed.spec} move #3"
    if len(chosen) != 1:
        raise usage_error(f"move needs a single moving model, got {len(chosen)}", example)
    if not models:
        raise usage_error("move: no such model is open", example)
    moving = chosen[0].model
    along = [m for m in topmost(models) if m is not fixed.model and moving not in lineage(m)]
    if not along:
        what = "the reference" if fixed.model in models else "aligned itself"
        named = fixed.name if fixed.model in models else chosen[0].name
        raise usage_error(f"move: {named} is {what}, expected a model that moves along", example)
    for model in along:
        if model in lineage(fixed.model):
            raise usage_error(f"move: the reference {fixed.name} is inside {label(model)}", example)
    if hand == "auto":
        rigid = [m for m in along if m not in maps_among(along)]
        if rigid:
            raise usage_error(
                f"hand auto may mirror the map, and {label(rigid[0])}, which is not a map, cannot be mirrored with it",
                f"{example} hand check",
            )
    return along


def topmost(models):
    """Return models without those that are inside another of them, sorted by their numbers."""
    given = set(models)
    return sorted((m for m in given if not given.intersection(lineage(m)[:-1])), key=lambda m: m.id)


def lineage(model):
    """Return a model and the models that it is inside, the outermost first; without the root of the scene."""
    line = []
    while model is not None and model.id:
        line.insert(0, model)
        model = model.parent
    return line
