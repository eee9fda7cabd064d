"""The transform of a result, applied to maps and atomic models, or in the notation of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from botalign.arrays import Matrix
from botalign.errors import InputError, Setting
from botalign.geometry import is_mirror, to_chimerax, to_euler, to_napari, to_pyem, to_relion, to_rows
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample

if TYPE_CHECKING:
    from botalign.alignment.records import MapReference
    from botalign.maps.grid import Grid
    from botalign.models import Model

#: Programs and notations in which a transform can be exported.
EXPORTS = ("chimerax", "pyem", "relion", "napari", "euler", "matrix")
#: A map is a mask if this many voxels have its lowest and its highest density.
_PLATEAU = 8


def moved_map(density_map: DensityMap, transform: Matrix, grid: Grid, *, threads: int | None) -> DensityMap:
    """Return a map after a transform, on a grid; a mask stays within its range."""
    placed = resample(density_map, transform, grid, threads=threads)
    low, high = density_map.data.min(), density_map.data.max()
    if _is_mask(density_map, float(low), float(high)):
        placed = placed.with_data(np.clip(placed.data, low, high))  # splines overshoot at its edge
    return placed


def _is_mask(density_map: DensityMap, low: float, high: float) -> bool:
    """Return whether the densities are those of a mask: from 0 to 1, or from 0 to a plateau."""
    if low != 0 or high <= 0:
        return False
    plateaus = (np.count_nonzero(density_map.data == value) for value in (low, high))
    return high == 1 or all(count >= _PLATEAU for count in plateaus)


def moved_model(model: Model, transform: Matrix) -> Model:
    """Return an atomic model after a transform."""
    if is_mirror(transform):
        raise InputError(
            f"{model.name}: the transform contains a mirror, but an atomic model is never mirrored; mirror the map "
            "that was aligned, and align it again."
        )
    return model.moved(transform)


def exported(to: str, transform: Matrix, source: MapReference, target: MapReference, *, model: str = "#2") -> str:
    """Return a transform as another program reads it; see :meth:`botalign.Alignment.export`.

    Parameters
    ----------
    to : str
        One of :data:`EXPORTS`.
    transform : ndarray, shape (3, 4)
        Transform from the coordinates of `source` to those of `target`.
    source, target : MapReference
        The two maps.
    model : str, optional
        ChimeraX specification of the model.
    """
    if to == "chimerax":
        return to_chimerax(transform, model)
    if to == "pyem":
        return to_pyem(transform, source.grid.pose_centre_angstrom, target.grid.pose_centre_angstrom)
    if to == "relion":
        sides, voxels = set(source.grid.shape), source.grid.voxel_size_angstrom
        if source.model or len(sides) > 1 or max(voxels) - min(voxels) > 1e-3 * max(voxels):
            what = "is an atomic model" if source.model else "has sides or voxels of different lengths"
            raise InputError(
                f"{source.name}: {what}, but `relion_project` rotates maps in cubic boxes; use another form."
            )
        return to_relion(transform, source.grid.pose_centre_angstrom, voxels[0])
    if to == "napari":
        return to_rows(to_napari(transform))
    if to == "euler":
        return to_euler(transform)
    if to == "matrix":
        return to_rows(transform)
    raise InputError(Setting("to"), f": got {to!r}, expected one of {', '.join(EXPORTS)}.")
