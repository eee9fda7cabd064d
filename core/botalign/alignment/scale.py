"""The scale of the moving map: whether the voxel size of one of two maps is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from botalign.alignment.records import MapReference

#: A scale differs from 1 if it does by more than so many standard errors, and by more than this fraction.
SIGNIFICANT, LEAST = 3.0, 0.002


@dataclass(frozen=True)
class Scale:
    """Scale of the moving map: the factor that makes it as large as the fixed map.

    Attributes
    ----------
    value : float
        Factor by which lengths in the moving map must be multiplied, and so its voxel size.
    standard_error : float
        Standard error of the factor.
    applied : bool
        Whether the transform of the result scales the moving map by this factor.
    """

    value: float
    standard_error: float
    applied: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether it differs from 1 by more than three standard errors and by more than 0.2%."""
        off = abs(self.value - 1)
        return off > SIGNIFICANT * self.standard_error and off > LEAST

    @property
    def inverse(self) -> Scale:
        """The scale of the fixed map."""
        return Scale(1 / self.value, self.standard_error / self.value**2, self.applied)

    def to_text(self, fixed: MapReference, moving: MapReference) -> str:
        """Return the scale as text and, if it is wrong, which voxel size would be right."""
        if not self.is_wrong:
            return self._short
        changes = [
            f"{_change(reference.grid.voxel_size_angstrom[0], factor)} in the {role} map"
            for reference, role, factor in ((moving, "moving", self.value), (fixed, "fixed", 1 / self.value))
            if not reference.model
        ]
        one = "the voxel size of one of the maps" if len(changes) == 2 else "the voxel size of the map"
        return self._text(one, changes)

    def of_map_text(self, voxel_size_angstrom: float) -> str:
        """Return the scale of a map by its parts as text and, if it is wrong, which voxel size would be right."""
        if not self.is_wrong:
            return self._short
        return self._text("the voxel size of the map", [_change(voxel_size_angstrom, self.value)])

    @property
    def _short(self) -> str:
        applied = ", applied" if self.applied else ""
        return f"{self.value:.4f} +- {max(self.standard_error, 5e-5):.4f}{applied}"

    def _text(self, what: str, changes: Sequence[str]) -> str:
        off = f"{what} is off by {100 * abs(self.value - 1):.1f}%, unless the molecules differ in size"
        return f"{self._short}; {off}; try {' or '.join(changes)}"


def combined(scales: Sequence[Scale]) -> Scale | None:
    """Return the scale of a map, given that by each of several parts; None if there are none.

    It is their mean, weighted by the inverse variances. Where they differ by more than their standard errors, that of
    the mean is larger by the same factor (Birge 1932).
    """
    if not scales:
        return None
    values = np.array([each.value for each in scales])
    weights = np.array([each.standard_error for each in scales]) ** -2.0
    mean = float(weights @ values / weights.sum())
    spread = float(weights @ (values - mean) ** 2) / max(len(scales) - 1, 1)
    return Scale(mean, float(np.sqrt(max(spread, 1.0) / weights.sum())))


def _change(size: float, factor: float) -> str:
    """Return as text which voxel size of a map would be right."""
    return f"{factor * size:.4g} A instead of {size:.4g} A"
