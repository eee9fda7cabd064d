"""A motion in the spelling of other programs, and in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from botalign.errors import InputError
from botalign.geometry import apply_transform
from botalign.maps.grid import Grid

if TYPE_CHECKING:
    from botalign.alignment.result import Alignment

Matrix = NDArray[np.float64]


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
    axis, shift = alignment.axis, alignment.shift_angstrom
    before, after = alignment.before, alignment.after
    lines = [
        f"{alignment.moving.name} onto {alignment.fixed.name}",
        f"rotation     {alignment.angle_degrees:.2f} degrees about ({axis[0]:.4f}, {axis[1]:.4f}, {axis[2]:.4f})"
        + (", after a mirror in z" if alignment.mirrored else ""),
        f"shift        ({shift[0]:.2f}, {shift[1]:.2f}, {shift[2]:.2f}) A",
        f"correlation  {before.correlation:.4f} before, {after.correlation:.4f} after",
        f"FSC 0.5      {resolution(before.fsc_resolution_angstrom)} before, "
        f"{resolution(after.fsc_resolution_angstrom)} after",
        f"hand         {hand(alignment)}",
        f"verdict      {verdict(alignment)}",
        f"seconds      {alignment.seconds:.2f}",
    ]
    return "\n".join(lines)


def resolution(value: float) -> str:
    """Return a resolution in words."""
    return f"{value:.2f} A" if np.isfinite(value) else "none"


def hand(alignment: Alignment) -> str:
    """Return in words what is known of the hand."""
    decision = alignment.hand
    if decision is None:
        return "not looked at"
    scores = f"correlation {decision.correlation_as_given:.4f} as given, {decision.correlation_mirrored:.4f} mirrored"
    return f"{decision.decision} ({scores})"


def verdict(alignment: Alignment) -> str:
    """Return in words what the result is worth."""
    others = sum(candidate.as_good for candidate in alignment.candidates[1:])
    symmetry = alignment.symmetry
    equivalent = "" if symmetry is None else f", one of {symmetry.order} equivalent motions (symmetry {symmetry.group})"
    return {
        "certain": f"certain{equivalent}",
        "ambiguous": f"ambiguous: {others} other {'pose fits' if others == 1 else 'poses fit'} as well; "
        "the molecule may be symmetric",
        "no match": "no match: the maps agree in outline at most; are their voxel sizes and contrast right?",
        None: "none: the pose was not refined",
    }[alignment.verdict]


def _refuse_mirror(transform: Matrix, target: str, instead: str) -> None:
    if np.linalg.det(transform[:, :3]) < 0:
        raise InputError(f"the motion mirrors the moving map, which {target} can't; {instead}.")
