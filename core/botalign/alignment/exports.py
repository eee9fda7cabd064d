"""A motion in the spelling of other programs, and in words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.geometry import apply_transform
from botalign.maps.grid import Grid

if TYPE_CHECKING:
    from botalign.alignment.result import Alignment

Matrix = NDArray[np.float64]

#: A rotation by less, which is written as 0.00 degrees, has no axis to speak of.
LEAST_ANGLE_DEGREES = 0.005


def chimerax(transform: Matrix, model: str = "#2") -> str:
    """Return the ChimeraX command that places a model by a motion.

    Raises
    ------
    InputError
        If the motion mirrors, which a model's position can't.
    """
    _refuse_mirror(transform, "a model's position in ChimeraX", "`volume flip` the map there, or write the moved map")
    numbers = ",".join(f"{value:.9g}" for value in transform.ravel())
    return f"view matrix models {model},{numbers}"


def pyem(transform: Matrix, moving: Grid, fixed: Grid) -> str:
    r"""Return the motion as JSON, three rows of four numbers, for ``star.py --transform`` of pyem.

    What a particle's orientation :math:`A` (``x_image = A x_map``) becomes when its map moves by
    :math:`x \mapsto R x + t` is :math:`A R^T`, and its origin grows by :math:`A R^T t`. pyem multiplies from the right
    by the rotation that it is given, so that is :math:`R^T`. Particles turn about voxel ``n // 2`` of their maps, so
    :math:`t` is taken between those.

    Raises
    ------
    InputError
        If the motion mirrors, which the orientation of a particle can't.
    """
    _refuse_mirror(transform, "a particle's orientation", "flip the hand of the map and align again")
    centres = [apply_transform(grid.index_to_physical, [n // 2 for n in grid.shape[::-1]]) for grid in (moving, fixed)]
    shift = apply_transform(transform, centres[0]) - centres[1]
    return json.dumps(np.column_stack([transform[:, :3].T, shift]).tolist())


def napari(transform: Matrix) -> Matrix:
    """Return the motion as a 4x4 matrix for coordinates ``(z, y, x)``; a mirror is no problem there."""
    affine = np.eye(4)
    affine[:3, :3] = transform[::-1, :3][:, ::-1]
    affine[:3, 3] = transform[::-1, 3]
    return affine


def text(alignment: Alignment) -> str:
    """Return a summary of a result in a few lines."""
    before, after = alignment.before, alignment.after
    of_part = part(alignment)
    lines = [
        f"{alignment.moving.name} onto {alignment.fixed.name}",
        f"rotation     {turn(alignment.angle_degrees, alignment.axis)}"
        + (", after a mirror in z" if alignment.mirrored else ""),
        f"shift        {vector(alignment.shift_angstrom, 2)} A",
        f"correlation  {before.correlation:z.4f} before, {after.correlation:z.4f} after",
        f"FSC 0.5      {resolution(before.fsc_resolution_angstrom)} before, "
        f"{resolution(after.fsc_resolution_angstrom)} after",
        *([] if of_part is None else [f"part         {of_part}"]),
        f"hand         {hand(alignment)}",
        f"verdict      {verdict(alignment)}",
        f"error        {standard_error(alignment)}",
        f"seconds      {alignment.seconds:.2f}",
    ]
    return "\n".join(lines)


def part(alignment: Alignment) -> str | None:
    """Return in words how well a part fits that was looked for, None if none was."""
    within = alignment.correlation_in_part
    if within is None:
        return None
    return f"{within:z.4f} (correlation about the mean where the part lies; the lines above count the whole maps)"


def standard_error(alignment: Alignment) -> str:
    """Return in words how far off the pose may be."""
    sure = alignment.uncertainty
    if sure is None:
        return "not estimated: the pose was not refined"
    if not np.isfinite(sure.angle_degrees):
        return "not to be estimated: the maps have too little in common"
    return f"{sure.angle_degrees:.3f} degrees, {sure.shift_angstrom:.3f} A (standard errors of rotation and place)"


def brief(alignment: Alignment) -> str:
    """Return a result in one line."""
    shift = float(np.linalg.norm(alignment.shift_angstrom))
    facts = [
        f"{alignment.angle_degrees:.2f} degrees",
        f"shift {shift:.2f} A",
        f"correlation {alignment.after.correlation:z.4f}",
        f"hand {'not looked at' if alignment.hand is None else alignment.hand.decision}",
    ]
    if alignment.mirrored:
        facts.insert(0, "mirrored")
    moving, fixed = (Path(reference.name).name for reference in (alignment.moving, alignment.fixed))
    return f"{moving} onto {fixed}: {', '.join(facts)}"


def turn(angle_degrees: float, axis: Iterable[float]) -> str:
    """Return a rotation in words."""
    about = "" if angle_degrees < LEAST_ANGLE_DEGREES else f" about {vector(axis, 4)}"
    return f"{angle_degrees:.2f} degrees{about}"


def vector(values: Iterable[float], digits: int) -> str:
    """Return numbers in brackets; none that is rounded to zero keeps its sign."""
    return f"({', '.join(f'{value:z.{digits}f}' for value in values)})"


def resolution(value: float) -> str:
    """Return a resolution in words."""
    return f"{value:.2f} A" if np.isfinite(value) else "none"


def hand(alignment: Alignment) -> str:
    """Return in words what is known of the hand: the decision, and how well either hand fits, the better first."""
    decision = alignment.hand
    if decision is None:
        return "not looked at"
    fits = [(decision.correlation_as_given, "as given"), (decision.correlation_mirrored, "mirrored")]
    fits.sort(key=lambda fit: -fit[0])
    return f"{decision.decision} (fit about the mean: {', '.join(f'{value:z.4f} {which}' for value, which in fits)})"


def verdict(alignment: Alignment) -> str:
    """Return in words what the result is worth."""
    others = sum(candidate.as_good for candidate in alignment.candidates[1:])
    symmetry = alignment.symmetry
    equivalent = "" if symmetry is None else f", one of {symmetry.order} equivalent motions (symmetry {symmetry.group})"
    rivals = f"{others} other {'pose fits' if others == 1 else 'poses fit'} as well"
    return {
        "certain": f"certain{equivalent}",
        "ambiguous": f"ambiguous: {rivals if others else 'the maps agree too little to be sure'}",
        "no match": "no match: the maps agree in outline at most; are their voxel sizes and contrast right?",
        None: "none: the pose was not refined",
    }[alignment.verdict]


def _refuse_mirror(transform: Matrix, target: str, instead: str) -> None:
    if np.linalg.det(transform[:, :3]) < 0:
        raise InputError(f"the motion mirrors the moving map, which {target} can't; {instead}.")
