"""A map and itself: its symmetry and its details, computed once for all problems that have this map."""

from __future__ import annotations

from functools import cached_property

from botalign.alignment.details import DetailPair
from botalign.alignment.detection import symmetry_of
from botalign.alignment.sampling import fit_problem
from botalign.alignment.self_symmetry import SelfComparison
from botalign.alignment.survey import Surveyed
from botalign.alignment.symmetry import Symmetry
from botalign.maps.grid import Grid


class Itself:
    """A map, compared with itself.

    Parameters
    ----------
    surveyed : Surveyed
        The map.
    box : Grid
        Grid of the map as given. Outside it there is no noise.
    """

    def __init__(self, surveyed: Surveyed, box: Grid) -> None:
        self.surveyed, self.box = surveyed, box
        self._details: dict[float, DetailPair] = {}

    @cached_property
    def comparison(self) -> SelfComparison:
        """The map compared with itself, rotated."""
        return SelfComparison(self.surveyed, self.box)

    @cached_property
    def symmetry(self) -> Symmetry | None:
        """The symmetry of the map."""
        return symmetry_of(self.comparison)

    def details(self, voxel_angstrom: float) -> DetailPair:
        """Return the details of the map and itself, sampled with voxels of a size; those of each size are kept."""
        if voxel_angstrom not in self._details:
            fit = fit_problem(self.surveyed, self.surveyed, voxel_angstrom=voxel_angstrom)
            self._details[voxel_angstrom] = DetailPair.of(self.surveyed, self.surveyed, fit)
        return self._details[voxel_angstrom]

    def scaled(self, factor: float) -> Itself:
        """Return the same map with voxels that are larger by a factor; see :meth:`Surveyed.scaled`."""
        return Itself(self.surveyed.scaled(factor), self.box.scaled(factor, self.surveyed.centre_angstrom))
