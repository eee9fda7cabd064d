"""Checks of two maps before they are aligned."""

from __future__ import annotations

import numpy as np

from botalign.alignment.survey import Surveyed
from botalign.errors import InputError, Setting, SizeError
from botalign.maps.density_map import DensityMap

#: The sizes of two boxes, and of two molecules, must differ by less than this factor. Otherwise the voxel size of one
#: of them is probably wrong.
LARGEST_RATIO = 10.0


def check_boxes(fixed: DensityMap, moving: DensityMap) -> None:
    """Refuse boxes that cannot hold the same molecule."""
    a, b = float(fixed.grid.size_angstrom.max()), float(moving.grid.size_angstrom.max())
    if max(a, b) >= LARGEST_RATIO * min(a, b):
        raise SizeError(
            f"fixed map {fixed.name} is {a:.4g} A wide and moving map {moving.name} {b:.4g} A, expected sizes within a "
            f"factor of {LARGEST_RATIO:g}; is the voxel size of one of them wrong?"
        )


def check_halves(name: str, whole: DensityMap, halves: tuple[DensityMap, DensityMap] | None) -> None:
    """Refuse a map given as one of its own half maps: the difference of the two would not be noise."""
    for half in halves or ():
        if half.grid == whole.grid and np.array_equal(half.data, whole.data):
            raise InputError(
                Setting(name),
                f": {half.name} is the whole map {whole.name}, expected one of its half maps.",
            )


def check_radii(fixed: Surveyed, moving: Surveyed, fixed_name: str, moving_name: str) -> None:
    """Refuse molecules that cannot be the same."""
    a, b = fixed.radius_angstrom, moving.radius_angstrom
    if max(a, b) >= LARGEST_RATIO * min(a, b):
        raise SizeError(
            f"above its contour level, fixed map {fixed_name} is {2 * a:.4g} A wide and moving map {moving_name} "
            f"{2 * b:.4g} A, expected sizes within a factor of {LARGEST_RATIO:g}; give other contour levels."
        )
