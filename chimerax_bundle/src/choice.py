"""Which models a command means: the reference, what is aligned to it, and what moves along."""

from .mover import AtomsMover, MapMover
from .syntax import ALIGN, named, wrong


def one_map(models, role, example=ALIGN):
    """Return the one map among models.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    maps = maps_among(models or ())
    if len(maps) != 1:
        found = ", ".join(named(m) for m in maps) or "none"
        raise wrong(f"{role} must be one map, got {found}", example)
    return maps[0]


def maps_among(models):
    """Return the maps among models, by number."""
    from chimerax.map import Volume

    return sorted((m for m in models if isinstance(m, Volume)), key=lambda m: m.id)


def movers(objects, fixed, resolution):
    """Return what is to be aligned, by number: maps, and atomic models if a resolution is given.

    Parameters
    ----------
    objects : chimerax.core.objects.Objects
        What was specified.
    fixed : Volume
        The reference, which is left out.
    resolution : float or None
        Of the maps simulated of atomic models. Structures of one specified group are aligned as one.

    Raises
    ------
    UserError
        If nothing is left, a resolution is missing or of no use, or what moves would move the reference.
    """
    maps = maps_among(objects.models)
    structures = list(objects.atoms.unique_structures)
    others = [m for m in maps if m is not fixed]
    where = f"#{fixed.id_string}"
    if resolution is None and not others:
        if structures:
            first = structures[0]
            example = f"botalign #{first.id_string} to {where} resolution 8"
            raise wrong(f"{named(first)} is an atomic model, so a resolution is needed to simulate its map", example)
        what = f"{named(fixed)} is the reference itself" if maps else "there is no open map in what was specified"
        raise wrong(f"Nothing to align: {what}", f"botalign #2 to {where}")
    chosen = [MapMover(m) for m in others]
    if resolution is not None:
        if not structures:
            raise wrong(
                "resolution is for atomic models, and none was specified",
                f"botalign #{others[0].id_string} to {where}" if others else ALIGN,
            )
        chosen += _atoms_movers(objects, structures, resolution)
    for mover in chosen:
        if mover.model in lineage(fixed):
            raise wrong(f"{named(fixed)} lies within {named(mover.model)}, which would move it along")
    return sorted(chosen, key=lambda mover: mover.model.id)


def _atoms_movers(objects, structures, resolution):
    """Return a mover for each structure, or for each group of them that was specified whole."""
    from chimerax.atomic import concatenate

    groups = {}
    for structure in structures:
        whole = next(m for m in lineage(structure) if m in objects.models)
        groups.setdefault(structure if maps_among(whole.all_models()) else whole, []).append(structure)
    atoms = dict(objects.atoms.by_structure)
    return [AtomsMover(m, concatenate([atoms[s] for s in parts]), resolution) for m, parts in groups.items()]


def companions(models, chosen, fixed, *, hand):
    """Return the models that move along with a single moving map: top-most ones only, as these take theirs along.

    Raises
    ------
    UserError
        If there are several moving maps, the reference would move, or a mirrored map could not be followed.
    """
    if not models:
        return []
    example = f"botalign #2 to #{fixed.id_string} move #3"
    if len(chosen) != 1:
        raise wrong(f"move needs a single moving map, got {len(chosen)}", example)
    moving = chosen[0].model
    along = [m for m in topmost(models) if m is not fixed and moving not in lineage(m)]
    for model in along:
        if model in lineage(fixed):
            raise wrong(f"move: the reference {named(fixed)} lies within {named(model)}", example)
    if hand == "auto":
        rigid = [m for m in along if m not in maps_among(along)]
        if rigid:
            raise wrong(
                f"hand auto may mirror the map, and {named(rigid[0])} is no map, so it can't be mirrored with it",
                f"{example} hand check",
            )
    return along


def topmost(models):
    """Return models without those that lie within another of them, by number."""
    given = set(models)
    return sorted((m for m in given if not given.intersection(lineage(m)[:-1])), key=lambda m: m.id)


def lineage(model):
    """Return the models that a model lies within, outermost first, and itself at the end; without the scene's root."""
    line = []
    while model is not None and model.id:
        line.insert(0, model)
        model = model.parent
    return line
