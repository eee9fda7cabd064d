"""Records that a result consists of: the maps, the candidates, the evaluations of the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botalign.arrays import Matrix
from botalign.maps.grid import Grid

if TYPE_CHECKING:
    from botalign.alignment.survey import Surveyed

#: A molecule is a part of another one if its volume is less than this fraction of the other's: in clear maps, and where
#: noise makes the volumes uncertain.
CLEARLY_PART, CLEARLY_PART_IN_NOISE = 0.5, 0.3
#: Evaluations of a search, for each hand, unless an option sets them.
EVALUATIONS = 200


@dataclass(frozen=True)
class MapReference:
    """Name and grid of a map that was aligned.

    Attributes
    ----------
    name : str
        Name of the map.
    grid : Grid
        Its grid.
    mean_of : tuple of str
        Names of the maps whose mean it is, if it is a mean.
    contour_level : float or None
        Contour level that was given.
    mask : str or None
        Name of its mask, if it had one.
    model : bool
        Whether it is the simulated map of an atomic model.
    chains : tuple of str
        Chains of the model.
    """

    name: str
    grid: Grid
    mean_of: tuple[str, ...] = ()
    contour_level: float | None = None
    mask: str | None = None
    model: bool = False
    chains: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What it is, as text."""
        return "model" if self.model else "map"


@dataclass(frozen=True)
class Part:
    """Which of two maps was aligned or compared as a part of the other, and why.

    Attributes
    ----------
    role : str
        The part: ``"fixed"`` or ``"moving"``; of a comparison, ``"first"`` or ``"second"``.
    fraction : float
        Its volume above the contour level, as a fraction of that of the whole.
    reason : str
        ``"requested"``, ``"mask"`` if only this map has a mask, or ``"noticed"`` from the volumes.
    centre_angstrom : tuple of float
        Its centre of mass, ``(x, y, z)``.
    """

    role: str
    fraction: float
    reason: str
    centre_angstrom: tuple[float, float, float]

    @classmethod
    def of(cls, role: str, part: Surveyed, whole: Surveyed, reason: str) -> Part:
        """Return the record, given both maps as surveyed."""
        x, y, z = part.centre_angstrom.tolist()
        return cls(role, part.volume_angstrom3 / whole.volume_angstrom3, reason, (x, y, z))


def volume_fraction(first: Surveyed, second: Surveyed) -> float:
    """Return the volume of the smaller one of two molecules as a fraction of that of the larger one."""
    smaller, larger = sorted((first.volume_angstrom3, second.volume_angstrom3))
    return smaller / larger


def is_clearly_part(first: Surveyed, second: Surveyed) -> bool:
    """Whether the volumes of two molecules show that the smaller one is a part of the other."""
    known = first.is_clear and second.is_clear
    return volume_fraction(first, second) < (CLEARLY_PART if known else CLEARLY_PART_IN_NOISE)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pose that was kept for refinement.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose.
    mirrored : bool
        Whether it mirrors the moving map.
    loss : float
        Loss of the search at the pose before refinement.
    correlation : float or None
        Correlation about the mean after refinement, or of a part, that of the edges inside it; None if the pose was not
        refined.
    as_good : bool
        Whether it fits as well as the result, within the error of the difference.
    share : float or None
        With the loss ``"core"``: fraction of the fixed molecule in which the maps agree at this pose.
    """

    moving_to_fixed: Matrix
    mirrored: bool
    loss: float
    correlation: float | None
    as_good: bool = False
    share: float | None = None

    @property
    def quality(self) -> float:
        """Value by which candidates are ranked: the share if that was fitted, otherwise the correlation."""
        if self.share is not None:
            return self.share
        return -1.0 if self.correlation is None else self.correlation


@dataclass(frozen=True)
class TracePoint:
    """One evaluation of the search: its loss, and whether the moving map was mirrored."""

    mirrored: bool
    loss: float
