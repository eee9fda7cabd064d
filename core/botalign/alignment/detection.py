"""The point group of a map, and where its axes are: for `botalign.orient`, and for the equivalent poses of a result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from botalign.alignment.fitting import FitProblem
from botalign.alignment.sampling import fit_problem, useful_voxel
from botalign.alignment.self_symmetry import ANGLE_DEGREES, SelfComparison, SelfMatch
from botalign.alignment.symmetry import Symmetry
from botalign.alignment.symmetry_frame import Frame, frame_about, nearest, refined, spread
from botalign.arrays import Matrix
from botalign.geometry import SETTINGS, axis_angle, compose, point_group, rotation_order

#: Points of the last fit for equivalent poses, and rotations of the group that are judged then.
POINTS, JUDGED = 8_000, 3
#: A rotation with an agreement this much below that of the best one is not a symmetry of the same map.
WORSE = 0.07
#: Axes closer to each other than this are one.
SAME_AXIS_DEGREES = 6.0


@dataclass(frozen=True, eq=False)
class Detection:
    """A point group, and where it is in a map.

    Attributes
    ----------
    comparison : SelfComparison
        The map.
    group : str
        Schoenflies symbol.
    setting : str
        Setting of the conventional axes.
    rotations : ndarray, shape (order, 3, 3)
        The group in this setting.
    frame : Frame
        Its position in the map.
    """

    comparison: SelfComparison
    group: str
    setting: str
    rotations: Matrix
    frame: Frame

    @property
    def symmetry(self) -> Symmetry:
        """The group, with its operations in the coordinates of the map."""
        main = max(self.rotations, key=rotation_order)
        operations = np.array([self.frame.operation(rotation) for rotation in self.rotations])
        return Symmetry(self.group, operations, self.frame.rotation.T @ axis_angle(main)[0])

    def matches(self, count: int) -> tuple[SelfMatch, ...]:
        """Judge rotations of the group, at most `count`, as different as possible, and no rotation and its inverse.

        A rotation and its inverse compare the same pairs of densities.
        """
        chosen: list[Matrix] = []
        for each in spread(self.rotations, count):
            if not any(np.allclose(each.T, other, atol=1e-6) for other in chosen):
                chosen.append(each)
        judged = [(self.frame.operation(each), rotation_order(each)) for each in chosen]
        fit = self.comparison.fit
        return tuple(
            self.comparison.compared(operation, order, fit.correlation(operation)) for operation, order in judged
        )

    def finest_fit(self, points: int) -> FitProblem:
        """Return the fit of the map to itself at the finest sampling that holds signal, at `points` points at most."""
        surveyed = self.comparison.surveyed
        # A symmetric map agrees with itself, rotated, as far as it is signal.
        voxel = useful_voxel(surveyed, self.comparison.signal.curve.resolution(0.143), finest=surveyed.voxel_angstrom)
        return fit_problem(surveyed, surveyed, voxel_angstrom=voxel, most=points)

    def refined(self, fit: FitProblem) -> Detection:
        """Return the same group, its position refined by a fit."""
        return replace(self, frame=nearest(self.rotations, refined(fit, self.rotations, self.frame)))


def symmetry_of(comparison: SelfComparison) -> Symmetry | None:
    """Return the point group of a map; None if it has none."""
    # The draft may take an approximate symmetry for one, and so hide a smaller group that the map has.
    for tried in (comparison.draft(), comparison):
        found = detect(tried)
        if found is None:
            return None
        found = replace(found, comparison=comparison)
        found = found.refined(found.finest_fit(POINTS))
        if all(match.is_symmetry for match in found.matches(JUDGED)):
            return found.symmetry
    return None


def detect(comparison: SelfComparison, *, group: str | None = None, setting: str | None = None) -> Detection | None:
    """Find the point group of a map, or where a given one fits best; return None if it is C1.

    Parameters
    ----------
    comparison : SelfComparison
        The map.
    group : str, optional
        The group to look for.
    setting : str, optional
        Setting of the group; without effect if the group that is found does not have it.
    """
    axes = symmetry_axes(comparison)
    name = group_of_axes(axes) if group is None else group.upper()
    chosen = setting_of(name, setting)
    rotations = point_group(name, setting=chosen)
    if len(rotations) == 1:
        return None
    order = max(rotation_order(each) for each in rotations)
    fitting = [axis for axis in axes if axis.order % order == 0]
    if fitting:
        directions = [max(fitting, key=lambda axis: axis.agreement).axis]
    else:
        scanned = [axis for axis in comparison.axes if order % axis.order == 0]
        directions = [axis.direction for axis in scanned or comparison.axes]
    if not directions:  # a ball
        directions = [np.array([0.0, 0.0, 1.0])]
    frames = [frame_about(comparison.sparse_fit, rotations, direction) for direction in directions]
    return Detection(comparison, name, chosen, rotations, max(frames, key=lambda each: each[1])[0])


def setting_of(group: str, setting: str | None) -> str:
    """Return the setting of a group: the given one, if it is one of this group."""
    settings = SETTINGS.get(group, (group,))
    return setting.upper() if setting is not None and setting.upper() in settings else settings[0]


def symmetry_axes(comparison: SelfComparison) -> list[SelfMatch]:
    """Return distinct axes by which a map is symmetric, each with its highest order: enough to name the group."""
    axes: list[SelfMatch] = []
    agreements: list[float] = []  # of the rotations by which the axes were found
    best = 0.0

    def add(match: SelfMatch | None) -> bool:
        if match is None or not match.is_symmetry or match.agreement < best - WORSE or _is_known(match.axis, axes):
            return False
        axes.append(comparison.highest_order(match))
        agreements.append(match.agreement)
        return True

    for match in comparison.likely():
        # Of a ring of subunits, rotations about axes in its plane fit nearly as well where noise hides the details.
        best = max(best, match.agreement)
        kept = [number for number, agreement in enumerate(agreements) if agreement >= best - WORSE]
        axes, agreements = [axes[number] for number in kept], [agreements[number] for number in kept]
        add(match)
        if _is_complete(axes):
            return axes
    # The scan may miss axes that the others imply.
    pairs = [(first, second) for first in axes for second in axes]
    for first, second in pairs:
        rotation = compose(first.transform, second.transform)[:, :3]
        axis, angle = axis_angle(rotation)
        order = round(360 / angle) if angle > 1 else 1
        if order < 2 or abs(angle - 360 / order) > ANGLE_DEGREES or _is_known(axis, axes):
            continue
        if add(comparison.fitted(rotation, order)) and _is_complete(axes):
            break
    return axes


def _is_complete(axes: list[SelfMatch]) -> bool:
    """Whether no further axis can change the name of the group: two of order 4 or 5, or one above 5 and another."""
    orders = sorted(axis.order for axis in axes)
    return len(orders) > 1 and (orders[-1] > 5 or orders[-2] >= 4)


def group_of_axes(axes: list[SelfMatch]) -> str:
    """Return the Schoenflies symbol of the group with these axes."""
    highest = max((axis.order for axis in axes), default=1)
    if sum(axis.order >= 3 for axis in axes) > 1:
        return "I" if highest == 5 else "O" if highest == 4 else "T"
    return f"{'D' if len(axes) > 1 else 'C'}{highest}"


def _is_known(axis: Matrix, axes: list[SelfMatch]) -> bool:
    return any(abs(float(axis @ known.axis)) > np.cos(np.radians(SAME_AXIS_DEGREES)) for known in axes)
