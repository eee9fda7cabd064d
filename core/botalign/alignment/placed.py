"""What is known of anything placed in a larger map: a copy of a part, or one of several parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botalign.alignment.wording import probability_text
from botalign.arrays import Matrix
from botalign.scores import ChainFit, missing_chains_text


@dataclass(frozen=True, eq=False, kw_only=True)
class Placed:
    """A place in a larger map.

    Attributes
    ----------
    moving_to_fixed : ndarray, shape (3, 4)
        The pose, refined together with those of everything else that was placed.
    correlation : float
        Correlation of the edges inside it with what the others leave of the map.
    probability : float
        Probability that a wrong place would fit as well.
    verdict : str
        ``"certain"``, ``"ambiguous"`` if another pose at the same place fits as well, or for a copy, ``"no match"``.
    overlap : float
        Largest fraction of its volume that lies inside one of the others.
    chains : mapping of str
        Names of the chains in the file to which everything is written together, by those of the model; empty for a map,
        and for a model that was not read from a file.
    chain_fits : tuple of ChainFit
        How much density the map, apart from the others, has for each chain of a model with several chains.
    """

    moving_to_fixed: Matrix
    correlation: float
    probability: float
    verdict: str
    overlap: float
    chains: Mapping[str, str] = field(default_factory=dict)
    chain_fits: tuple[ChainFit, ...] = ()

    @property
    def chance(self) -> str:
        """The probability as a short text, such as ``1 in 50,000``."""
        return probability_text(self.probability)

    @property
    def missing_chains_text(self) -> str | None:
        """Which of its chains the map does not show, as text; None if it shows all."""
        return missing_chains_text(self.chain_fits)

    def to_dict(self) -> dict[str, Any]:
        """Return the content for JSON files."""
        fits = [each.to_dict() for each in self.chain_fits]
        return vars(self) | {"moving_to_fixed": self.moving_to_fixed.tolist(), "chain_fits": fits}
