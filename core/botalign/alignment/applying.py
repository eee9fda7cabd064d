"""The transform of a result, applied to maps, atomic models and particles, or in the notation of another program."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from botalign.arrays import Matrix, Volume
from botalign.errors import InputError, Setting
from botalign.geometry import (
    between_centres,
    is_mirror,
    is_scaled,
    scale_factor,
    to_chimerax,
    to_euler,
    to_napari,
    to_pyem,
    to_relion,
    to_rows,
)
from botalign.images import ParticleList, PoseWarning
from botalign.maps.density_map import DensityMap
from botalign.maps.resampling import resample, resampled_slabs
from botalign.maps.writing import write_map

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
    limited = _limits(density_map)
    placed = resample(density_map, transform, grid, threads=threads)
    return placed if limited is None else placed.with_data(limited(placed.data))


def write_moved_map(
    path: str | os.PathLike[str],
    density_map: DensityMap,
    transform: Matrix,
    grid: Grid,
    *,
    history: str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
) -> None:
    """Write the map that :func:`moved_map` returns, several sections at a time, so that not all are in memory.

    Raises
    ------
    InputError
        As :meth:`botalign.DensityMap.write`.
    """
    limited = _limits(density_map)
    slabs = resampled_slabs(density_map, transform, grid, threads=threads)
    write_map(
        path, slabs if limited is None else map(limited, slabs), grid,
        labels=density_map.labels, history=history, overwrite=overwrite,
    )  # fmt: skip


def _limits(density_map: DensityMap) -> Callable[[Volume], Volume] | None:
    """Return a function that limits densities to the range of a mask, because splines overshoot at its edge.

    The densities of a mask are from 0 to 1, or from 0 to a plateau. For other maps, return None.
    """
    low, high = density_map.data.min(), density_map.data.max()
    if low != 0 or high <= 0:
        return None
    plateaus = (np.count_nonzero(density_map.data == value) for value in (low, high))
    is_mask = high == 1 or all(count >= _PLATEAU for count in plateaus)
    return partial(np.clip, a_min=low, a_max=high) if is_mask else None


def moved_model(model: Model, transform: Matrix) -> Model:
    """Return an atomic model after a transform."""
    _refuse_scale(model.name, transform, "the lengths of bonds are known, so an atomic model is never scaled")
    if is_mirror(transform):
        raise InputError(
            f"{model.name}: the transform contains a mirror, but an atomic model is never mirrored; mirror the map "
            "that was aligned, and align it again."
        )
    return model.moved(transform)


def moved_particles(
    particles: ParticleList,
    transform: Matrix,
    source: MapReference,
    target: MapReference,
    *,
    onto: Grid | None,
    mirror: bool,
) -> ParticleList:
    """Return particles of a map with the poses that fit the transformed map.

    Parameters
    ----------
    particles : ParticleList
        The particles of the map `source`, with poses in its box.
    transform : ndarray, shape (3, 4)
        Transform of the map, in angstrom.
    source, target : MapReference
        The map, and the map to which it is transformed.
    onto : Grid or None
        The box to which the new poses belong; by default that of `target` or, if this is an atomic model, of `source`.
    mirror : bool
        Whether the transform may mirror.

    Raises
    ------
    InputError
        If `source` is an atomic model, the transform scales, or the particles have no poses.
    """
    _refuse_scale(particles.name, transform, "poses cannot scale images, whose pixel size is that of the map")
    centre_from, centre_to = _pose_centres(source, target, particles.name)
    between = between_centres(transform, centre_from, centre_to if onto is None else onto.pose_centre_angstrom)
    moved = particles.moved(between, mirror=mirror)
    _compare_boxes(particles, source)  # after all errors: a warning would hide the reason among other lines
    return moved


def _refuse_scale(name: str, transform: Matrix, reason: str) -> None:
    """Refuse a transform that scales, for what cannot be scaled."""
    if is_scaled(transform):
        raise InputError(
            f"{name}: the transform scales by {scale_factor(transform):.5g}, but {reason}; correct the voxel size "
            "of the map, and align again."
        )


def _pose_centres(source: MapReference, target: MapReference, name: str) -> tuple[Matrix, Matrix]:
    """Return the points about which particles of two maps rotate; an atomic model has no box and so no such point."""
    if source.model:
        moved = f"{name}: the transform moves the atomic model {source.name}, which has no particles"
        if target.model:
            raise InputError(f"{moved}; align the map of the particles instead.")
        raise InputError(f"{moved}; for those of the map {target.name}, use ", Setting("inverse", True), ".")
    return source.grid.pose_centre_angstrom, (source if target.model else target).grid.pose_centre_angstrom


def _compare_boxes(particles: ParticleList, source: MapReference) -> None:
    """Warn if the images do not have the box of the map."""
    sides, sizes = particles.sides, particles.pixel_sizes_angstrom
    if sides is None or sizes is None:
        return
    voxels, box = source.grid.voxel_size_angstrom[0], float(source.grid.size_angstrom.max())
    known = np.isfinite(sides) & np.isfinite(sizes)
    other = known & (np.abs(sides * sizes - box) > 1.5 * np.maximum(sizes, voxels))
    if not other.any():
        return
    side, size = float(sides[other][0]), float(sizes[other][0])
    warnings.warn(
        PoseWarning(
            f"{particles.name}: the images have {side:g} pixels of {size:.6g} A, but {Path(source.name).name}, to "
            f"whose box their poses should belong, has {max(source.grid.shape)} voxels of {voxels:.6g} A; the poses "
            "were taken as rotations about voxel side // 2 of this map. Check that it is the map of these particles."
        ),
        stacklevel=4,
    )


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
        return to_pyem(transform, *_pose_centres(source, target, "pyem"))
    if to == "relion":
        if source.model:
            raise InputError(
                f"relion: the transform moves the atomic model {source.name}, but `relion_project` moves maps only; "
                "apply the result to the model instead."
            )
        sides, voxels = set(source.grid.shape), source.grid.voxel_size_angstrom
        if len(sides) > 1 or max(voxels) - min(voxels) > 1e-3 * max(voxels):
            raise InputError(
                f"relion: the sides or voxels of {source.name} have different lengths, but `relion_project` rotates "
                "maps in cubic boxes only; apply the result to the map instead."
            )
        return to_relion(transform, *_pose_centres(source, target, "RELION"), voxels[0])
    if to == "napari":
        return to_rows(to_napari(transform))
    if to == "euler":
        return to_euler(transform)
    if to == "matrix":
        return to_rows(transform)
    raise InputError(Setting("to"), f": got {to!r}, expected one of {', '.join(EXPORTS)}.")
