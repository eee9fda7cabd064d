"""The symmetry of a map, and its orientation along the conventional axes."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

import numpy as np

from botalign.alignment.detection import detect
from botalign.alignment.itself import Itself
from botalign.alignment.orientation import Orientation
from botalign.alignment.records import MapReference
from botalign.alignment.self_symmetry import SelfComparison, SelfMatch
from botalign.alignment.survey import survey
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.symmetry_frame import with_errors
from botalign.geometry import identity, point_group, transform_about
from botalign.maps.density_map import DensityMap, expect_map
from botalign.progress import Progress, exhaust
from botalign.threads import one_blas_thread

#: Rotations of a group that are judged, at most, and points of the last fit.
JUDGED, POINTS = 12, 40_000
#: Without a symmetry, a rotation is worth mentioning if the map agrees with itself to this fraction of its diameter and
#: has this agreement. So many axes are tried.
RESOLVED, LEAST_NEAR, TRIED = 1 / 3, 0.25, 24
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
    The similarity of the map with itself is computed about axes in all directions, from spherical harmonics, and the
    best rotations are fitted. A rotation is a symmetry if the Fourier shell correlation of the map with itself,
    rotated, is that of a symmetric map with the noise that is found outside the molecule. For a tightly masked map, all
    differences count. Rotations of the group are then fitted together. Mirror planes and helical symmetry are not
    considered.

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
        Before each stage: ``"prepare"``, ``"axes"``, which finds the group and its axes, and ``"refine"`` if there is a
        group.

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
    reference = MapReference(density_map.name, density_map.grid)
    yield Progress("prepare", 0, STEPS)
    with one_blas_thread():
        comparison = Itself(survey(density_map).normalised(), density_map.grid).comparison
        yield Progress("axes", 1, STEPS)
        found = detect(comparison, group=symmetry, setting=setting)
        matches: tuple[SelfMatch, ...] = ()
        if found is not None:
            yield Progress("refine", 4, STEPS)
            fit = found.finest_fit(POINTS)
            found = found.refined(fit)
            frame, matches = with_errors(fit, found.rotations, found.frame), found.matches(JUDGED)
        near = None if any(match.is_symmetry for match in matches) else _near(comparison)
    if found is None:
        unmoved = Symmetry("C1", identity()[None], np.array([0.0, 0.0, 1.0]))
        spent = time.perf_counter() - began
        return Orientation(unmoved, "C1", symmetry is not None, identity(), (), near, 0.0, 0.0, reference, spent)
    centre = density_map.grid.pose_centre_angstrom
    if found.group[0] == "C":  # the position along the only axis is arbitrary, and stays
        axis = frame.rotation.T @ np.array([0.0, 0.0, 1.0])
        along = float(axis @ (centre - frame.centre_angstrom))
        frame = replace(frame, centre_angstrom=frame.centre_angstrom + along * axis)
    return Orientation(
        symmetry=found.symmetry,
        setting=found.setting,
        requested=symmetry is not None,
        transform=transform_about(frame.rotation, frame.centre_angstrom, centre),
        matches=matches,
        near_symmetry=near,
        axis_error_degrees=frame.axis_error_degrees,
        centre_error_angstrom=frame.centre_error_angstrom,
        moving=reference,
        seconds=time.perf_counter() - began,
    )


def _near(comparison: SelfComparison) -> SelfMatch | None:
    """Return the best rotation that is not a symmetry, if it fits more than the outline."""
    coarsest = RESOLVED * 2 * comparison.surveyed.radius_angstrom
    tried = [match for match in comparison.judged(comparison.axes[:TRIED]) if not match.is_symmetry]
    worth = [each for each in tried if each.resolution_angstrom <= coarsest and each.agreement >= LEAST_NEAR]
    return max(worth, key=lambda match: match.agreement, default=None)
