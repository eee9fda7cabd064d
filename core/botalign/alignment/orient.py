"""The symmetry of a map, and its orientation along the conventional axes."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from botalign.alignment.orientation import Orientation
from botalign.alignment.records import MapReference
from botalign.alignment.sampling import finest_useful_voxel, fit_problem
from botalign.alignment.self_symmetry import SelfComparison, SelfMatch, group_of_axes, symmetry_axes
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.symmetry_frame import Frame, frame_about, nearest, refined, spread, with_errors
from botalign.arrays import Matrix
from botalign.geometry import (
    SETTINGS,
    axis_angle,
    identity,
    point_group,
    rotation_order,
    transform_about,
)
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.progress import Progress, exhaust
from botalign.threads import one_blas_thread

#: Rotations of a group that are judged, at most, and points of the last fit.
JUDGED, POINTS = 12, 40_000
#: Without a symmetry, a rotation is worth mentioning if the map agrees with itself to this fraction of its diameter.
WORTH_MENTIONING = 1 / 3
#: Steps of the progress, which count about the same time.
STEPS = 10


def orient(density_map: DensityMap, *, symmetry: str | None = None, setting: str | None = None) -> Orientation:
    r"""Find the point group of a map, and the transform to its conventional axes.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    symmetry : str, optional
        Group to look for: ``"Cn"``, ``"Dn"``, ``"T"``, ``"O"`` or ``"I"``. By default the group is found.
    setting : str, optional
        Setting of T or I; see :func:`botalign.geometry.point_group`. It has no effect on another group that is found.
        By default RELION's.

    Returns
    -------
    Orientation
        The group, how well its rotations fit, and the transform.

    Raises
    ------
    InputError
        If the argument is not a map or has no molecule, or the group or its setting is unknown.

    See Also
    --------
    align : Also reports the symmetry, as far as it makes poses equivalent.
    orient_steps : The same in steps, so that a program can show progress or stop it.

    Notes
    -----
    Rotations of prime order about axes in all directions are scanned coarsely, and the best are fitted. A rotation is a
    symmetry if the Fourier shell correlation of the map with itself, rotated, is that of a symmetric map with the noise
    that is found outside the molecule. For a tightly masked map, all differences count. Rotations of the group
    are then fitted together. Mirror planes and helical symmetry are not considered.

    Examples
    --------
    >>> import botalign
    >>> pose = [[0, 0, 1, 3], [0, 1, 0, 0], [-1, 0, 0, 0]]
    >>> ring = botalign.phantom(32, voxel_size_angstrom=4.0, symmetry="C5", transform=pose)
    >>> found = botalign.orient(ring)
    >>> found.symmetry.group
    'C5'
    """
    return exhaust(orient_steps(density_map, symmetry=symmetry, setting=setting))


def orient_steps(
    density_map: DensityMap, *, symmetry: str | None = None, setting: str | None = None
) -> Generator[Progress, None, Orientation]:
    """Find the point group of a map in steps; arguments, result and errors are those of :func:`orient`.

    Parameters
    ----------
    density_map : DensityMap
        The map.
    symmetry, setting : str, optional
        Group to look for, and its setting.

    Returns
    -------
    Orientation
        As the value of ``StopIteration``.

    Yields
    ------
    Progress
        Before each stage: ``"prepare"``, ``"scan"`` of axes in all directions, ``"axes"``, which names the group, and
        ``"refine"``. The scan takes longest.

    Examples
    --------
    >>> import botalign
    >>> ring = botalign.phantom(32, voxel_size_angstrom=4.0, symmetry="C5")
    >>> steps = botalign.orient_steps(ring)
    >>> next(steps).stage
    'prepare'
    >>> steps.close()
    """
    began = time.perf_counter()
    if symmetry is not None:  # refuse what is unknown before the search
        point_group(symmetry, setting=setting)
    elif setting is not None:
        point_group("T" if setting.upper().startswith("T") else "I", setting=setting)
    expect_map(density_map, "density_map")
    yield Progress("prepare", 0, STEPS)
    with one_blas_thread():
        comparison = SelfComparison(survey(density_map).normalised(), density_map.grid)
        yield Progress("scan", 1, STEPS)
        scanned = comparison.scanned()
        yield Progress("axes", 7, STEPS)
        axes = symmetry_axes(comparison, scanned)
        name = group_of_axes(axes) if symmetry is None else symmetry.upper()
        chosen = _setting(name, setting)
        group = point_group(name, setting=chosen)
        reference = MapReference(density_map.name, density_map.grid)
        near = _near(comparison, scanned)
        if len(group) == 1:
            unmoved = Symmetry(name, identity()[None], np.array([0.0, 0.0, 1.0]))
            spent = time.perf_counter() - began
            return Orientation(unmoved, chosen, symmetry is not None, identity(), (), near, 0.0, 0.0, reference, spent)
        yield Progress("refine", 8, STEPS)
        main = max(group, key=rotation_order)
        candidates = _main_axes(axes, rotation_order(main)) or [match.axis for match in scanned]
        frames = [frame_about(comparison.fit, group, axis) for axis in candidates]
        frame = nearest(group, _finest(comparison, group, max(frames, key=lambda each: each[1])[0]))
        judged = [(frame.operation(rotation), rotation_order(rotation)) for rotation in spread(group, JUDGED)]
        matches = tuple(
            comparison.compared(operation, order, comparison.fit.correlation(operation)) for operation, order in judged
        )
    centre = density_map.grid.pose_centre_angstrom
    if name[0] == "C":  # the position along the only axis is arbitrary, and stays
        axis = frame.rotation.T @ np.array([0.0, 0.0, 1.0])
        along = float(axis @ (centre - frame.centre_angstrom))
        frame = replace(frame, centre_angstrom=frame.centre_angstrom + along * axis)
    return Orientation(
        symmetry=Symmetry(
            name, np.array([frame.operation(rotation) for rotation in group]), frame.rotation.T @ axis_angle(main)[0]
        ),
        setting=chosen,
        requested=symmetry is not None,
        transform=transform_about(frame.rotation, frame.centre_angstrom, centre),
        matches=matches,
        near_symmetry=None if any(match.is_symmetry for match in matches) else near,
        axis_error_degrees=frame.axis_error_degrees,
        centre_error_angstrom=frame.centre_error_angstrom,
        moving=reference,
        seconds=time.perf_counter() - began,
    )


def _setting(group: str, setting: str | None) -> str:
    """Return the setting of a group: the given one, if it is one of this group."""
    settings = SETTINGS.get(group, (group,))
    return setting.upper() if setting is not None and setting.upper() in settings else settings[0]


def _main_axes(axes: Sequence[SelfMatch], order: int) -> list[Matrix]:
    """Return the best symmetry axis of an order."""
    fitting = [axis for axis in axes if axis.order % order == 0]
    return [max(fitting, key=lambda axis: axis.agreement).axis] if fitting else []


def _near(comparison: SelfComparison, scanned: Sequence[SelfMatch]) -> SelfMatch | None:
    """Return the best rotation that is not a symmetry, if it fits more than the outline."""
    coarsest = WORTH_MENTIONING * 2 * comparison.surveyed.radius_angstrom
    others = [match for match in scanned if not match.is_symmetry and match.resolution_angstrom <= coarsest]
    return max(others, key=lambda match: match.agreement, default=None)


def _finest(comparison: SelfComparison, group: Matrix, frame: Frame) -> Frame:
    """Refine a frame at the finest sampling that holds signal."""
    surveyed = comparison.surveyed
    voxel = finest_useful_voxel(surveyed, surveyed, frame.operation(group[1]))
    fit = fit_problem(surveyed, surveyed, voxel_angstrom=voxel).thinned(POINTS)
    return with_errors(fit, group, refined(fit, group, frame))
