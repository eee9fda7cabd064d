"""The difference of two maps as a surface coloured by the mass that would have to move."""

import botalign as core

from .choice import one_map
from .maps import axes, current_transform, density_map
from .options import spelled
from .syntax import POTENTIAL, label, usage_error


def botalign_potential(session, moving=None, *, to=None, level="auto", to_level="auto", size=32, limit=None):
    """Colour the surface of a map by where its mass would have to move to make it another map.

    Parameters
    ----------
    session : Session
        The session.
    moving : list of Model
        Map to colour.
    to : list of Model
        Map to compare it with, in the current poses.
    level, to_level : float or "auto"
        Contour levels of the two for the potential. It does not depend on the displayed levels.
    size : int
        Side of the potential in voxels.
    limit : float, optional
        Value of the full colours in angstrom; by default the largest on the surface.

    Returns
    -------
    Volume
        The potential, a hidden map.
    """
    first, second = one_map(moving, "The map to colour", POTENTIAL), one_map(to, "to", POTENTIAL)
    if first is second:
        raise usage_error(f"{label(first)} cannot be compared with itself", POTENTIAL)
    transform = current_transform(second, first)
    maps = density_map(second), density_map(first)
    levels = {"contour_level_first": to_level, "contour_level_second": level}
    options = {name: None if value == "auto" else value for name, value in levels.items()} | {"transform": transform}
    try:
        found = core.potential(*maps, size=size, **options)
        distance = core.score(*maps, full_sampling=False, **options).scores.wemd_angstrom
    except core.InputError as error:
        raise usage_error(spelled(error), POTENTIAL) from None
    volume = _opened(session, found, second)
    volume.name = f"potential of {first.name} on {second.name}"
    surfaces = [surface for surface in first.surfaces if surface.vertices is not None and len(surface.vertices)]
    lines = [f"Potential of {label(first)} on {label(second)}: {label(volume)}, hidden"]
    lines.append(f"  wavelet earth mover's distance = {distance:.4g} A")
    if surfaces:
        limit = limit or max(_largest(volume, surface) for surface in surfaces)
        _colour(session, surfaces, volume, limit)
        lines.append(f"  {label(first)} is red where it has too much mass, blue where it has too little")
        lines.append(f"  full colours at -{limit:.4g} and {limit:.4g} A, white at 0")
    else:
        lines.append(f"  {label(first)} displays no surface to colour; show one, and repeat the command")
    session.logger.info("\n".join(lines))
    return volume


def _opened(session, found, fixed):
    """Open the potential as a hidden map, at the position of the map whose coordinates it has."""
    from chimerax.map import volume_from_grid_data
    from chimerax.map_data import ArrayGridData

    grid = ArrayGridData(
        found.data,
        origin=tuple(axes(fixed) * found.grid.origin_angstrom),
        step=found.grid.voxel_size_angstrom,
        rotation=fixed.data.rotation,
        name=found.name,
    )
    volume = volume_from_grid_data(grid, session, open_model=False, show_dialog=False)
    volume.display = False
    session.models.add([volume])
    volume.scene_position = fixed.scene_position
    return volume


def _largest(volume, surface):
    """Return the largest absolute value of the potential on a surface."""
    return float(abs(volume.interpolated_values(surface.vertices, surface.scene_position)).max())


def _colour(session, surfaces, volume, limit):
    """Colour surfaces from red by white to blue, as ``color sample`` does: it follows the level, and can be undone."""
    from chimerax.core.colors import BuiltinColormaps
    from chimerax.surface.colorvol import color_sample

    color_sample(session, surfaces, volume, palette=BuiltinColormaps["red-white-blue"], range=(-limit, limit))
