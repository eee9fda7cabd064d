"""What can be aligned: density maps, and atomic models by their simulated maps."""

from __future__ import annotations

import numpy as np

from botalign.alignment.options import AlignmentOptions
from botalign.errors import InputError, Setting
from botalign.maps.density_map import DensityMap
from botalign.maps.expected import expect_map
from botalign.models import Model, checked_resolution, simulate

#: Voxels of a simulated map in its resolution.
VOXELS_IN_RESOLUTION = 5
#: A resolution is not finer than this many voxels of the map.
LEAST_VOXELS = 2


def maps_of(
    fixed: DensityMap | Model, moving: DensityMap | Model, options: AlignmentOptions
) -> tuple[DensityMap, DensityMap]:
    """Return two maps, simulated where a model is given.

    Raises
    ------
    InputError
        If an input is neither a map nor a model, the resolution is missing for a model or too fine for a map, a model
        cannot fit into the map, or options do not apply to a model.
    """
    for role, given in (("fixed", fixed), ("moving", moving)):
        if not isinstance(given, Model):
            expect_map(given, role)
            _check_resolution(given, options.resolution)
    if isinstance(moving, Model) and options.hand == "auto":
        raise InputError(
            Setting("hand", "auto"), ": a model is never mirrored; test the hand of the map with ",
            Setting("hand", "check"), ", or align the map with the model as the fixed one.",
        )  # fmt: skip
    if isinstance(moving, Model) and isinstance(fixed, DensityMap):
        _check_size(moving, fixed)
    return _density(fixed, moving, options), _density(moving, fixed, options)


def _density(given: DensityMap | Model, other: DensityMap | Model, options: AlignmentOptions) -> DensityMap:
    if isinstance(given, DensityMap):
        return given
    if options.resolution is None:
        raise InputError(
            f"{given.name}: an atomic model is compared by its simulated map; give the resolution of the map with ",
            Setting("resolution"), _suggestion(other), ".",
        )  # fmt: skip
    width = checked_resolution(options.resolution)
    return simulate(given, width, voxel_size_angstrom=width / VOXELS_IN_RESOLUTION)


def _suggestion(other: DensityMap | Model) -> str:
    """Return a resolution to try: maps are mostly sampled at a third of theirs or finer."""
    if not isinstance(other, DensityMap):
        return ""
    return f" (if it is unknown, try {3 * max(other.grid.voxel_size_angstrom):.2g} A, three voxels of {other.name})"


def _check_resolution(density_map: DensityMap, resolution: float | None) -> None:
    least = LEAST_VOXELS * max(density_map.grid.voxel_size_angstrom)
    if resolution is not None and resolution < least * (1 - 1e-6):
        raise InputError(
            Setting("resolution"), f": got {resolution:g} A, expected at least {least:.4g} A, two voxels of "
            f"{density_map.name}; give the resolution of the map.",
        )  # fmt: skip


def _check_size(model: Model, density_map: DensityMap) -> None:
    """Refuse a model that does not fit into the box of a map in any orientation."""
    length = float(np.linalg.norm(np.ptp(model.points, axis=0)) / np.sqrt(3))
    diagonal = float(np.linalg.norm(density_map.grid.size_angstrom))
    if length > diagonal:
        raise InputError(
            f"{model.name}: the model is over {length:.0f} A long, and the box of {density_map.name} {diagonal:.0f} A "
            "from corner to corner; is the voxel size of the map right, or is only a part of the model in it?"
        )
