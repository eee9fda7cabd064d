"""Transforms in the notation of other programs."""

from __future__ import annotations

import json

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry.poses import between_centres, relion_angles_degrees
from botalign.geometry.rigid import is_mirror, is_rigid
from botalign.geometry.rotations import euler_zyz_degrees
from botalign.geometry.similarity import is_scaled, scale_factor

#: Columns of a transform for reversed coordinates.
_REVERSED = [2, 1, 0, 3]
#: Allowed deviation from orthonormal columns, for numbers that were typed or stored with six digits.
_ROUNDED = 1e-4


def to_chimerax(transform: Matrix, model: str = "#2") -> str:
    """Return the ChimeraX command that sets the position of a model.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Position of the model.
    model : str
        ChimeraX specification of the model.

    Returns
    -------
    str
        The command.

    Raises
    ------
    InputError
        If the transform mirrors or scales, which the position of a model cannot.
    """
    _refuse_others(
        transform, "the position of a model in ChimeraX cannot", "use `volume flip` there, or write the moved map"
    )
    numbers = ",".join(f"{value:.9g}" for value in transform.ravel())
    return f"view matrix models {model},{numbers}"


def to_pyem(transform: Matrix, moving_centre: Matrix, fixed_centre: Matrix) -> str:
    r"""Return the transform as JSON, three rows of four numbers, for ``subparticles.py --transform`` of pyem.

    It is relative to the points about which particles rotate, so the program needs ``--origin 0,0,0``. Other programs
    of pyem, such as ``star.py``, count the shift in pixels and cannot use it.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform of the map, in angstrom.
    moving_centre, fixed_centre : ndarray, shape (3,)
        Positions of voxel ``side // 2`` of the moving and of the fixed map.

    Raises
    ------
    InputError
        If the transform mirrors or scales: the program can do neither.
    """
    _refuse_others(transform, "`subparticles.py` of pyem cannot", "use `botalign apply --mirror` for particles")
    return json.dumps(between_centres(transform, moving_centre, fixed_centre).tolist())


def to_relion(transform: Matrix, moving_centre: Matrix, fixed_centre: Matrix, voxel_size_angstrom: float) -> str:
    r"""Return the arguments with which ``relion_project`` of RELION rotates and shifts a map.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform of the map, in angstrom.
    moving_centre, fixed_centre : ndarray, shape (3,)
        Positions of voxel ``side // 2`` of the moving and of the fixed map. The program rotates about this voxel and
        keeps the box, in which it stands for that of the fixed map afterwards.
    voxel_size_angstrom : float
        Side of a voxel of the moving map.

    Raises
    ------
    InputError
        If the transform mirrors or scales, which the program cannot.
    """
    _refuse_others(
        transform, "`relion_project` cannot", "flip the moving map (`botalign flip`) and align it again, without --hand"
    )
    matrix = between_centres(transform, moving_centre, fixed_centre)
    angles = relion_angles_degrees(matrix[None, :, :3])[0]
    options = zip(("rot", "tilt", "psi"), angles, strict=True)
    offsets = zip(("xoff", "yoff", "zoff"), 0.0 - matrix[:, 3] / voxel_size_angstrom, strict=True)
    return "--3d_rot " + " ".join(f"--{name} {value:.6f}" for name, value in (*options, *offsets))


def to_euler(transform: Matrix) -> str:
    """Return Euler angles ``(a, b, c)`` of the rotation ``Rz(a) Ry(b) Rz(c)`` in degrees, and the shift in angstrom.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform, in angstrom.

    Returns
    -------
    str
        Two lines of three numbers.

    Raises
    ------
    InputError
        If the transform mirrors or scales, which Euler angles cannot.
    """
    _refuse_others(transform, "Euler angles cannot", "use the matrix")
    return to_rows(np.stack([euler_zyz_degrees(transform[:, :3]), transform[:, 3]]))


def to_rows(matrix: Matrix) -> str:
    """Return a matrix as text, one line for each row, with the digits of float64."""
    return "\n".join(" ".join(f"{value:z.12g}" for value in row) for row in matrix)


def to_napari(transform: Matrix) -> Matrix:
    """Return a transform as napari's affine.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform of coordinates ``(x, y, z)``; it may mirror and scale.

    Returns
    -------
    ndarray, shape (4, 4)
        The same transform of coordinates ``(z, y, x, 1)``.

    See Also
    --------
    from_napari : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> botalign.to_napari(np.column_stack([np.eye(3), [1.0, 2.0, 3.0]]))[:3, 3].tolist()
    [3.0, 2.0, 1.0]
    """
    affine = np.eye(4)
    affine[:3] = transform[::-1, _REVERSED]
    return affine


def from_napari(affine: Matrix) -> Matrix | None:
    """Return an affine of napari as a transform, or None if it is not rigid.

    Parameters
    ----------
    affine : ndarray, shape (4, 4)
        Transform of coordinates ``(z, y, x, 1)``, whose numbers may be rounded to six digits.

    Returns
    -------
    ndarray, shape (3, 4), or None
        The nearest rigid transform of coordinates ``(x, y, z)``; it may mirror.

    See Also
    --------
    to_napari : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> import botalign
    >>> botalign.from_napari(np.diag([1.0, 1.0, -1.0, 1.0]))[:, :3].diagonal().tolist()
    [-1.0, 1.0, 1.0]
    >>> botalign.from_napari(np.diag([2.0, 2.0, 2.0, 1.0])) is None
    True
    """
    transform = np.array(affine, dtype=np.float64)[:3][::-1, _REVERSED]
    if not is_rigid(transform, tolerance=_ROUNDED):
        return None
    u, _, v = np.linalg.svd(transform[:, :3])
    return np.column_stack([u @ v, transform[:, 3]])


def _refuse_others(transform: Matrix, cannot: str, instead: str) -> None:
    """Refuse a transform that mirrors or scales."""
    if is_scaled(transform):
        raise InputError(
            f"the transform scales the moving map by {scale_factor(transform):.5g}, which {cannot}; correct the voxel "
            "size of a map and align again, or use the form of napari or the matrix."
        )
    if is_mirror(transform):
        raise InputError(f"the transform mirrors the moving map, which {cannot}; {instead}.")
