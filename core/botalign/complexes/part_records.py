"""The result for each part of an assembly: its place, or why it was not placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from botalign.alignment.wording import probability_text
from botalign.arrays import Matrix
from botalign.scores import ChainFit, missing_chains_text


@dataclass(frozen=True, eq=False)
class PlacedPart:
    """A part at its place.

    Attributes
    ----------
    part : int
        Index of the part among those that were given.
    name : str
        Its name.
    copy : int
        Number of the copy, from 1.
    moving_to_fixed : ndarray, shape (3, 4)
        The place: transform from the coordinates of the part to those of the whole.
    correlation : float
        Correlation of the edges inside the part with those of the whole minus the other parts.
    probability : float
        Probability that a wrong place of any of the parts that were searched for, in any round, would fit as well.
    verdict : str
        ``"certain"``, or ``"ambiguous"`` if another pose at the same place fits as well.
    overlap : float
        Largest fraction of its volume that lies inside one other part.
    chains : mapping of str
        Names of the chains in the file that :meth:`botalign.Assembly.write` writes, by those of the model; empty for a
        map, and for a model that was not read from a file.
    chain_fits : tuple of ChainFit
        How much density the whole, minus the other parts, has for each chain of a model with several chains.
    """

    part: int
    name: str
    copy: int
    moving_to_fixed: Matrix
    correlation: float
    probability: float
    verdict: str
    overlap: float
    chains: Mapping[str, str] = field(default_factory=dict)
    chain_fits: tuple[ChainFit, ...] = ()

    @property
    def missing_chains_text(self) -> str | None:
        """Which of its chains the map does not show, as text; None if it shows all."""
        return missing_chains_text(self.chain_fits)

    @property
    def chance(self) -> str:
        """The probability as a short text, such as ``1 in 50,000``."""
        return probability_text(self.probability)


@dataclass(frozen=True)
class UnplacedPart:
    """A part of which one or more copies were not placed.

    Attributes
    ----------
    part : int
        Index of the part among those that were given.
    name : str
        Its name.
    copies : int
        Number of copies that were not placed.
    probability : float
        Probability that a wrong place of any of the parts that were searched for, in any round, fits as well as its
        best free one.
    taken_by : tuple of str
        Parts that were placed where this part fits too; empty if there is another reason.
    placed : int
        Number of copies that were placed.
    too_large : bool
        Whether the map is too large to judge this part together with others.
    """

    part: int
    name: str
    copies: int
    probability: float
    taken_by: tuple[str, ...] = ()
    placed: int = 0
    too_large: bool = False

    @property
    def missing_copies(self) -> str:
        """How many of several copies were not placed, such as ``1 of 4 copies``; empty if one was requested."""
        total = self.copies + self.placed
        return f"{self.copies} of {total} copies" if total > 1 else ""

    @property
    def title(self) -> str:
        """Its name, and how many of several copies were not placed, such as ``1 of 4 copies of part.cif``."""
        return f"{self.missing_copies} of {self.name}" if self.missing_copies else self.name

    @property
    def chance(self) -> str:
        """The probability as a short text, such as ``1 in 50,000``."""
        return probability_text(self.probability)

    @property
    def reason(self) -> str:
        """Why it was not placed."""
        if self.taken_by:
            return f"{' and '.join(self.taken_by)} {'was' if len(self.taken_by) == 1 else 'were'} placed where it fits"
        best = "best other place" if self.placed else "best place"
        alone = "; the map is too large to judge parts together, so crop or bin it" if self.too_large else ""
        return f"no match; chance {self.chance} that a wrong place fits as well as its {best}{alone}"
