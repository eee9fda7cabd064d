"""Transforms in the notation of other programs."""

from __future__ import annotations

import json

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError
from botalign.geometry.rigid import apply_transform, is_mirror, is_rigid

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
        If the transform mirrors, which the position of a model cannot.
    """
    _refuse_mirror(transform, "the position of a model in ChimeraX", "use `volume flip` there, or write the moved map")
    numbers = ",".join(f"{value:.9g}" for value in transform.ravel())
    return f"view matrix models {model},{numbers}"


def to_pyem(transform: Matrix, moving_centre: Matrix, fixed_centre: Matrix) -> str:
    r"""Return the transform as JSON, three rows of four numbers, for ``subparticles.py --transform`` of pyem.

    Particles rotate about voxel ``side // 2`` of the box of their map. Between these points the transform is
    :math:`(R \mid T c_m - c_f)`. The program then needs ``--origin 0,0,0``.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform :math:`T` of the map, in angstrom.
    moving_centre, fixed_centre : ndarray, shape (3,)
        Positions :math:`c_m` and :math:`c_f` of voxel ``side // 2`` of the moving and of the fixed map.

    Raises
    ------
    InputError
        If the transform mirrors: the orientation of a particle cannot be mirrored.
    """
    _refuse_mirror(transform, "the orientation of a particle", "flip the hand of the map and align again")
    shift = apply_transform(transform, moving_centre) - fixed_centre
    return json.dumps(np.column_stack([transform[:, :3], shift]).tolist())


def to_napari(transform: Matrix) -> Matrix:
    """Return a transform as napari's affine.

    Parameters
    ----------
    transform : ndarray, shape (3, 4)
        Transform of coordinates ``(x, y, z)``; it may mirror.

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


def _refuse_mirror(transform: Matrix, target: str, instead: str) -> None:
    if is_mirror(transform):
        raise InputError(f"the transform mirrors the moving map, but {target} cannot be mirrored; {instead}.")
