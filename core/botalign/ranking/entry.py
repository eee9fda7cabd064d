"""The result for one model or map of a ranking, and the correction for the number of comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from botalign.alignment.outcome import Outcome
from botalign.alignment.scale import Scale
from botalign.alignment.verdict import LARGEST_PROBABILITY
from botalign.alignment.wording import probability_text
from botalign.arrays import Matrix
from botalign.errors import SizeError
from botalign.scores import ChainFit

#: Why most maps of a library are not aligned.
DIFFERENT = "shape or size differs too much"
#: Name of the array of the reason why an item was not aligned.
_EXCLUDED = "excluded"
#: Name of the array of the scale of the map.
_SCALE = "scale"


@dataclass(frozen=True, eq=False)
class Found:
    """The result for one item alone.

    Attributes
    ----------
    pose : ndarray, shape (3, 4)
        Transform from the item to the map.
    score : float
        Correlation of the edges of a part at this pose, or correlation of whole maps about the mean.
    probability : float
        Probability that a wrong pose would fit as well.
    verdict : str
        Verdict on the item alone.
    places : int
        Number of poses that fit equally well, this one included.
    scale : Scale or None
        Scale of the map, if the item is a part of it or the map one of the item, and determines it.
    """

    pose: Matrix
    score: float
    probability: float
    verdict: str
    places: int
    scale: Scale | None = None

    @classmethod
    def of(cls, outcome: Outcome, score: float) -> Found:
        """Return the result of a solver, with the score of its best pose."""
        best, *others = outcome.candidates
        return cls(
            pose=best.moving_to_fixed,
            score=score,
            probability=1.0 if outcome.probability is None else outcome.probability,
            verdict=outcome.verdict or "no match",
            places=sum(each.as_good for each in others) + 1,
            scale=None if outcome.scale is None else outcome.scale.inverse,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the result as arrays, for a store."""
        numbers = np.array([self.score, self.probability, self.places], dtype=np.float64)
        arrays = {"pose": np.asarray(self.pose), "numbers": numbers, "verdict": np.array(self.verdict)}
        if self.scale is not None:
            arrays[_SCALE] = np.array([self.scale.value, self.scale.standard_error])
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Found:
        """Return the result from the arrays of :meth:`to_arrays`."""
        score, probability, places = arrays["numbers"].tolist()
        scale = Scale(*arrays[_SCALE].tolist()) if _SCALE in arrays else None
        return cls(arrays["pose"], score, probability, str(arrays["verdict"]), int(places), scale)


@dataclass(frozen=True, eq=False)
class RankedEntry:
    """A model or map of a ranking.

    Attributes
    ----------
    name : str
        Its name, usually the file.
    verdict : str
        ``"certain"``, ``"ambiguous"`` or ``"no match"``, by the corrected probability; ``"not aligned"`` for a map that
        cannot show the same molecule according to its signature or size, or a model that is too long for the map.
    corrected_probability : float or None
        Probability that at least one of the compared items would fit as well at a wrong pose.
    probability : float or None
        Probability that this item alone would fit as well at a wrong pose.
    score : float or None
        At the pose, the correlation of the edges inside a model, or the correlation of two maps about the mean.
    moving_to_fixed : ndarray, shape (3, 4), or None
        Transform from the item to the map.
    places : int or None
        Number of poses that fit equally well; None without a match.
    similarity : float or None
        For a map, the similarity of the signatures, 1 for copies. With a given contour level, the larger one of two:
        at this level and at the suggested one.
    relative_size : float or None
        For a map that was not aligned although its shape is the same, its size divided by that of the fixed map. The
        voxel size of one of the two may be wrong.
    warnings : tuple of str
        Warnings about its file, without its name, such as ``"no voxel size, assumed 1 A."``, and about chains of a
        match that the map does not show.
    reason : str or None
        Why it was not aligned, without its name; None if it was.
    chains : tuple of str
        Names of the chains of a model.
    chain_fits : tuple of ChainFit
        How much density the map has for each chain of a match with several chains.
    scale : Scale or None
        For a model with a match, the factor by which lengths in the map must be multiplied, with its standard error, if
        the model determines it.

    See Also
    --------
    botalign.rank : Returns such entries.
    """

    name: str
    verdict: str
    corrected_probability: float | None = None
    probability: float | None = None
    score: float | None = None
    moving_to_fixed: Matrix | None = None
    places: int | None = None
    similarity: float | None = None
    relative_size: float | None = None
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    chains: tuple[str, ...] = ()
    chain_fits: tuple[ChainFit, ...] = ()
    scale: Scale | None = None

    @property
    def is_match(self) -> bool:
        """Whether the verdict is "certain", or "ambiguous": then several poses fit as well."""
        return self.verdict in ("certain", "ambiguous")

    @property
    def is_notable(self) -> bool:
        """Whether it was not aligned for a reason that may be a wrong voxel size or a wrong file."""
        return self.reason not in (None, DIFFERENT)

    @property
    def chance(self) -> str | None:
        """The corrected probability as a short text, such as ``1 in 50,000``; None if it is unknown."""
        return None if self.corrected_probability is None else probability_text(self.corrected_probability)

    @property
    def mirrored(self) -> bool:
        """Whether the pose mirrors a map."""
        return self.moving_to_fixed is not None and bool(np.linalg.det(self.moving_to_fixed[:, :3]) < 0)


@dataclass(frozen=True)
class FailedEntry:
    """A model or map that could not be compared.

    Attributes
    ----------
    name : str
        Its name, usually the file.
    reason : str
        Why it could not be compared, without its name.
    is_transient : bool
        Whether another attempt may succeed, for example after a lack of memory. Such a failure is not stored in the
        work folder: the same call retries it and nothing else.
    warnings : tuple of str
        Warnings about its file, without its name.

    See Also
    --------
    botalign.Ranking : Lists such entries.
    """

    name: str
    reason: str
    is_transient: bool = False
    warnings: tuple[str, ...] = ()


def entry_of(name: str, found: Found, compared: int) -> RankedEntry:
    """Return the entry for a result, one of several."""
    corrected = sidak(found.probability, compared)
    verdict = found.verdict if corrected < LARGEST_PROBABILITY else "no match"
    places, scale = (None, None) if verdict == "no match" else (found.places, found.scale)
    return RankedEntry(name, verdict, corrected, found.probability, found.score, found.pose, places, scale=scale)


def by_signature(
    name: str, similarity: float, relative_size: float | None = None, *, warnings: tuple[str, ...] = ()
) -> RankedEntry:
    """Return the entry for a map that cannot show the same molecule according to its signature."""
    reason = DIFFERENT
    if relative_size is not None:
        reason = (
            f"the shape of the map, but {relative_size:.3g} times its size; is the voxel size of one of them wrong?"
        )
    return RankedEntry(
        name, "not aligned", similarity=similarity, relative_size=relative_size, warnings=warnings, reason=reason
    )


def excluded(error: SizeError) -> dict[str, NDArray[Any]]:
    """Return the result for an item that cannot show the molecule of the map, as arrays."""
    return {_EXCLUDED: np.array(str(error))}


def exclusion_of(arrays: dict[str, NDArray[Any]]) -> str | None:
    """Return why an item cannot show the molecule of the map; None if it may, or if the item failed."""
    return str(arrays[_EXCLUDED]) if _EXCLUDED in arrays else None


def best_first(entries: list[RankedEntry]) -> tuple[RankedEntry, ...]:
    """Return entries in order: by probability, then by score; those that were not aligned last, by similarity."""

    def key(entry: RankedEntry) -> tuple[float, float, float, str]:
        if entry.probability is None or entry.score is None:
            return 2.0, 0.0, -(entry.similarity or 0.0), entry.name
        return entry.probability, -entry.score, 0.0, entry.name

    return tuple(sorted(entries, key=key))


def sidak(probability: float, count: int) -> float:
    r"""Return the probability that the smallest of several probabilities is this small by chance (Sidak 1967).

    .. math:: 1 - (1 - p)^n

    for `n` independent comparisons. It is never larger than :math:`n p`, the Bonferroni correction, which also
    holds for dependent comparisons. If both are small, they are nearly equal.

    Examples
    --------
    >>> f"{sidak(1e-6, 1000):.4g}"
    '0.0009995'
    """
    return 1.0 if probability >= 1 else -expm1(count * log1p(-probability))
