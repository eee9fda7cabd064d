"""The result for each part of an assembly: its place, or why it was not placed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botalign.alignment.placed import Placed
from botalign.alignment.wording import probability_text


@dataclass(frozen=True, eq=False, kw_only=True)
class PlacedPart(Placed):
    """A part at its place.

    The probability is that of a wrong place of any of the parts that were searched for, in any round.

    Attributes
    ----------
    part : int
        Index of the part among those that were given.
    name : str
        Its name.
    copy : int
        Number of the copy, from 1.

    See Also
    --------
    botalign.alignment.placed.Placed : The other attributes.
    """

    part: int
    name: str
    copy: int

    def to_dict(self) -> dict[str, Any]:
        """Return the content for JSON files."""
        return {"part": self.part, "name": self.name, "copy": self.copy} | super().to_dict()


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
