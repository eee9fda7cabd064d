"""The command ``botalign score``: compare maps and atomic models in their current poses."""

import botalign as core

from .choice import one_input
from .json_values import as_json, measured
from .maps import axes, current_transform, density_map
from .measure import MapPoints, atoms_in_map
from .options import spelled
from .report import comparison
from .syntax import SCORE, usage_error


def botalign_score(session, moving=None, *, to=None, resolution=None, envelope=True, fsc=None, return_json=False):
    """Compare two maps, or a map and an atomic model, in their current poses.

    Parameters
    ----------
    session : Session
        The session.
    moving, to : Objects
        The two, maps or structures. The correlation counts the grid points of the first.
    resolution : float, optional
        Resolution of the maps that are simulated from atoms.
    envelope : bool, optional
        Compute the correlations from the grid points above the lowest level only.
    fsc : str, optional
        File to write the Fourier shell correlation to. A file that exists is replaced.
    return_json : bool, optional
        Return the scores as JSON instead.

    Returns
    -------
    botalign.Comparison, botalign.ModelFit or JSONResult
        The scores: for a map and an atomic model a ModelFit.
    """
    first, second = one_input(moving, "The first", resolution, SCORE), one_input(to, "to", resolution, SCORE)
    _check_resolution(first, second, resolution)
    try:
        found = _map_and_model(first, second) if first.is_map != second.is_map else _both_alike(first, second)
        volumes = first.volume(), second.volume()
        correlation = MapPoints(volumes[0], envelope=envelope).correlation(volumes[1])
        level = volumes[0].minimum_surface_level if envelope else None
        if fsc is not None:
            found.curves.write(fsc, overwrite=True)
    except core.InputError as error:
        raise usage_error(spelled(error), SCORE) from None
    finally:
        first.close()
        second.close()
    atoms = atoms_in_map(first, second)
    wemd = found.scores.wemd_angstrom if isinstance(found, core.Comparison) else None
    scores = found if wemd is None else found.scores
    session.logger.info(comparison(first.name, second.name, correlation, level, scores, atoms, found.curves.facts))
    if fsc is not None:
        session.logger.info(f"Wrote the Fourier shell correlation to {fsc}")
    if not return_json:
        return found
    values = {
        **measured(correlation, atoms),
        "fsc_resolution_angstrom": scores.fsc_resolution_angstrom,
        "wemd_angstrom": wemd,
    }
    return as_json(values)


def _check_resolution(first, second, resolution):
    """Refuse a resolution without effect, and atoms without one."""
    atomic = next((each for each in (first, second) if not each.is_map), None)
    if resolution is not None and atomic is None:
        raise usage_error("resolution is for atomic models, and none was specified", SCORE)
    if resolution is None and atomic is not None:
        raise usage_error(
            f"{atomic.name} is an atomic model, which is compared by its simulated map: give the resolution of the map",
            f"botalign score {first.spec} to {second.spec} resolution 8",
        )


def _map_and_model(first, second):
    """Return how well atoms fit a map."""
    volume, atoms = (first.model, second) if first.is_map else (second.model, first)
    points = (volume.scene_position * axes(volume)).inverse() * atoms.scene_points()
    model = atoms.model_at(points)
    return core.model_fit(density_map(volume), model, atoms.resolution, contour_level=volume.minimum_surface_level)


def _both_alike(first, second):
    """Return the scores of two maps, or of the simulated maps of two atomic models."""
    transform = current_transform(second.model, first.model)
    return core.score(second.density(), first.density(), transform=transform)
