"""The models that a command is about: the reference, what is aligned to it, and what moves along."""

from .mover import AtomsMover, MapMover
from .syntax import ALIGN, label, usage_error


def one_map(models, role, example=ALIGN):
    """Return the only map among models.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    maps = maps_among(models or ())
    if len(maps) != 1:
        found = ", ".join(label(m) for m in maps) or "none"
        raise usage_error(f"{role} must be one map, got {found}", example)
    return maps[0]


def maps_among(models):
    """Return the maps among models, sorted by their numbers."""
    from chimerax.map import Volume

    return sorted((m for m in models if isinstance(m, Volume)), key=lambda m: m.id)


def movers(objects, fixed, resolution):
    """Return what is to be aligned, sorted by number: maps, and atomic models if a resolution is given.

    Parameters
    ----------
    objects : chimerax.core.objects.Objects
        What the user specified.
    fixed : Volume
        The reference, which is left out.
    resolution : float or None
        Resolution of the maps simulated from atomic models. The structures of a group that is specified as a whole are
        aligned as one.

    Raises
    ------
    UserError
        If nothing is left, a resolution is missing or has no effect, or the reference would move.
    """
    maps = maps_among(objects.models)
    structures = list(objects.atoms.unique_structures)
    others = [m for m in maps if m is not fixed]
    where = f"#{fixed.id_string}"
    if resolution is None and not others:
        if structures:
            first = structures[0]
            example = f"botalign #{first.id_string} to {where} resolution 8"
            raise usage_error(
                f"{label(first)} is an atomic model, expected a resolution, at which its map is simulated", example
            )
        what = f"{label(fixed)} is the reference itself" if maps else "no open map was specified"
        raise usage_error(f"Nothing to align: {what}", f"botalign #2 to {where}")
    chosen = [MapMover(m) for m in others]
    if resolution is not None:
        if not structures:
            raise usage_error(
                "resolution is for atomic models, and none was specified",
                f"botalign #{others[0].id_string} to {where}" if others else ALIGN,
            )
        chosen += _atoms_movers(objects, structures, resolution)
    for mover in chosen:
        if mover.model in lineage(fixed):
            raise usage_error(f"{label(fixed)} is inside {label(mover.model)}, which would move it too")
    return sorted(chosen, key=lambda mover: mover.model.id)


def _atoms_movers(objects, structures, resolution):
    """Return a mover for each structure, or for each group of structures that was specified as a whole."""
    from chimerax.atomic import concatenate

    groups = {}
    for structure in structures:
        outermost = next(m for m in lineage(structure) if m in objects.models)
        groups.setdefault(structure if maps_among(outermost.all_models()) else outermost, []).append(structure)
    atoms = dict(objects.atoms.by_structure)
    return [AtomsMover(m, concatenate([atoms[s] for s in parts]), resolution) for m, parts in groups.items()]


def companions(models, chosen, fixed, *, hand):
    """Return the models that move along with a single moving map, without those inside another one.

    Raises
    ------
    UserError
        If there are several moving maps, the reference would move, or a model would have to be mirrored.
    """
    if not models:
        return []
    example = f"botalign #2 to #{fixed.id_string} move #3"
    if len(chosen) != 1:
        raise usage_error(f"move needs a single moving map, got {len(chosen)}", example)
    moving = chosen[0].model
    along = [m for m in topmost(models) if m is not fixed and moving not in lineage(m)]
    for model in along:
        if model in lineage(fixed):
            raise usage_error(f"move: the reference {label(fixed)} is inside {label(model)}", example)
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
