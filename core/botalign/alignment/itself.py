"""A map and itself: its symmetry and its details, computed once for all problems that have this map."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from botalign.alignment.details import DetailPair
from botalign.alignment.detection import symmetry_of
from botalign.alignment.sampling import fit_problem
from botalign.alignment.self_symmetry import SelfComparison
from botalign.alignment.signal import SignalFraction, signal_fraction
from botalign.alignment.survey import Surveyed
from botalign.alignment.symmetry import Symmetry
from botalign.kept import kept
from botalign.maps.density_map import DensityMap
from botalign.maps.grid import Grid

#: Voxel sizes whose details are kept: each map of a library may need another one.
SIZES = 4


class Itself:
    """A map, compared with itself.

    Parameters
    ----------
    surveyed : Surveyed
        The map.
    box : Grid
        Grid of the map as given. Outside it there is no noise.
    halves : tuple of two DensityMap, optional
        Half maps of the map.
    """

    def __init__(self, surveyed: Surveyed, box: Grid, halves: tuple[DensityMap, DensityMap] | None = None) -> None:
        self.surveyed, self.box, self.halves = surveyed, box, halves
        self._details: dict[float, DetailPair] = {}

    @cached_property
    def comparison(self) -> SelfComparison:
        """The map compared with itself, rotated."""
        return SelfComparison(self.surveyed, self.signal)

    @cached_property
    def signal(self) -> SignalFraction:
        """How much of the map is signal."""
        return signal_fraction(self.surveyed, self.box, self.halves)

    @cached_property
    def symmetry(self) -> Symmetry | None:
        """The symmetry of the map."""
        return symmetry_of(self.comparison)

    def details(self, voxel_angstrom: float) -> DetailPair:
        """Return the details of the map and itself, sampled with voxels of a size; those of the last sizes are kept."""

        def compute() -> DetailPair:
            fit = fit_problem(self.surveyed, self.surveyed, voxel_angstrom=voxel_angstrom)
            return DetailPair.of(self.surveyed, self.surveyed, fit, (self.signal,) * 2)

        return kept(self._details, voxel_angstrom, compute, most=SIZES)

    def scaled(self, factor: float) -> Itself:
        """Return the same map with voxels that are larger by a factor; see :meth:`Surveyed.scaled`."""
        centre, halves = self.surveyed.centre_angstrom, None
        if self.halves is not None:
            first, second = (replace(half, grid=half.grid.scaled(factor, centre)) for half in self.halves)
            halves = first, second
        return Itself(self.surveyed.scaled(factor), self.box.scaled(factor, centre), halves)
