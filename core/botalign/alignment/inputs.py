"""What can be aligned: density maps, and atomic models by their simulated maps."""

from __future__ import annotations

import numpy as np

from botalign.alignment.options import AlignmentOptions
from botalign.errors import InputError, Setting, SizeError
from botalign.geometry import is_mirror
from botalign.maps.density_map import DensityMap, expect_map
from botalign.models import Model, checked_resolution, simulate

#: Voxels of a simulated map in its resolution.
VOXELS_IN_RESOLUTION = 5
#: Voxels along the side of a simulated map, apart from its margin, at most: the fits use no more than 192.
LARGEST_SIDE = 384


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
            if options.resolution is not None:
                checked_resolution(options.resolution, given)
        elif getattr(options, f"half_maps_{role}") is not None:
            raise InputError(
                Setting(f"half_maps_{role}"), f": {given.name} is an atomic model, which has no half maps; omit the "
                "half maps of both.",
            )  # fmt: skip
    if isinstance(moving, Model):
        _check_hand(moving, options)
        if options.scale == "fit":
            raise InputError(
                Setting("scale", "fit"), f": {moving.name} is an atomic model, which is never scaled; align the map "
                "with the model as the fixed one.",
            )  # fmt: skip
        if isinstance(fixed, DensityMap):
            _check_size(moving, fixed)
    return _density(fixed, moving, options), _density(moving, fixed, options)


def _density(given: DensityMap | Model, other: DensityMap | Model, options: AlignmentOptions) -> DensityMap:
    if isinstance(given, DensityMap):
        return given
    width = checked_resolution(options.resolution, other if isinstance(other, DensityMap) else None)
    return density_of(given, width)


def density_of(model: Model, resolution: float) -> DensityMap:
    """Return the simulated map by which a model is aligned."""
    extent = float(np.ptp(model.points, axis=0).max())
    voxel = max(resolution / VOXELS_IN_RESOLUTION, extent / LARGEST_SIDE)
    return simulate(model, resolution, voxel_size_angstrom=voxel)


def _check_hand(model: Model, options: AlignmentOptions) -> None:
    """Refuse to mirror a moving model."""
    if is_mirror(options.start_transform()):
        raise InputError(
            Setting("start"), f" contains a mirror, but {model.name} is an atomic model, which is never mirrored; "
            "omit it, or give another start.",
        )  # fmt: skip
    if options.hand == "auto":
        raise InputError(
            Setting("hand", "auto"), ": a model is never mirrored; test the hand of the map with ",
            Setting("hand", "check"), ", or align the map with the model as the fixed one.",
        )  # fmt: skip


def _check_size(model: Model, density_map: DensityMap) -> None:
    """Refuse a model that does not fit into the box of a map in any orientation."""
    length = float(np.linalg.norm(np.ptp(model.points, axis=0)) / np.sqrt(3))
    diagonal = float(np.linalg.norm(density_map.grid.size_angstrom))
    if length > diagonal:
        raise SizeError(
            f"{model.name}: the model is over {length:.0f} A long, and the box of {density_map.name} {diagonal:.0f} A "
            "from corner to corner; is the voxel size of the map right, or is only a part of the model in it?"
        )
