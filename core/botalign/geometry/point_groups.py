"""Point groups of rotations in conventional settings, and the names of groups.

The settings are those of RELION (``symmetries.cpp``): the n-fold axis of Cn and Dn along z, a two-fold axis of Dn along
x, a three-fold axis of T along z, four-fold axes of O along x, y and z, and I in the setting I2.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry.rotations import axis_angle, geodesic_degrees, matrix_from_rotation_vector

#: The golden ratio: five-fold axes of an icosahedron with two-fold axes along x, y and z are along (1, 0, GOLDEN).
GOLDEN = (1 + np.sqrt(5)) / 2
#: Orders and directions ``(x, y, z)`` of axes that generate a group, by its setting.
_GENERATORS: dict[str, tuple[tuple[int, tuple[float, float, float]], ...]] = {
    "T": ((3, (0, 0, 1)), (2, (0, np.sqrt(2), 1))),
    "T222": ((2, (0, 0, 1)), (3, (1, 1, 1))),
    "O": ((4, (0, 0, 1)), (3, (1, 1, 1))),
    "I1": ((2, (1, 0, 0)), (5, (GOLDEN, 0, -1))),
    "I2": ((2, (0, 0, 1)), (5, (1, 0, GOLDEN))),
    "I3": ((5, (0, 0, 1)), (2, (-1, 0, GOLDEN))),
    "I4": ((2, (1, 0, GOLDEN)), (5, (2, 0, 1))),
}
#: Settings of each group that has several, the conventional one first.
SETTINGS = {"T": ("T", "T222"), "O": ("O",), "I": ("I2", "I1", "I3", "I4")}
#: The largest order of an axis.
LARGEST_ORDER = 99
#: Errors of rotations that were computed, not measured.
_EXACT_DEGREES = 1e-3


def point_group(symbol: str, *, setting: str | None = None) -> Matrix:
    """Return the rotations of a point group.

    Parameters
    ----------
    symbol : str
        Schoenflies symbol: ``"C4"``, ``"D7"``, ``"T"``, ``"O"`` or ``"I"``.
    setting : str, optional
        Setting of T or I, such as ``"T222"`` (two-fold axes along x, y and z) or ``"I3"`` (a five-fold axis along z);
        by default RELION's.

    Returns
    -------
    ndarray, shape (order, 3, 3)
        Rotation matrices, the identity first.

    Raises
    ------
    InputError
        If the group is unknown, or does not have the setting.

    Examples
    --------
    >>> [len(point_group(symbol)) for symbol in ("C3", "D3", "T", "O", "I")]
    [3, 6, 12, 24, 60]
    """
    name = symbol.upper()
    cyclic = re.fullmatch(r"([CD])([1-9]\d?)", name)
    settings = SETTINGS.get(name, (name,) if cyclic else ())
    if not settings:
        raise InputError(
            Setting("symmetry"), f": got {symbol!r}, expected Cn or Dn with n from 1 to {LARGEST_ORDER}, such as C4 or "
            "D7, or T, O or I.",
        )  # fmt: skip
    chosen = settings[0] if setting is None else setting.upper()
    if chosen not in settings:
        groups = " or ".join(f"{each}: {', '.join(names)}" for each, names in SETTINGS.items() if len(names) > 1)
        raise InputError(Setting("setting"), f": got {setting!r} for {name}, expected one of those of {groups}.")
    if not cyclic:
        return _closed(_GENERATORS[chosen]).copy()
    order = int(cyclic[2])
    rotations = [_turned((0, 0, 1), 2 * np.pi * k / order) for k in range(order)]
    if cyclic[1] == "D":
        rotations += [rotation @ np.diag([1.0, -1.0, -1.0]) for rotation in rotations]
    return np.array(rotations)


def rotation_order(rotation: Matrix) -> int:
    """Return the smallest n for which n times a rotation is the identity, up to 99; 0 if there is none."""
    angle = axis_angle(rotation)[1]
    for n in range(1, LARGEST_ORDER + 1):
        turns = n * angle / 360
        if abs(turns - round(turns)) * 360 < n * _EXACT_DEGREES:
            return n
    return 0


def equivalent_axes(group: Matrix) -> list[Matrix]:
    """Return the rotations that take the axes of a group to its axes: the group itself, and others such as half steps.

    Parameters
    ----------
    group : ndarray, shape (order, 3, 3)
        A group with axes in more than one direction.
    """
    axes = _directions(group)
    order, first = axes[0]
    second_order, second = next(each for each in axes if abs(float(each[1] @ first)) < 0.99)
    found: list[Matrix] = []
    for a in (axis for n, axis in axes if n == order):
        for b in (axis for n, axis in axes if n == second_order and abs(float(axis @ a - second @ first)) < 1e-6):
            rotation = orthonormal_basis(a, b) @ orthonormal_basis(first, second).T
            turned = rotation @ group @ rotation.T
            if geodesic_degrees(turned[:, None], group).min(axis=1).max() < 1:
                found.append(rotation)
    return found


def _directions(group: Matrix) -> list[tuple[int, Matrix]]:
    """Return the directions of the axes of a group, each once and with its highest order, and their opposites."""
    axes: list[tuple[int, Matrix]] = []
    for order, axis in sorted(((rotation_order(each), axis_angle(each)[0]) for each in group[1:]), key=lambda a: -a[0]):
        if all(abs(float(axis @ known)) < 0.999 for _, known in axes):
            axes += [(order, axis), (order, -axis)]
    return axes


def orthonormal_basis(first: Matrix, second: Matrix) -> Matrix:
    """Return orthonormal vectors as columns, the first along one direction, the second towards another."""
    across = second - float(second @ first) * first
    across /= np.linalg.norm(across)
    return np.column_stack([first, across, np.cross(first, across)])


def _turned(axis: tuple[float, float, float], radians: float) -> Matrix:
    direction = np.asarray(axis, dtype=np.float64)
    return matrix_from_rotation_vector(radians * direction / np.linalg.norm(direction))


@lru_cache(maxsize=8)
def _closed(generators: tuple[tuple[int, tuple[float, float, float]], ...]) -> Matrix:
    """Return all products of the rotations about these axes."""
    basic = [_turned(axis, 2 * np.pi / order) for order, axis in generators]
    rotations, waiting = [np.eye(3)], list(basic)
    while waiting:
        rotation = waiting.pop()
        if geodesic_degrees(rotation, np.array(rotations)).min() > 1:
            rotations.append(rotation)
            waiting += [rotation @ each for each in basic]
    return np.array(rotations)
