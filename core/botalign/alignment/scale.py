"""The scale of the moving map: whether the voxel size of one of two maps is wrong."""

from __future__ import annotations

from dataclasses import dataclass

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
        applied = ", applied" if self.applied else ""
        text = f"{self.value:.4f} +- {max(self.standard_error, 5e-5):.4f}{applied}"
        if not self.is_wrong:
            return text
        changes = [
            _change(reference, role, factor)
            for reference, role, factor in ((moving, "moving", self.value), (fixed, "fixed", 1 / self.value))
            if not reference.model
        ]
        one = "the voxel size of one of the maps" if len(changes) == 2 else "the voxel size of the map"
        off = f"{one} is off by {100 * abs(self.value - 1):.1f}%, unless the molecules differ in size"
        return f"{text}; {off}; try {' or '.join(changes)}"


def _change(reference: MapReference, role: str, factor: float) -> str:
    """Return as text which voxel size of a map would be right."""
    size = reference.grid.voxel_size_angstrom[0]
    return f"{factor * size:.4g} A instead of {size:.4g} A in the {role} map"
